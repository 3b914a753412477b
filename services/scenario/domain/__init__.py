"""What happens on a journey, and who is to do something about it."""
