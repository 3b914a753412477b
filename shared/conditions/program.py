"""Parts of conditions that CEL itself evaluates."""

from __future__ import annotations

from typing import Any

from cel_expr_python import cel

_ERROR = cel.Type.ERROR


class Program:
    """A part of a condition; its identity is what its result is remembered by."""

    __slots__ = ("expression",)

    def __init__(self, expression: cel.Expression) -> None:
        self.expression = expression


def outcome_of(program: Program, activation: cel.Activation) -> tuple[Any, bool]:
    """Evaluate a part of a condition: its value in plain Python, and whether it failed."""
    try:
        result = program.expression.eval(activation)
    except RuntimeError:  # where others return an error, a loop of too many turns raises one
        return False, True
    value = result.plain_value()
    # An error's plain value is its text, so that only a string can be one.
    if isinstance(value, str) and result.type() == _ERROR:
        return False, True
    return value, False
