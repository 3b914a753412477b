"""CEL as conditions may use it: typed variables and parameters, within limits on what it costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cel.expr.checked_pb2 import CheckedExpr
from cel.expr.syntax_pb2 import Expr
from cel_expr_python import cel
from google.protobuf import descriptor_pool
from google.protobuf.any_pb2 import Any as AnyProto
from google.protobuf.message import Message

from shared.conditions.gate import check_cost, check_length
from shared.conditions.problems import ConditionError, from_report
from shared.conditions.program import Program
from shared.conditions.scopes import keep_apart
from shared.conditions.values import ParameterValue

_DAY_S = 86_400.0
_PARAMETER_TYPES: Mapping[type, cel.Type] = {
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    float: cel.Type.DOUBLE,
    str: cel.Type.STRING,
    timedelta: cel.Type.DURATION,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A condition that is true or false and not too dear."""

    text: str
    program: cel.Expression
    tree: CheckedExpr


class Environment:
    """The variables of one kind of condition, with the parameters of one bundle as constants.

    Each variable is a message and `now` a timestamp; `days(duration) -> double` is there because
    CEL's own durations know hours at the most.
    """

    def __init__(
        self, messages: Mapping[str, type[Message]], parameters: Mapping[str, ParameterValue]
    ) -> None:
        self.messages = messages
        self.constants = {f"params.{name}": value for name, value in parameters.items()}
        variables = {name: cel.Type(type_.DESCRIPTOR.full_name) for name, type_ in messages.items()}
        variables["now"] = cel.Type.TIMESTAMP
        for name, value in self.constants.items():
            variables[name] = _PARAMETER_TYPES[type(value)]
        self._names = frozenset(variables)
        days = cel.Overload(
            "duration_to_days", cel.Type.DOUBLE, [cel.Type.DURATION], False, impl=_days
        )
        self._cel = cel.NewEnv(
            descriptor_pool=descriptor_pool.Default(),
            variables=variables,
            functions=[cel.FunctionDecl("days", [days])],
        )

    def check(self, text: str) -> Checked:
        """Compile a condition; raises `ConditionError` with its place in the text."""
        check_length(text)
        try:
            program = self._cel.compile(text)
        except RuntimeError as error:  # how the binding reports every mistake
            raise from_report(str(error)) from None
        if program.return_type() != cel.Type.BOOL:
            raise ConditionError(f"must be true or false, is {program.return_type().name()}")
        tree = _tree(program)
        if "," in text:  # which every loop has, between its variable and what is done with it
            keep_apart(tree, self._names)
        check_cost(tree)
        return Checked(text, program, tree)

    def part(self, tree: CheckedExpr, expr: Expr) -> Program:
        """Return a part of a condition as a program of its own."""
        own = CheckedExpr()
        own.CopyFrom(tree)
        own.expr.CopyFrom(expr)
        wrapped = AnyProto()
        wrapped.Pack(own)
        return Program(self._cel.deserialize(wrapped.SerializeToString()))

    def activation(
        self, data: Mapping[str, object], reads: Collection[str] | None = None
    ) -> cel.Activation:
        """Return variables to evaluate by, the parameters among them; of all only what is read."""
        known = {**self.constants, **data}
        if reads is not None:
            known = {name: known[name] for name in known.keys() & reads}
        return self._cel.Activation(known)


def _tree(program: cel.Expression) -> CheckedExpr:
    wrapped = AnyProto.FromString(program.serialize())
    tree = CheckedExpr()
    wrapped.Unpack(tree)
    return tree


def _days(duration: Any) -> float:
    seconds: float = duration.total_seconds()
    return seconds / _DAY_S
