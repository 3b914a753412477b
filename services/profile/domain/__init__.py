"""What a profile is and how events change it: pure, with time as an argument."""
