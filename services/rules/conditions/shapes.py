"""Numbers for the parts of conditions, so that what says the same is evaluated once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import count

from cel.expr.syntax_pb2 import Expr

from shared.conditions.turns import children


class Shapes:
    """Numbers of expressions under the same parameters: equal for those that say the same."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._unused = count()

    def of(self, expr: Expr) -> Mapping[int, int]:
        """Return the number of an expression and of each part, by their ids."""
        found: dict[int, int] = {}
        self._collect(expr, found)
        return found

    def forget(self) -> None:
        """Forget all; no number is given again."""
        self._numbers = {}

    def _collect(self, expr: Expr, found: dict[int, int]) -> int:
        shape = _own(expr, [self._collect(part, found) for part in children(expr)])
        number = found[expr.id] = self._numbers.setdefault(shape, next(self._unused))
        return number


def _own(expr: Expr, parts: list[int]) -> Hashable:
    """Return what an expression says, given the numbers of its parts."""
    match kind := expr.WhichOneof("expr_kind"):
        case "const_expr":
            return kind, expr.const_expr.SerializeToString(deterministic=True)
        case "ident_expr":
            return kind, expr.ident_expr.name
        case "select_expr":
            return kind, expr.select_expr.field, expr.select_expr.test_only, *parts
        case "call_expr":
            return kind, expr.call_expr.function, expr.call_expr.HasField("target"), *parts
        case "list_expr":
            return kind, *parts
        case _:
            return kind, expr.SerializeToString(deterministic=True)
