"""The contacts of people while their past goes by: the same limits, counted by the same code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.rules.answers import reserved
from services.rules.approaching import Encounter, occasion_of
from services.rules.domain.changes import Contacted
from services.rules.domain.contact_limits import ContactPolicy
from services.rules.domain.counters import resolved
from services.rules.domain.drafts import Reservation
from services.rules.storage.in_memory_contacts import InMemoryContacts
from services.rules.suppressing import suppressions_of
from shared.catalogue import Catalogue
from touchpoint.rules.v1.rules_service_pb2 import (
    ListSuppressionsResponse,
    ReserveContactRequest,
    ReserveContactResponse,
)


@dataclass(slots=True)
class _Known:
    """What is known of a set of persons."""

    contacts: InMemoryContacts = field(default_factory=InMemoryContacts)
    declined_us: list[int] = field(default_factory=list)


class ReplayedContacts:
    """A ledger of contacts by the oldest of each set of persons; nobody else asks it."""

    def __init__(self, policy: ContactPolicy, catalogue: Catalogue) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._limits = resolved(policy.limits, catalogue.offer_no)
        self._known: dict[str, _Known] = {}

    def contacted(self, oldest_id: str, change: Contacted) -> None:
        """Count a contact that was made; one that was reserved for it is that one."""
        known = self._of(oldest_id)
        known.contacts.record(change, (oldest_id,))

    def declined(self, oldest_id: str, time_us: int) -> None:
        """Note that an offer was turned down."""
        if self._policy.cooling_off is not None:
            self._of(oldest_id).declined_us.append(time_us)

    def reserve(
        self, request: ReserveContactRequest, now_us: int, held_us: int
    ) -> ReserveContactResponse:
        """Reserve a contact as `ReserveContact` does; of a single message, that is no offer."""
        policy, oldest_id = self._policy, request.person_ids[0]
        known = self._of(oldest_id)
        where = request.time_zone, request.channel
        gate = self._encounter(oldest_id, known, now_us, *where).gate(request.policy)
        reservation = Reservation(
            contact_id=request.contact_id,
            person_ids=(oldest_id,),
            identity_keys=(),
            policy=request.policy,
            channel=request.channel,
            offer_no=0,
            now_us=now_us,
            until_us=now_us + held_us,
            limits=self._limits,
            time_zone=request.time_zone or policy.time_zone,
            closed=gate is not None,
        )
        granted = known.contacts.reserve(reservation)
        left = self._encounter(oldest_id, known, now_us, *where).balance(reservation.subject)
        return reserved(granted=granted, gate=gate, left=left)

    def release(self, oldest_id: str, contact_id: str, now_us: int) -> None:
        """Give back a contact that was not made."""
        self._of(oldest_id).contacts.release(contact_id, now_us, unless_confirmed=True)

    def suppressions(
        self, oldest_id: str, time_zone: str, policy: str, channels: Iterable[int], now_us: int
    ) -> ListSuppressionsResponse:
        """Return what is closed to a set of persons just now, as `ListSuppressions` does."""
        known = self._of(oldest_id)
        encounters = {
            channel: self._encounter(oldest_id, known, now_us, time_zone, channel)
            for channel in channels
        }
        return ListSuppressionsResponse(suppressions=suppressions_of(0, policy, encounters))

    def _encounter(
        self, oldest_id: str, known: _Known, now_us: int, time_zone: str, channel: int
    ) -> Encounter:
        policy = self._policy
        occasion = occasion_of(policy, now_us, time_zone, channel, decided=False)
        since_us = now_us - policy.longest_window_us
        contacts = known.contacts.counting((oldest_id,), since_us, now_us)
        declined_us: Sequence[int] = ()
        if policy.cooling_off is not None:
            from_us = now_us - policy.declines_matter_us
            declined_us = [each for each in known.declined_us if each > from_us]
        return Encounter(policy, self._catalogue, occasion, contacts, declined_us)

    def _of(self, oldest_id: str) -> _Known:
        found = self._known.get(oldest_id)
        if found is None:
            found = self._known[oldest_id] = _Known()
        return found
