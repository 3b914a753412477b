"""Writes definitions that people then edit."""
