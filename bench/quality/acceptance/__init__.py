"""How well the ranker foretells what is accepted, on real sets, through its own model code."""
