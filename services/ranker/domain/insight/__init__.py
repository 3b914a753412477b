"""Which characteristics of people and moments predict that something is accepted."""
