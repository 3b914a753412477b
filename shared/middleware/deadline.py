"""Gives every call a budget within its rpc's limits, and refuses one whose time has passed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from google.protobuf.message import Message

from shared.binding import DeadlineLimits
from shared.budget import Budget
from shared.call import Call, Handler, StreamHandler
from shared.errors import DeadlineExceeded


class Deadline:
    """Imposes the default where the caller set no deadline, and the maximum in any case."""

    def __init__(self, limits: Mapping[str, DeadlineLimits]) -> None:
        """Take the limits by method path."""
        self._limits = limits

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc under its budget; raises DeadlineExceeded when nothing is left of it."""
        return await following(self._bounded(call), request)

    def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream under its budget."""
        return following(self._bounded(call), request)

    def _bounded(self, call: Call) -> Call:
        limits, budget = self._limits[call.method], call.budget
        if budget is None:
            if limits.default_s is None:
                return call
            return call.with_budget(Budget.of(limits.default_s))
        if budget.expired():
            raise DeadlineExceeded(
                "the deadline had passed before the request was handled", reason="DEADLINE_PASSED"
            )
        if limits.maximum_s is None:
            return call
        shorter = budget.at_most(limits.maximum_s)
        return call if shorter is budget else call.with_budget(shorter)
