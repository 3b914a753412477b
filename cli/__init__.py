"""The `touchpoint` command: thin, over the APIs."""
