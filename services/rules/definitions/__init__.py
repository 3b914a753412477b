"""Definitions: read from YAML, checked as a whole, named by content, compiled to decide by."""

from services.rules.definitions.checking import Checked, check_definitions
from services.rules.definitions.comparing import changes_between
from services.rules.definitions.policy import compile_policy

__all__ = ["Checked", "changes_between", "check_definitions", "compile_policy"]
