"""A year of a real grocer, The Complete Journey, as import files."""
