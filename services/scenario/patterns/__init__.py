"""Patterns of the log: searched in a process of their own, told with scenarios to start from."""
