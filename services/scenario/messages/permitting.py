"""Asks, in the moment of sending, whether a person may be written to; reserves the contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.scenario.desk.approaching import free_again_us
from services.scenario.domain.errands import CONTACT_LIMIT
from services.scenario.messages.asking import ask
from shared.call import own_call
from shared.clock import BusinessClock
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest
from touchpoint.rules.v1.rules_service_pb2 import (
    ReleaseContactRequest,
    ReserveContactRequest,
    ReserveContactResponse,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

HELD_US = 7 * 86_400_000_000
"""A message that may have been sent counts for so long, unless it turns out that it was not."""
_TIMEOUT_S = 1.0
_PROFILE = "/touchpoint.profile.v1.ProfileService/GetSnapshot"
_RULES = "/touchpoint.rules.v1.RulesService/ReserveContact"


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
        self, rules: RulesServiceAsyncStub, profile: ProfileServiceAsyncStub, clock: BusinessClock
    ) -> None:
        self._rules = rules
        self._profile = profile
        self._clock = clock

    async def person(self, person_id: str) -> PersonSnapshot:
        request = GetSnapshotRequest(person_id=person_id)
        answer = await ask(self._profile.GetSnapshot, request, own_call(_PROFILE), _TIMEOUT_S)
        return PersonSnapshot.FromString(answer.snapshot)

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
        )
        request.held_for.FromMicroseconds(HELD_US)
        answer = await ask(self._rules.ReserveContact, request, own_call(_RULES), _TIMEOUT_S)
        return full_by(answer, self._clock.now_us())

    async def release(self, contact_id: str) -> None:
        request = ReleaseContactRequest(contact_id=contact_id, unless_confirmed=True)
        await ask(self._rules.ReleaseContact, request, own_call(_RULES), _TIMEOUT_S)


def full_by(answer: ReserveContactResponse, now_us: int) -> Full | None:
    """Return what an answer of the ledger says: when to try again; None where it is granted."""
    if answer.granted:
        return None
    code = RemovalCode.Value.Name(answer.reason) if answer.reason else CONTACT_LIMIT
    return Full(free_again_us(answer, now_us), code)
