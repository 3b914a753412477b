"""Turns CEL's checked syntax tree into a term over columns.

A part that depends on no candidate is the same for all of them. Fields, comparisons and what joins
them are read and compared here; whatever else there is stays a CEL program, which CEL itself
evaluates once per request: making the variables known to it costs more than most conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cel.expr.checked_pb2 import CheckedExpr, Type
from cel.expr.syntax_pb2 import Expr

from services.rules.conditions.shapes import Shapes
from services.rules.conditions.variables import COLUMN_VARIABLES, reads_placement
from services.rules.domain import logic
from services.rules.domain.columns import COLUMNS
from services.rules.domain.definitions import Bound
from services.rules.domain.operations import NEEDS_COLUMN, OPERATIONS, strict
from services.rules.domain.values import Maps, Outcome, Term, Words, once
from shared.conditions import Environment, outcome_of
from shared.conditions.syntax import field_name, fields_read, joined
from shared.conditions.turns import children

_COMPARED = frozenset({Type.BOOL, Type.INT64, Type.DOUBLE, Type.STRING})
_PLAIN_CALLS = frozenset(
    {"_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_+_"}
    | {"contains", "startsWith", "endsWith"}
)
"""What Python answers as CEL does over single values; sums only of strings."""


class UnsupportedError(Exception):
    """Part of a condition has no form over columns; says which."""


@dataclass
class Translation:
    """The translation of one condition; `fields` and `reads_placement` hold at once."""

    checked: CheckedExpr
    environment: Environment
    shapes: Shapes
    fields: frozenset[str] = field(init=False)
    """Fields of `item`, `offer` and `history` that it reads."""
    reads_placement: bool = field(init=False)
    _variables: dict[int, frozenset[str]] = field(init=False, default_factory=dict)
    """Which variables each part reads, by its id."""
    _numbers: Mapping[int, int] = field(init=False)
    """What each part says, by its id."""
    _is_bound: bool = field(init=False, default=False)
    """Whether a bound is translated: for more than one request, so that CEL cannot be asked."""

    def __post_init__(self) -> None:
        """Collect what the condition reads."""
        self._collect(self.checked.expr)
        self._numbers = self.shapes.of(self.checked.expr)
        read = set(fields_read(self.checked.expr))
        self.fields = frozenset(name for name in read if name.split(".")[0] in COLUMN_VARIABLES)
        self.reads_placement = reads_placement(self.checked.expr)

    def _collect(self, expr: Expr) -> frozenset[str]:
        if expr.HasField("ident_expr"):
            found = frozenset((expr.ident_expr.name,))
        else:
            found = frozenset().union(*[self._collect(part) for part in children(expr)])
        self._variables[expr.id] = found
        return found

    def term(self) -> Term:
        """Return the whole condition over columns; raises `UnsupportedError`."""
        expr = self.checked.expr
        is_joined = expr.call_expr.function in ("_&&_", "_||_")
        return self._term(expr, frozenset()) if is_joined else self._once(expr)

    def bound(self, known: frozenset[str]) -> Bound | None:
        """Return a term over these columns only that holds or fails wherever the condition does.

        None: they say nothing about it. CEL's `&&` and `||` let an error give way to what decides,
        so a side that is left out changes nothing where the other one settles it.
        """
        return self._bound(self.checked.expr, known)

    def _bound(self, expr: Expr, known: frozenset[str]) -> Bound | None:
        if {name for name in fields_read(expr) if not name.startswith("params.")} <= known:
            self._is_bound = True
            try:
                return Bound(self._numbers[expr.id], self._term(expr, frozenset()))
            except UnsupportedError:
                return None
            finally:
                self._is_bound = False
        function = expr.call_expr.function
        if function not in ("_&&_", "_||_"):
            return None
        left, right = (self._bound(part, known) for part in expr.call_expr.args)
        if left is None or right is None:
            return (left or right) if function == "_&&_" else None
        join = logic.disjunction if function == "_||_" else logic.conjunction
        return Bound((function, left.key, right.key), join(left.term, right.term))

    def _term(self, expr: Expr, local: frozenset[str]) -> Term:
        if self._variables[expr.id].isdisjoint(COLUMN_VARIABLES | local):
            return self._scalar(expr)
        match expr.WhichOneof("expr_kind"):
            case "ident_expr":
                return self._variable(expr.ident_expr.name, local)
            case "select_expr":
                return self._select(expr, local)
            case "call_expr":
                return self._call(expr, local)
            case "comprehension_expr":
                return self._comprehension(expr, local)
            case kind:
                raise UnsupportedError(f"{kind} over candidates")

    def _once(self, expr: Expr, local: frozenset[str] = frozenset()) -> Term:
        """Return a term that is evaluated once for all conditions and turns that it stands in."""
        term = self._term(expr, local)
        if self._has_columns(expr) and local.isdisjoint(self._variables[expr.id]):
            return self._everywhere(expr, term)
        return term

    def _everywhere(self, expr: Expr, term: Term) -> Term:
        """Return a term that is evaluated once for all placements, if it is the same for them."""
        return term if reads_placement(expr) else once(self._numbers[expr.id], term)

    def _scalar(self, expr: Expr) -> Term:
        """Return a part that is the same for all candidates."""
        if not all(name.startswith("params.") for name in self._variables[expr.id]):
            try:
                return self._plain(expr)
            except UnsupportedError:
                if self._is_bound:
                    raise
                program = self.environment.part(self.checked, expr)
                return self._everywhere(expr, lambda frame, local: frame.scalar(program))
        program = self.environment.part(self.checked, expr)
        constant = outcome_of(program, self.environment.activation({}))
        return lambda frame, local: constant

    def _plain(self, expr: Expr) -> Term:
        """Return such a part without CEL; raises `UnsupportedError`."""
        if expr.HasField("call_expr") and expr.call_expr.function in _PLAIN_CALLS:
            return self._call(expr, frozenset())
        name, type_ = field_name(expr), self.checked.type_map[expr.id]
        is_text_list = type_.list_type.elem_type.primitive == Type.STRING
        if not name or expr.select_expr.test_only or not (_is_compared(type_) or is_text_list):
            raise UnsupportedError("not a field")
        return lambda frame, local: (frame.field(name), False)

    def _variable(self, name: str, local: frozenset[str]) -> Term:
        if name not in local:
            raise UnsupportedError(f"{name} as a whole")
        return lambda frame, variables: (variables[name], False)

    def _select(self, expr: Expr, local: frozenset[str]) -> Term:
        selected = expr.select_expr
        if self._is_map(selected.operand):
            if not self._has_columns(selected.operand):
                raise UnsupportedError("a key of a map that is the same for all candidates")
            maps = self._term(selected.operand, local)
            key: Outcome = (selected.field, False)
            if selected.test_only:
                return strict(OPERATIONS["in_map"], (lambda frame, variables: key, maps))
            return strict(OPERATIONS["index_map"], (maps, lambda frame, variables: key))
        name = field_name(expr)
        if name not in COLUMNS:
            raise UnsupportedError(f"the field {selected.field}")
        if selected.test_only:
            return lambda frame, variables: (_is_present(frame.column(name)), False)
        return lambda frame, variables: (frame.column(name), False)

    def _call(self, expr: Expr, local: frozenset[str]) -> Term:
        call = expr.call_expr
        parts = [*((call.target,) if call.HasField("target") else ()), *call.args]
        match call.function:
            case "_&&_":
                return logic.conjunction(*self._plain_first(joined(expr), local))
            case "_||_":
                return logic.disjunction(*self._plain_first(joined(expr), local))
            case "!_":
                return logic.negation(self._term(parts[0], local))
            case "_?_:_":
                self._check_comparable(parts[1:], call.function)
                return logic.choice(*(self._term(part, local) for part in parts))
            case _:
                return self._strict(expr, parts, local)

    def _plain_first(self, parts: Iterable[Expr], local: frozenset[str]) -> list[Term]:
        """Return the terms of `&&` and `||`, which mean the same in any order.

        What costs next to nothing comes first: it often settles the matter for all candidates.
        """
        in_turn = sorted(parts, key=self._is_plain, reverse=True)
        return [self._once(part, local) for part in in_turn]

    def _is_plain(self, expr: Expr) -> bool:
        """Say whether it compares and joins nothing but fields that are the same for all."""
        read = self._variables[expr.id]
        if all(name.startswith("params.") for name in read):
            return True
        if not read.isdisjoint(COLUMN_VARIABLES):
            return False
        if expr.HasField("call_expr"):
            is_known = expr.call_expr.function in _PLAIN_CALLS
            return is_known and all(map(self._is_plain, children(expr)))
        return bool(field_name(expr)) and not expr.select_expr.test_only

    def _strict(self, expr: Expr, parts: list[Expr], local: frozenset[str]) -> Term:
        overloads = self.checked.reference_map[expr.id].overload_id
        overload = overloads[0] if len(overloads) == 1 else ""
        if overload not in OPERATIONS:
            raise UnsupportedError(f"{expr.call_expr.function} of these types over candidates")
        if overload in ("equals", "not_equals"):
            self._check_comparable(parts, expr.call_expr.function)
        if overload == "in_list":
            self._check_list(parts)
        if overload == "in_map" and not self._has_columns(parts[1]):
            raise UnsupportedError("in, of a map that is the same for all candidates")
        if overload == "index_map" and not self._has_columns(parts[0]):
            raise UnsupportedError("a key that differs from candidate to candidate")
        if overload in NEEDS_COLUMN and not any(map(self._has_columns, parts)):
            raise UnsupportedError(f"{expr.call_expr.function} within a comprehension")
        return strict(OPERATIONS[overload], tuple(self._term(part, local) for part in parts))

    def _check_comparable(self, parts: list[Expr], function: str) -> None:
        for part in parts:
            if not _is_compared(self.checked.type_map[part.id]):
                raise UnsupportedError(f"{function} of these types over candidates")

    def _check_list(self, parts: list[Expr]) -> None:
        if self._has_columns(parts[1]):
            raise UnsupportedError("in, of a list that differs from candidate to candidate")
        self._check_comparable(parts[:1], "in")
        element = self.checked.type_map[parts[1].id].list_type.elem_type
        if element != self.checked.type_map[parts[0].id]:
            raise UnsupportedError("in, of mixed types")

    def _comprehension(self, expr: Expr, local: frozenset[str]) -> Term:
        loop = expr.comprehension_expr
        if not self._variables[loop.iter_range.id].isdisjoint(COLUMN_VARIABLES | local):
            raise UnsupportedError("a comprehension over what differs between candidates")
        step = loop.loop_step.call_expr
        is_quantifier = (
            step.function in ("_||_", "_&&_")
            and loop.accu_init.const_expr.HasField("bool_value")
            and loop.result.ident_expr.name == loop.accu_var
            and step.args[0].ident_expr.name == loop.accu_var
            and not loop.iter_var2
        )
        if not is_quantifier:
            raise UnsupportedError("a comprehension other than exists and all over candidates")
        elements = self._scalar(loop.iter_range)
        predicate = self._term(step.args[1], local | {loop.iter_var})
        exists = step.function == "_||_"
        return logic.quantifier(elements, loop.iter_var, predicate, exists=exists)

    def _has_columns(self, expr: Expr) -> bool:
        return not self._variables[expr.id].isdisjoint(COLUMN_VARIABLES)

    def _is_map(self, expr: Expr) -> bool:
        return self.checked.type_map[expr.id].HasField("map_type")


def _is_compared(type_: Type) -> bool:
    return type_.HasField("primitive") and type_.primitive in _COMPARED


def _is_present(column: Any) -> Any:
    """Say where a field of a message is set: proto3 keeps no zero and no empty string.

    It keeps -0.0, which is written otherwise than zero.
    """
    if isinstance(column, Words):
        return column.each(bool, np.bool_)
    if isinstance(column, Maps):
        return np.array([bool(each) for each in column.maps], np.bool_)
    is_set = column != 0
    return is_set | np.signbit(column) if column.dtype == np.float64 else is_set
