"""Runs one step of a decision within its share of the budget, and keeps the record of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from services.aggregator.domain.steps import Outcome, Step, StepRecord, share_s
from shared.budget import Budget
from shared.call import Call
from shared.client import invoke
from shared.errors import DeadlineExceeded, Overloaded, TouchpointError, Unavailable

if TYPE_CHECKING:
    import grpc.aio

Request = TypeVar("Request")
Response = TypeVar("Response")

OUTCOMES: Mapping[type[TouchpointError], Outcome] = {
    DeadlineExceeded: Outcome.TIMEOUT,
    Unavailable: Outcome.UNAVAILABLE,
    Overloaded: Outcome.OVERLOADED,
}
"""Whatever a peer answers otherwise is FAILED."""


class Stepper:
    """The steps of one decision."""

    __slots__ = ("_budget", "_call", "given_s", "records")

    def __init__(self, call: Call, budget: Budget) -> None:
        self._call = call.with_budget(budget)
        self._budget = budget
        self.given_s = budget.remaining_s()
        """For all of them."""
        self.records: list[StepRecord] = []

    async def ask(
        self, step: Step, rpc: grpc.aio.UnaryUnaryMultiCallable[Request, Response], request: Request
    ) -> Response | None:
        """Return a peer's answer, or None when its fallback must do; nothing is raised for that."""
        share = share_s(self._budget, step)
        if not share:
            self.records.append(StepRecord(step, 0.0, 0.0, Outcome.NO_BUDGET))
            return None
        monotonic = self._budget.monotonic
        began = monotonic()
        response, outcome = None, Outcome.OK
        try:
            response = await invoke(rpc, request, self._call, share)
        except TouchpointError as error:
            outcome = OUTCOMES.get(type(error), Outcome.FAILED)
        self.records.append(StepRecord(step, share, monotonic() - began, outcome))
        return response

    def note_stale(self, step: Step) -> None:
        """Note that a step, the last one, answered by what it knew some time ago."""
        assert self.records[-1].step is step, f"{step} was not the last"
        self.records[-1] = replace(self.records[-1], outcome=Outcome.MODEL_STALE)

    def skip(self, *steps: Step) -> None:
        """Note steps that this decision has no need of."""
        self.records.extend(StepRecord(step, 0.0, 0.0, Outcome.SKIPPED) for step in steps)

    def degraded(self) -> dict[str, Outcome]:
        """Return the services that a fallback stood in for, with the first reason of each."""
        found: dict[str, Outcome] = {}
        for record in self.records:
            if record.outcome.degrades:
                found.setdefault(record.step.service, record.outcome)
        return found
