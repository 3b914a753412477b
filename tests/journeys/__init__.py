"""What shoppers go through, in every mode; a suite lives as long as these tests run."""
