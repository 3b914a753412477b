"""Conditions in CEL over what is known of a person: checked once, evaluated within requests."""

from shared.conditions.environment import Checked, Environment
from shared.conditions.problems import ConditionError
from shared.conditions.program import Program, outcome_of

__all__ = ["Checked", "ConditionError", "Environment", "Program", "outcome_of"]
