"""The pure part of rules: conditions over columns, verdicts, contact limits, standing orders."""
