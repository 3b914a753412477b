"""Loads the kit's fixtures for every test."""

pytest_plugins = ["shared.testing.plugin"]
