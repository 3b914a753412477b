"""Asks whether a person may be written to: reserves the contact in the moment of sending."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.scenario.asking import ask
from services.scenario.desk.approaching import free_again_us
from services.scenario.domain.errands import CONTACT_LIMIT
from services.scenario.people import ProfilePeople
from shared.call import own_call
from shared.clock import BusinessClock
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.rules.v1.rules_service_pb2 import (
    ListSuppressionsRequest,
    ListSuppressionsResponse,
    ReleaseContactRequest,
    ReserveContactRequest,
    ReserveContactResponse,
    SuppressionAsk,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

HELD_US = 7 * 86_400_000_000
"""A message that may have been sent counts for so long, unless it turns out that it was not."""
_TIMEOUT_S = 1.0
_RULES = "/touchpoint.rules.v1.RulesService/ReserveContact"
_LISTED = "/touchpoint.rules.v1.RulesService/ListSuppressions"


@dataclass(frozen=True, slots=True)
class Full:
    """There is no room for a contact now."""

    free_us: int
    """When to try again, business time."""
    reason: str = CONTACT_LIMIT
    """`CONTACT_LIMIT` or `QUIET_HOURS`."""


class Permits(Protocol):
    """What a message needs before it may leave the house; each raises the kit's errors."""

    async def person(self, person_id: str) -> PersonSnapshot:
        """Return the person as they are; without ids where nobody is known by it any more."""
        ...

    async def reserve(
        self, contact_id: str, person: PersonSnapshot, policy: str, channel: int
    ) -> Full | None:
        """Reserve a contact; None when it is granted.

        The same id is answered the same until it is released.
        """
        ...

    async def release(self, contact_id: str) -> None:
        """Give back a contact that was not made; its id is granted to nobody again."""
        ...


class RulesPermits:
    """`Permits` of the ledger of rules, and of profile."""

    def __init__(
        self, rules: RulesServiceAsyncStub, people: ProfilePeople, clock: BusinessClock
    ) -> None:
        self._rules = rules
        self._people = people
        self._clock = clock

    async def person(self, person_id: str) -> PersonSnapshot:
        return await self._people.snapshot(person_id)

    async def reserve(
        self, contact_id: str, person: PersonSnapshot, policy: str, channel: int
    ) -> Full | None:
        persons: Sequence[str] = person.person_ids
        request = ReserveContactRequest(
            contact_id=contact_id,
            person_ids=persons,
            policy=policy,
            channel=channel,  # type: ignore[arg-type]
            time_zone=person.time_zone,
            reserved_by="",
        )
        request.held_for.FromMicroseconds(HELD_US)
        answer = await ask(self._rules.ReserveContact, request, own_call(_RULES), _TIMEOUT_S)
        return full_by(answer, self._clock.now_us())

    async def release(self, contact_id: str) -> None:
        request = ReleaseContactRequest(contact_id=contact_id, unless_confirmed=True)
        await ask(self._rules.ReleaseContact, request, own_call(_RULES), _TIMEOUT_S)


class RulesGates:
    """Says what the ledger of rules closes to somebody just now, and reserves nothing."""

    def __init__(self, rules: RulesServiceAsyncStub) -> None:
        self._rules = rules

    async def closed(
        self, person: PersonSnapshot, policy: str, channels: Collection[int]
    ) -> Mapping[int, str]:
        """Return the channels without room for one more contact, with the ledger's reason.

        What is closed to single offers is not meant. Raises the kit's errors.
        """
        asked = SuppressionAsk(person_ids=person.person_ids, time_zone=person.time_zone)
        request = ListSuppressionsRequest(
            asks=[asked],
            policy=policy,
            channels=list(channels),  # type: ignore[arg-type]
        )
        call = own_call(_LISTED)
        return closed_by(await ask(self._rules.ListSuppressions, request, call, _TIMEOUT_S))


def closed_by(answer: ListSuppressionsResponse) -> Mapping[int, str]:
    """Return the channels that an answer of the ledger closes to one person, with its reason."""
    return {
        channel: RemovalCode.Value.Name(gate.code)
        for gate in answer.suppressions
        if not (gate.group or gate.offer_no or gate.kinds)
        for channel in gate.channels
    }


def full_by(answer: ReserveContactResponse, now_us: int) -> Full | None:
    """Return what an answer of the ledger says: when to try again; None where it is granted."""
    if answer.granted:
        return None
    code = RemovalCode.Value.Name(answer.reason) if answer.reason else CONTACT_LIMIT
    return Full(free_again_us(answer, now_us), code)
