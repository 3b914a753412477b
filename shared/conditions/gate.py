"""What a condition may cost is settled before it is stored: what could run away is refused.

The C++ evaluator stops at 10,000 iterations but has no limit on memory: doubling a string or a
list in each turn of a comprehension is what has to be kept out, and joining in one comprehension
what was joined around it.
"""

from __future__ import annotations

from cel.expr.checked_pb2 import CheckedExpr, Type
from cel.expr.syntax_pb2 import Expr

from shared.conditions.patterns import pattern_steps
from shared.conditions.problems import ConditionError
from shared.conditions.turns import children, parts_of, turns

MAX_BYTES = 4096
MAX_COMPREHENSIONS = 8
MAX_DEPTH = 2
MAX_PATTERN_STEPS = 20_000
"""A microsecond each."""
MAX_JOINS = 32
"""Spread over two comprehensions and what is around them they make 1,600 of one at the most."""
MAX_TURNS = 9_999
"""What CEL takes in one evaluation; whatever needs more fails."""
_JOINS = frozenset({"add_string", "add_list", "add_bytes"})
_ACCUMULATORS = ("@result", "__result__")


def check_length(text: str) -> None:
    """Raise `ConditionError` for a condition that is empty or too long to be parsed safely."""
    if not text.strip():
        raise ConditionError("the condition is empty")
    if len(text.encode()) > MAX_BYTES:
        raise ConditionError(f"the condition is longer than {MAX_BYTES} bytes")


def is_suspect(checked: CheckedExpr) -> bool:
    """Say whether a condition is one to try before it is used: it loops, or has a pattern."""
    return any(
        part.HasField("comprehension_expr") or part.call_expr.function == "matches"
        for part in parts_of(checked.expr)
    )


def check_cost(checked: CheckedExpr) -> None:
    """Raise `ConditionError` for what could cost too much at run time."""
    _check(checked, checked.expr, depth=0)
    parts = list(parts_of(checked.expr))
    loops = [part for part in parts if part.HasField("comprehension_expr")]
    if len(loops) > MAX_COMPREHENSIONS:
        message = (
            f"has {len(loops)} comprehensions (exists, all, map, filter …), "
            f"at most {MAX_COMPREHENSIONS} are allowed"
        )
        raise error_at(checked, loops[MAX_COMPREHENSIONS], message)
    taken = turns(checked.expr) if loops else 0
    if taken > MAX_TURNS:
        message = (
            f"takes up to {taken:,} turns through lists as long as they can become, "
            f"at most {MAX_TURNS:,} are allowed"
        )
        raise error_at(checked, max(loops, key=turns), message)
    has_patterns = any(part.call_expr.function == "matches" for part in parts)
    steps = pattern_steps(checked.expr) if has_patterns else 0
    if steps > MAX_PATTERN_STEPS:
        message = (
            f"its regular expressions take up to {steps:,} steps with lists as long as they can "
            f"become, at most {MAX_PATTERN_STEPS:,} are allowed"
        )
        raise error_at(checked, max(parts, key=_own_pattern), message)
    joins = [part for part in parts if _joins(checked, part)]
    if len(joins) > MAX_JOINS:
        message = f"joins {len(joins)} strings or lists, at most {MAX_JOINS} are allowed"
        raise error_at(checked, joins[MAX_JOINS], message)


def _own_pattern(expr: Expr) -> int:
    return pattern_steps(expr) if expr.call_expr.function == "matches" else 0


def _joins(checked: CheckedExpr, expr: Expr) -> bool:
    if not expr.HasField("call_expr") or _is_accumulation(expr):
        return False
    return not _JOINS.isdisjoint(checked.reference_map[expr.id].overload_id)


def _check(checked: CheckedExpr, expr: Expr, depth: int, *, builds: bool = False) -> None:
    """Check an expression within `depth` comprehensions.

    `builds`: one of them makes a list, so that what is joined in it could grow with every turn;
    `exists` and `all` keep nothing but a truth value.
    """
    if expr.HasField("comprehension_expr"):
        depth += 1
        if depth > MAX_DEPTH:
            raise error_at(checked, expr, f"comprehensions are nested deeper than {MAX_DEPTH}")
        start = checked.type_map[expr.comprehension_expr.accu_init.id]
        builds = builds or start.primitive != Type.BOOL
    elif expr.HasField("call_expr"):
        _check_call(checked, expr, builds)
    for part in children(expr):
        _check(checked, part, depth, builds=builds)


def _check_call(checked: CheckedExpr, expr: Expr, builds: bool) -> None:
    if builds and _joins(checked, expr):
        raise error_at(checked, expr, "joins strings or lists within a comprehension")
    if expr.call_expr.function == "matches":
        pattern = expr.call_expr.args[-1]
        if not pattern.HasField("const_expr"):
            raise error_at(checked, expr, "a regular expression must be a literal")


def _is_accumulation(expr: Expr) -> bool:
    """Say whether this is the `+ [element]` that CEL itself writes for `map` and `filter`."""
    if not expr.call_expr.args:
        return False
    first = expr.call_expr.args[0]
    return first.HasField("ident_expr") and first.ident_expr.name in _ACCUMULATORS


def error_at(checked: CheckedExpr, expr: Expr, message: str) -> ConditionError:
    """Return the mistake of a part of a condition, with its place."""
    offset = checked.source_info.positions.get(expr.id, 0)
    lines = [0, *checked.source_info.line_offsets]
    line = max(index for index, start in enumerate(lines) if start <= offset)
    return ConditionError(message, line + 1, offset - lines[line] + 1)
