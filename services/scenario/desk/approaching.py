"""Asks whether a person may be called: they did not refuse it, and one limit over all channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from services.scenario.domain.tasks import HOLD_US
from services.scenario.people import ProfilePeople
from shared.call import Call
from shared.client import invoke
from shared.clock import BusinessClock
from shared.refusals import refuses
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_service_pb2 import (
    ReleaseContactRequest,
    ReserveContactRequest,
    ReserveContactResponse,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

POLICY = "marketing"
NEVER = 2**62
"""Whoever refuses is not asked again."""
HELD_US = HOLD_US - 5_000_000
"""A call that was not made is free again by itself, just before somebody else may take the task;
one that was made is told of when its task ends."""
AGAIN_US = 3_600_000_000
"""When to try again where rules does not say from when on the person is free."""
LEAST_US = 60_000_000
"""However soon that is: clocks differ a little, and nobody is to ask in a loop."""
_TIMEOUT_S = 0.4
"""Of the second that an agent waits: what is left gives the task back."""


class Approaches(Protocol):
    """The limits of how often a person may be approached, over all channels together."""

    async def reserve(self, call: Call, contact_id: str, person_ids: Sequence[str]) -> int | None:
        """Reserve a call; None when it may be made, else when to try again, in microseconds.

        `NEVER` where the person refuses to be called, or is nobody any more.
        The same id is answered the same. Raises the kit's errors when it cannot be known.
        """
        ...

    async def release(self, call: Call, contact_id: str) -> None:
        """Give back a call that was not made; one that is not held, or was made, stays as it is.

        Raises the kit's errors.
        """
        ...


class RulesApproaches:
    """Reserves calls in the ledger of rules, of whom profile says no refusal; see `Approaches`."""

    def __init__(
        self, rules: RulesServiceAsyncStub, people: ProfilePeople, clock: BusinessClock
    ) -> None:
        self._rules = rules
        self._people = people
        self._clock = clock

    async def reserve(self, call: Call, contact_id: str, person_ids: Sequence[str]) -> int | None:
        snapshot = await self._people.snapshot(person_ids[0], call, _TIMEOUT_S)
        if not snapshot.person_ids or refuses(snapshot, POLICY, Channel.CALL_CENTER):
            return NEVER
        request = ReserveContactRequest(
            contact_id=contact_id,
            person_ids=person_ids,
            policy=POLICY,
            channel=Channel.CALL_CENTER,
            time_zone=snapshot.time_zone,
            reserved_by="",
        )
        request.held_for.FromMicroseconds(HELD_US)
        answer = await invoke(self._rules.ReserveContact, request, call, _TIMEOUT_S)
        return None if answer.granted else free_again_us(answer, self._clock.now_us())

    async def release(self, call: Call, contact_id: str) -> None:
        request = ReleaseContactRequest(contact_id=contact_id, unless_confirmed=True)
        await invoke(self._rules.ReleaseContact, request, call, _TIMEOUT_S)


def free_again_us(answer: ReserveContactResponse, now_us: int) -> int:
    """Return when to try again what the ledger did not grant."""
    free_us = answer.free_time.ToMicroseconds()
    return max(free_us, now_us + LEAST_US) if free_us else now_us + AGAIN_US
