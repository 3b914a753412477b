"""Arbitration and what it assumes, free of any transport or storage."""
