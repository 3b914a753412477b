"""Messages: what they say, whether they may be sent in that moment, and by which channel."""
