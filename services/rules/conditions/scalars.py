"""Parts of conditions that are the same for all candidates, evaluated by CEL itself."""

from __future__ import annotations

from cel_expr_python import cel

from services.rules.domain.values import Outcome

_ERROR = cel.Type.ERROR


class Program:
    """A part of a condition; its identity is what its result is remembered by."""

    __slots__ = ("expression",)

    def __init__(self, expression: cel.Expression) -> None:
        self.expression = expression


def outcome_of(program: Program, activation: cel.Activation) -> Outcome:
    """Evaluate a part of a condition: its value in plain Python, or that it failed."""
    result = program.expression.eval(activation)
    value = result.plain_value()
    # An error's plain value is its text, so that only a string can be one.
    if isinstance(value, str) and result.type() == _ERROR:
        return False, True
    return value, False
