"""How often somebody may be approached, asked for one request: what is left, closed, refused."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.attributes import OfferAttributes
from services.rules.domain.contact_limits import TRANSACTIONAL, ContactPolicy
from services.rules.domain.contacts import (
    Approach,
    Balance,
    Gate,
    approach,
    balance_of,
    balances,
    cooling_balance,
    cooling_gate,
    quiet_gate,
    tightest,
    with_gates,
)
from services.rules.domain.counters import (
    POLICY,
    Contact,
    Occasion,
    Subject,
    Terms,
    contact_terms,
    counter_of,
    resolved,
)
from services.rules.domain.local_time import zone_or
from services.rules.domain.person import Numbers
from shared.catalogue import Catalogue

_UNKNOWN = Terms()


class ContactTerms:
    """What offers say of their contacts, by catalogue number."""

    def __init__(self, catalogue: Catalogue, attributes: OfferAttributes) -> None:
        self._catalogue = catalogue
        self._attributes = attributes

    def of(self, offer_no: int) -> Terms:
        """Return the terms of an offer, the usual ones of what the catalogue does not know."""
        catalogue = self._catalogue
        if not 0 < offer_no < catalogue.size or not catalogue.kind[offer_no]:
            return _UNKNOWN
        return contact_terms(self._attributes.of(offer_no), int(catalogue.kind[offer_no]))

    def any_named(self, offer_nos: Numbers) -> bool:
        """Say whether one of these, which the catalogue knows, names a policy of its own."""
        return any(POLICY in self._attributes.of(no) for no in offer_nos.tolist())


class Encounter:
    """A person on one occasion, under one policy, with what the ledger knows of them."""

    def __init__(
        self,
        policy: ContactPolicy,
        catalogue: Catalogue,
        occasion: Occasion,
        contacts: Sequence[Contact],
        declined_us: Sequence[int],
    ) -> None:
        self._policy = policy
        self._limits = resolved(policy.limits, catalogue.offer_no)
        self._occasion = occasion
        self._contacts = contacts
        self._declined_us = declined_us

    def approach(self, standing: frozenset[str]) -> Approach:
        """Return what may be proposed; `standing` are the decisions that stand."""
        found = approach(self._limits, self._contacts, self._occasion, standing)
        return with_gates(found, self._closed())

    def balances(self) -> list[Balance]:
        """Return what is left of every limit, on whichever channel."""
        resting = cooling_balance(self._policy, self._declined_us, self._occasion.now_us)
        return [*resting, *balances(self._limits, self._contacts, self._occasion)]

    def balance(self, subject: Subject) -> Balance | None:
        """Return what is left of the limit that has least for this; None: none speaks of it."""
        found = [
            balance_of(limit, counter, self._contacts, self._occasion)
            for limit in self._limits
            if (counter := counter_of(limit, self._occasion, subject)) is not None
        ]
        return tightest(found)

    def gate(self, policy: str) -> Gate | None:
        """Return what closes all of a policy just now, limits apart."""
        if policy == TRANSACTIONAL:
            return None
        closed = [gate for gate in self._closed() if gate and gate.policy in ("", policy)]
        return max(closed, key=lambda gate: gate.free_us, default=None)

    def gates(self, policy: str) -> list[Gate]:
        """Return all that is closed just now to a policy, limits among it."""
        if policy == TRANSACTIONAL:
            return []
        found = self.approach(frozenset()).gates
        return [gate for gate in found if gate.policy in ("", policy)]

    def _closed(self) -> list[Gate | None]:
        policy, occasion = self._policy, self._occasion
        return [
            quiet_gate(policy, occasion),
            cooling_gate(policy, self._declined_us, occasion.now_us),
        ]


def occasion_of(
    policy: ContactPolicy,
    now_us: int,
    time_zone: str,
    channel: int,
    session_id: str = "",
    *,
    decided: bool = True,
) -> Occasion:
    """Return when and where somebody is approached, in their time zone or else the usual one."""
    zone = zone_or(time_zone, policy.time_zone)
    return Occasion(now_us, zone, channel, session_id, decided)
