"""What is most likely and most valuable, in which order."""
