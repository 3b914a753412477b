"""Where candidates come from, one small part each."""
