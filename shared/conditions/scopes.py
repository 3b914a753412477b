"""Tells the variables of loops from those of conditions that have the same name.

In `customer.segments.exists(item, item == "a")` the `item` of the loop hides that of the condition.
By the names in a condition it is told what it reads and what differs from candidate to candidate.
"""

from __future__ import annotations

from collections.abc import Collection

from cel.expr.checked_pb2 import CheckedExpr
from cel.expr.syntax_pb2 import Expr

from shared.conditions.turns import children

_NOBODY: frozenset[str] = frozenset()


def keep_apart(tree: CheckedExpr, names: Collection[str]) -> None:
    """Give variables of loops that have one of these names another one, in place.

    The new name begins with `@`, as no name that somebody writes does.
    """
    _rename(tree, tree.expr, _NOBODY, names)


def _rename(tree: CheckedExpr, expr: Expr, hidden: frozenset[str], names: Collection[str]) -> None:
    """Rename in a part within loops whose variables hide these."""
    if expr.HasField("ident_expr"):
        if expr.ident_expr.name in hidden:
            own = f"@{expr.ident_expr.name}"
            expr.ident_expr.name = tree.reference_map[expr.id].name = own
    elif expr.HasField("comprehension_expr"):
        _rename_loop(tree, expr, hidden, names)
    else:
        for part in children(expr):
            _rename(tree, part, hidden, names)


def _rename_loop(
    tree: CheckedExpr, expr: Expr, hidden: frozenset[str], names: Collection[str]
) -> None:
    loop = expr.comprehension_expr
    bound = {loop.iter_var, loop.iter_var2}
    inside = hidden - bound | bound.intersection(names)
    for part in (loop.iter_range, loop.accu_init, loop.result):
        _rename(tree, part, hidden, names)
    for part in (loop.loop_condition, loop.loop_step):
        _rename(tree, part, inside, names)
    if loop.iter_var in names:
        loop.iter_var = f"@{loop.iter_var}"
    if loop.iter_var2 in names:
        loop.iter_var2 = f"@{loop.iter_var2}"
