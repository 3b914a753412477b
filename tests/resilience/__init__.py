"""What is served while parts fail; the suite lives as long as these tests run."""
