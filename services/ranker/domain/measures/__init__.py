"""What came of it: measures per customer, and what is made of them, each with one definition."""
