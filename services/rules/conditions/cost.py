"""What a rule's condition costs for 200 candidates in the worst case, told before it is accepted.

The figures are measured, in microseconds, and rounded up. They count every turn of every loop:
what a shorter list or an early answer would save is not relied upon.
"""

from __future__ import annotations

from dataclasses import dataclass

from cel.expr.checked_pb2 import CheckedExpr
from cel.expr.syntax_pb2 import Expr

from services.rules.conditions.variables import COLUMN_VARIABLES, reads_placement
from services.rules.domain.definitions import MOST_PLACEMENTS
from shared.conditions.bounds import most_elements
from shared.conditions.gate import error_at
from shared.conditions.patterns import pattern_steps
from shared.conditions.syntax import fields_read, variables_read
from shared.conditions.turns import Ranges, children, elements, inside, parts_of, turns

CANDIDATES = 200
MOST_US = 5_000.0
_COMPARED_US, _CALCULATED_US, _TEXTS_US, _TEXT_PAIRS_US, _MAPS_US = 5.0, 35.0, 24.0, 45.0, 45.0
_JOINED_US = 3.0
"""One operation over the columns of 200 candidates."""
_SCALAR_US = 0.7
"""One operation that is the same for all candidates."""
_CANDIDATE_US, _ENTRY_US, _TURN_US = 12.0, 0.4, 0.6
"""One candidate by itself, an entry of each map that it has to be given, a turn of a loop."""
_PLACEMENT_US = 60.0
"""Making the variables of a placement known to CEL."""
_PATTERN_US = 0.5
"""A step of a pattern, at the least: that it is less than 5 ms is found out by trying."""
_SHORTER = "take a shorter pattern, or startsWith, endsWith or contains"
_LOOKED_UP = (
    "look values up with `in` or by their key, rather than going through a list or map "
    "for each candidate"
)
_CONNECTIVES = frozenset({"_&&_", "_||_", "!_", "_?_:_"})
_COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"})
_MAP_FIELDS = frozenset({"item.attributes", "offer.attributes"})
_MAP_OVERLOADS = frozenset({"index_map", "in_map", "size_map", "map_size"})


def check_cost(tree: CheckedExpr, obstacle: str) -> None:
    """Raise `ConditionError` for a condition that would take more than 5 ms for 200 candidates.

    `obstacle` says why it is evaluated candidate by candidate; empty: all at once. What may differ
    from placement to placement is evaluated for each of a request.
    """
    columns, times = _Columns(tree), MOST_PLACEMENTS if reads_placement(tree.expr) else 1
    if obstacle:
        taken = times * _one_by_one_us(tree.expr)
    else:
        taken = columns.everywhere_us(tree.expr) + (_PLACEMENT_US * times if times > 1 else 0.0)
    if taken <= MOST_US:
        return
    how = f"candidate by candidate ({obstacle})" if obstacle else "over all candidates"
    if times > 1:
        how += f" at {times} placements"
    is_pattern = obstacle and CANDIDATES * pattern_steps(tree.expr) * _PATTERN_US > taken / 2
    message = (
        f"takes about {taken / 1000:.0f} ms {how} with lists as long as they can become, at most "
        f"{MOST_US / 1000:.0f} ms are allowed: {_SHORTER if is_pattern else _LOOKED_UP}"
    )
    raise error_at(tree, columns.dearest(), message)


def _one_by_one_us(expr: Expr) -> float:
    read = set(fields_read(expr))
    maps = (name for name in _MAP_FIELDS if name in read or name.partition(".")[0] in read)
    entries = sum(map(most_elements, maps))
    loops = turns(expr) * _TURN_US + pattern_steps(expr) * _PATTERN_US
    return CANDIDATES * (_CANDIDATE_US + entries * _ENTRY_US + loops)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The cost of a condition over columns."""

    tree: CheckedExpr

    def us(self, expr: Expr, ranges: Ranges) -> float:
        """Return what evaluating once takes, with all turns of the loops in it."""
        if not self._varies(expr):
            return _SCALAR_US * (1 + turns(expr, ranges))
        if not expr.HasField("comprehension_expr"):
            return self._own(expr) + sum(self.us(part, ranges) for part in children(expr))
        loop = expr.comprehension_expr
        turn = self.us(loop.loop_step, inside(expr, ranges))
        return self.us(loop.iter_range, ranges) + elements(loop.iter_range, ranges) * turn

    def everywhere_us(self, expr: Expr) -> float:
        """Return what evaluating takes for as many placements as a request may have.

        What `&&` and `||` join is evaluated once for all where it does not depend on them.
        """
        if not reads_placement(expr):
            return self.us(expr, {})
        call = expr.call_expr
        if call.function not in ("_&&_", "_||_"):
            return MOST_PLACEMENTS * self.us(expr, {})
        return MOST_PLACEMENTS * _JOINED_US + sum(map(self.everywhere_us, call.args))

    def dearest(self) -> Expr:
        """Return the first loop over what varies that takes the longest; else the whole."""
        loops = [part for part in parts_of(self.tree.expr) if part.HasField("comprehension_expr")]
        return max(loops, key=lambda loop: self.us(loop, {}), default=self.tree.expr)

    def _own(self, expr: Expr) -> float:
        """Return what an operation takes beside its arguments."""
        if expr.HasField("select_expr"):
            return _MAPS_US if self._is_map(expr.select_expr.operand) else 0.0
        if not expr.HasField("call_expr"):
            return 0.0
        call = expr.call_expr
        if call.function in _CONNECTIVES:
            return _JOINED_US
        overloads = self.tree.reference_map[expr.id].overload_id
        if not _MAP_OVERLOADS.isdisjoint(overloads):
            return _MAPS_US
        sides = [*((call.target,) if call.HasField("target") else ()), *call.args]
        varying = [side for side in sides if self._varies(side)]
        if not any(self._is_text(side) for side in varying):
            is_compared = call.function in _COMPARISONS
            return (_COMPARED_US if is_compared else _CALCULATED_US) + self._sought(sides)
        return _TEXTS_US if len(varying) == 1 else _TEXT_PAIRS_US

    def _sought(self, sides: list[Expr]) -> float:
        """Return what each value of a list takes that numbers are looked for in."""
        last = sides[-1]
        is_list = self.tree.type_map[last.id].HasField("list_type")
        return elements(last, {}) * _JOINED_US if is_list else 0.0

    def _varies(self, expr: Expr) -> bool:
        return not COLUMN_VARIABLES.isdisjoint(variables_read(expr))

    def _is_text(self, expr: Expr) -> bool:
        type_ = self.tree.type_map[expr.id]
        return type_.HasField("primitive") and type_.primitive == type_.STRING

    def _is_map(self, expr: Expr) -> bool:
        return self.tree.type_map[expr.id].HasField("map_type")
