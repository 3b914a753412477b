"""Shows what came of it: a page in the terminal, and one to send."""
