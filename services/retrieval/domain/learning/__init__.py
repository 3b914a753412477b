"""What is learned from who bought what: vectors, neighbours, and how they are blended."""
