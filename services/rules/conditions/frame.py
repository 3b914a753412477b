"""What is known while one request's conditions are evaluated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from cel_expr_python import cel

from services.rules.domain.values import Outcome
from shared.conditions import Program, outcome_of
from touchpoint.rules.v1.conditions_pb2 import Request


class Variables(Protocol):
    """`customer`, `request`, `session` and `now`."""

    def field(self, name: str) -> Any:
        """Return a field by its name in conditions, `customer.age`."""
        ...

    def messages(self) -> Mapping[str, Any]:
        """Return all of them as CEL takes them."""
        ...


class PlacementVariables:
    """The variables of one request, asked for one of its placements."""

    def __init__(self, moment: Variables, placement: str) -> None:
        self._moment = moment
        self._placement = placement

    def field(self, name: str) -> Any:
        return self._placement if name == "request.placement" else self._moment.field(name)

    def messages(self) -> Mapping[str, Any]:
        messages = self._moment.messages()
        request = Request()
        request.CopyFrom(messages["request"])
        request.placement = self._placement
        return {**messages, "request": request}


class Columns(Protocol):
    """Columns by name; `CandidateColumns`, or anything like it."""

    def __len__(self) -> int: ...

    def __getitem__(self, name: str) -> Any: ...


class Activate(Protocol):
    """Makes variables known to CEL; of the compiler whose conditions are asked."""

    def __call__(
        self, data: Mapping[str, object], reads: Collection[str] | None = None
    ) -> cel.Activation: ...


class RequestFrame:
    """Columns of the candidates and, evaluated at most once, everything else."""

    __slots__ = (
        *("_activate", "_activation", "_messages", "_scalars", "_variables"),
        *("column", "field", "known", "size"),
    )

    def __init__(
        self,
        columns: Columns,
        variables: Variables,
        activate: Activate,
        known: dict[int, Outcome] | None = None,
    ) -> None:
        """Frames of one request, which differ in the placement, share what is `known`."""
        self.size = len(columns)
        self.column = columns.__getitem__
        self.field = variables.field
        self.known: dict[int, Outcome] = {} if known is None else known
        self._variables = variables
        self._activate = activate
        self._activation: cel.Activation | None = None
        self._messages: Mapping[str, Any] | None = None
        self._scalars: dict[int, Outcome] = {}

    def scalar(self, program: Program) -> Outcome:
        known = self._scalars.get(id(program))
        if known is None:
            if self._activation is None:
                self._activation = self._activate(self._of_request())
            known = self._scalars[id(program)] = outcome_of(program, self._activation)
        return known

    def activation_with(
        self, messages: Mapping[str, Any], reads: Collection[str] | None = None
    ) -> cel.Activation:
        """Return the request's variables and one candidate's; of all only what is read."""
        return self._activate({**self._of_request(), **messages}, reads)

    def _of_request(self) -> Mapping[str, Any]:
        if self._messages is None:
            self._messages = self._variables.messages()
        return self._messages
