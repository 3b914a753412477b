"""Runs the whole suite on one machine: engines, services, and where they are reached."""
