"""`touchpoint` as users call it; its suite lives as long as these tests run."""
