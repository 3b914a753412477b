"""What a condition's syntax tree joins and reads."""

from __future__ import annotations

from cel.expr.syntax_pb2 import Expr

from shared.conditions.turns import children


def joined(expr: Expr) -> list[Expr]:
    """Return the parts that `&&`, or `||`, joins, in their order."""
    function = expr.call_expr.function
    return [
        part
        for side in expr.call_expr.args
        for part in (joined(side) if side.call_expr.function == function else [side])
    ]


def field_name(expr: Expr) -> str:
    """Return `offer.stock` for a field of a variable, else an empty string."""
    selected = expr.select_expr
    if not selected.operand.HasField("ident_expr"):
        return ""
    return f"{selected.operand.ident_expr.name}.{selected.field}"


def variables_read(expr: Expr) -> list[str]:
    """Return the variables in an expression, those that comprehensions bind among them."""
    if expr.HasField("ident_expr"):
        return [expr.ident_expr.name]
    return [name for part in children(expr) for name in variables_read(part)]


def fields_read(expr: Expr) -> list[str]:
    """Return the fields read, or the variable where it is read as a whole."""
    if expr.HasField("select_expr") and field_name(expr):
        return [field_name(expr)]
    if expr.HasField("ident_expr"):
        return [expr.ident_expr.name]
    return [name for part in children(expr) for name in fields_read(part)]


def texts_sought(expr: Expr, field: str) -> list[str]:
    """Return the texts that are looked for in a list: `"a"` of `"a" in customer.segments`."""
    call = expr.call_expr
    if call.function == "@in" and field_name(call.args[1]) == field:
        sought = call.args[0]
        return [sought.const_expr.string_value] if sought.HasField("const_expr") else []
    return [text for part in children(expr) for text in texts_sought(part, field)]
