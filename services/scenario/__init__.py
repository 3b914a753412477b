"""Where in a journey a person is, and what is due."""
