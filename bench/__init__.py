"""Measures the suite on this machine and says which promises it keeps."""
