"""Conditions in CEL: type-checked once, then evaluated over all candidates of a request at once."""

from services.rules.conditions.compiler import Condition, ConditionCompiler
from services.rules.conditions.frame import PlacementVariables, RequestFrame, Variables
from shared.conditions import ConditionError

__all__ = [
    "Condition",
    "ConditionCompiler",
    "ConditionError",
    "PlacementVariables",
    "RequestFrame",
    "Variables",
]
