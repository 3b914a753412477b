"""What a condition may cost is settled before it is stored: what could run away is refused.

The C++ evaluator stops at 10,000 iterations but has no limit on memory: doubling a string or a
list in each turn of a comprehension is what has to be kept out, and joining in one comprehension
what was joined around it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cel.expr.checked_pb2 import CheckedExpr, Type
from cel.expr.syntax_pb2 import Expr

from shared.conditions.problems import ConditionError

MAX_BYTES = 4096
MAX_COMPREHENSIONS = 8
MAX_DEPTH = 2
MAX_JOINS = 32
"""Spread over two comprehensions and what is around them they make 1,600 of one at the most."""
_JOINS = frozenset({"add_string", "add_list", "add_bytes"})
_ACCUMULATORS = ("@result", "__result__")


def check_length(text: str) -> None:
    """Raise `ConditionError` for a condition that is empty or too long to be parsed safely."""
    if not text.strip():
        raise ConditionError("the condition is empty")
    if len(text.encode()) > MAX_BYTES:
        raise ConditionError(f"the condition is longer than {MAX_BYTES} bytes")


def check_cost(checked: CheckedExpr) -> None:
    """Raise `ConditionError` for what could cost too much at run time."""
    comprehensions = _check(checked, checked.expr, depth=0)
    if comprehensions > MAX_COMPREHENSIONS:
        raise ConditionError(
            f"has {comprehensions} comprehensions (exists, all, map, filter …), "
            f"at most {MAX_COMPREHENSIONS} are allowed"
        )
    joins = sum(_joins(checked, part) for part in _parts(checked.expr))
    if joins > MAX_JOINS:
        raise ConditionError(f"joins {joins} strings or lists, at most {MAX_JOINS} are allowed")


def children(expr: Expr) -> Iterator[Expr]:
    """Yield the parts of an expression."""
    match expr.WhichOneof("expr_kind"):
        case "select_expr":
            yield expr.select_expr.operand
        case "call_expr":
            if expr.call_expr.HasField("target"):
                yield expr.call_expr.target
            yield from expr.call_expr.args
        case "list_expr":
            yield from expr.list_expr.elements
        case "struct_expr":
            for entry in expr.struct_expr.entries:
                if entry.HasField("map_key"):
                    yield entry.map_key
                yield entry.value
        case "comprehension_expr":
            loop = expr.comprehension_expr
            yield from (loop.iter_range, loop.accu_init, loop.loop_condition)
            yield from (loop.loop_step, loop.result)
        case _:
            return


def _parts(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and all in it."""
    yield expr
    for part in children(expr):
        yield from _parts(part)


def _joins(checked: CheckedExpr, expr: Expr) -> bool:
    if not expr.HasField("call_expr") or _is_accumulation(expr):
        return False
    return not _JOINS.isdisjoint(checked.reference_map[expr.id].overload_id)


def _check(checked: CheckedExpr, expr: Expr, depth: int, *, builds: bool = False) -> int:
    """Check an expression within `depth` comprehensions and count those in it.

    `builds`: one of them makes a list, so that what is joined in it could grow with every turn;
    `exists` and `all` keep nothing but a truth value.
    """
    count = 0
    if expr.HasField("comprehension_expr"):
        depth += 1
        count = 1
        if depth > MAX_DEPTH:
            raise _at(checked, expr, f"comprehensions are nested deeper than {MAX_DEPTH}")
        start = checked.type_map[expr.comprehension_expr.accu_init.id]
        builds = builds or start.primitive != Type.BOOL
    elif expr.HasField("call_expr"):
        _check_call(checked, expr, builds)
    return count + sum(_check(checked, part, depth, builds=builds) for part in children(expr))


def _check_call(checked: CheckedExpr, expr: Expr, builds: bool) -> None:
    if builds and _joins(checked, expr):
        raise _at(checked, expr, "joins strings or lists within a comprehension")
    if expr.call_expr.function == "matches":
        pattern = expr.call_expr.args[-1]
        if not pattern.HasField("const_expr"):
            raise _at(checked, expr, "a regular expression must be a literal")


def _is_accumulation(expr: Expr) -> bool:
    """Say whether this is the `+ [element]` that CEL itself writes for `map` and `filter`."""
    if not expr.call_expr.args:
        return False
    first = expr.call_expr.args[0]
    return first.HasField("ident_expr") and first.ident_expr.name in _ACCUMULATORS


def _at(checked: CheckedExpr, expr: Expr, message: str) -> ConditionError:
    offset = checked.source_info.positions.get(expr.id, 0)
    lines = [0, *checked.source_info.line_offsets]
    line = max(index for index, start in enumerate(lines) if start <= offset)
    return ConditionError(message, line + 1, offset - lines[line] + 1)
