"""How often the parts of a condition can be evaluated: its comprehensions on the longest lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cel.expr.syntax_pb2 import Expr

from shared.conditions.bounds import ELEMENTS, most_elements

Ranges = Mapping[str, Expr]
"""What the variables of loops run through."""


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


def parts_of(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and all in it."""
    yield expr
    for part in children(expr):
        yield from parts_of(part)


def turns(expr: Expr, ranges: Ranges | None = None) -> int:
    """Return how many turns the comprehensions in an expression take at the most."""
    known = ranges or {}
    if not expr.HasField("comprehension_expr"):
        return sum(turns(part, known) for part in children(expr))
    loop = expr.comprehension_expr
    inner = turns(loop.loop_step, inside(expr, known))
    return turns(loop.iter_range, known) + elements(loop.iter_range, known) * (1 + inner)


def inside(expr: Expr, ranges: Ranges) -> Ranges:
    """Return what the variables within a comprehension run through."""
    loop = expr.comprehension_expr
    return {**ranges, loop.iter_var: loop.iter_range}


def elements(expr: Expr, ranges: Ranges) -> int:
    """Return how many elements a list or map has at the most."""
    match expr.WhichOneof("expr_kind"):
        case "list_expr":
            return len(expr.list_expr.elements)
        case "struct_expr":
            return len(expr.struct_expr.entries)
        case "comprehension_expr":  # `map` and `filter` keep no more than they run through
            return elements(expr.comprehension_expr.iter_range, ranges)
        case "select_expr":
            selected = expr.select_expr
            return most_elements(f"{selected.operand.ident_expr.name}.{selected.field}")
        case "call_expr":
            return _of_call(expr, ranges)
        case "ident_expr" if expr.ident_expr.name in ranges:
            return _within(ranges[expr.ident_expr.name], ranges)
        case _:
            return ELEMENTS


def _of_call(expr: Expr, ranges: Ranges) -> int:
    call = expr.call_expr
    match call.function:
        case "_+_":
            return sum(elements(part, ranges) for part in call.args)
        case "_?_:_":
            return max(elements(part, ranges) for part in call.args[1:])
        case _:
            return ELEMENTS


def _within(outer: Expr, ranges: Ranges) -> int:
    """Return how many elements each of the lists in a list has at the most."""
    parts = outer.list_expr.elements
    return max((elements(part, ranges) for part in parts), default=ELEMENTS)
