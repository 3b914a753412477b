"""The variables, parameters and functions that a condition may use, for CEL's type checker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pool
from google.protobuf.message import Message

from touchpoint.rules.v1 import conditions_pb2 as pb

MESSAGES: Mapping[str, type[Message]] = {
    "customer": pb.Customer,
    "offer": pb.Offer,
    "history": pb.History,
    "request": pb.Request,
    "session": pb.Session,
}
COLUMN_VARIABLES = frozenset({"offer", "history"})
"""Variables that differ from candidate to candidate."""

ParameterValue = bool | int | float | str | timedelta

_DAY_S = 86_400.0
_PARAMETER_TYPES: Mapping[type, cel.Type] = {
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    float: cel.Type.DOUBLE,
    str: cel.Type.STRING,
    timedelta: cel.Type.DURATION,
}


def parameter_name(name: str) -> str:
    """Return how a condition writes a parameter: `params.declined_for`."""
    return f"params.{name}"


def parameter_data(parameters: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Return the parameters as variables of an evaluation."""
    return {parameter_name(name): value for name, value in parameters.items()}


def environment(parameters: Mapping[str, ParameterValue]) -> cel.Env:
    """Return CEL with our variables, and `days(duration) -> double`.

    CEL's own durations know hours at the most, and `history` counts in days.
    """
    variables = {name: cel.Type(type_.DESCRIPTOR.full_name) for name, type_ in MESSAGES.items()}
    variables["now"] = cel.Type.TIMESTAMP
    for name, value in parameters.items():
        variables[parameter_name(name)] = _PARAMETER_TYPES[type(value)]
    days = cel.Overload(
        "duration_to_days",
        cel.Type.DOUBLE,
        [cel.Type.DURATION],
        False,
        impl=_days,
    )
    return cel.NewEnv(
        descriptor_pool=descriptor_pool.Default(),
        variables=variables,
        functions=[cel.FunctionDecl("days", [days])],
    )


def _days(duration: Any) -> float:
    seconds: float = duration.total_seconds()
    return seconds / _DAY_S
