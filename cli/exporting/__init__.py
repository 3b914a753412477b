"""Takes everything out of the suite as Parquet that a warehouse loads and another home restores."""
