"""Tests with real engines, processes and files."""
