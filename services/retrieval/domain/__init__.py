"""What the catalogue is and how candidates are found in it."""
