"""What shoppers go through, in one mode or in all; a suite lives as long as these tests run."""
