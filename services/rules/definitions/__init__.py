"""Definitions: read from YAML, checked as a whole, named by content, compiled to decide by."""

from services.rules.definitions.checking import Checked, check_definitions
from services.rules.definitions.policy import compile_policy

__all__ = ["Checked", "check_definitions", "compile_policy"]
