"""What one contact counts against: the limits that speak of it, each with its window and key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from services.rules.domain.contact_limits import (
    EVERY_CHANNEL,
    MARKETING,
    ContactLimit,
    Per,
    Window,
)
from services.rules.domain.local_time import day_of, week_of


@dataclass(frozen=True, slots=True)
class Terms:
    """What an offer says of its contacts."""

    policy: str = MARKETING
    kind: int = 0
    group: str = ""


POLICY = "contact_policy"
GROUP = "group"
"""Attributes of an offer that say how its contacts count."""


def contact_terms(attributes: Mapping[str, str], kind: int) -> Terms:
    return Terms(attributes.get(POLICY, MARKETING), kind, attributes.get(GROUP, ""))


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that counts: confirmed, or reserved and not lapsed."""

    policy: str
    time_us: int
    offer_no: int
    """0: the whole message."""
    placement: str
    session_id: str
    decision_id: str
    channel: int = 0
    kind: int = 0
    """Of the offer."""
    group: str = ""
    """Of the offer."""
    is_part: bool = False
    """An offer in a message that is one contact: only limits that speak of offers count it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and where somebody is approached."""

    now_us: int
    zone: ZoneInfo
    channel: int
    session_id: str = ""
    decided: bool = True
    """By a decision of ours; else another system asked, or told of it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What they are approached with."""

    policy: str = MARKETING
    offer_no: int = 0
    """0: a whole message."""
    kind: int = 0
    group: str = ""
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    """Contacts that count together, and how many there may be."""

    policy: str
    at_most: int
    since_us: int
    """Later ones count."""
    session_id: str = ""
    """Empty: of any."""
    decided_bits: int = EVERY_CHANNEL
    """Channels, of contacts that a decision made."""
    other_bits: int = EVERY_CHANNEL
    """Channels, of all other contacts."""
    offer_no: int = 0
    """0: any."""
    group: str = ""
    """Empty: any."""
    kind_bits: int = 0
    """0: any."""
    of_offers: bool = False
    """Count offers, also within a message; else messages, each as one."""

    def counts(self, contact: Contact) -> bool:
        bits = self.decided_bits if contact.decision_id else self.other_bits
        return (
            contact.policy == self.policy
            and contact.time_us > self.since_us
            and bool(bits >> contact.channel & 1)
            and (not self.session_id or contact.session_id == self.session_id)
            and (not self.offer_no or contact.offer_no == self.offer_no)
            and (not self.group or contact.group == self.group)
            and (not self.kind_bits or bool(self.kind_bits >> contact.kind & 1))
            and (contact.offer_no != 0 if self.of_offers else not contact.is_part)
        )


def window_of(limit: ContactLimit, now_us: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return after when contacts count, and when all of them are over; 0: not by time alone."""
    match limit.window:
        case Window.DAY:
            starts_us, ends_us = day_of(now_us, zone)
        case Window.WEEK:
            starts_us, ends_us = week_of(now_us, zone)
        case _:
            return now_us - limit.longest_us, 0
    return starts_us - 1, ends_us


def counter_of(limit: ContactLimit, occasion: Occasion, subject: Subject | None) -> Counter | None:
    """Return what a limit counts for a contact, None where it does not speak of it.

    `subject` None: any of its policy; a limit per offer or per group then has no counter.
    """
    if not speaks_here(limit, occasion.channel, decided=occasion.decided):
        return None
    return counter_somewhere(limit, occasion, subject)


def speaks_here(limit: ContactLimit, channel: int, *, decided: bool) -> bool:
    """Say whether a limit speaks of contacts on a channel, made by a decision or else."""
    decided_bits, other_bits = limit.channel_bits
    return bool((decided_bits if decided else other_bits) >> channel & 1)


def counter_somewhere(
    limit: ContactLimit, occasion: Occasion, subject: Subject | None
) -> Counter | None:
    """Return the same, whether or not the limit speaks of the occasion's channel."""
    decided_bits, other_bits = limit.channel_bits
    if limit.window is Window.SESSION and not occasion.session_id:
        return None
    keys = _keys(limit, subject)
    if keys is None:
        return None
    if limit.per is Per.CHANNEL:
        decided_bits = other_bits = 1 << occasion.channel
    return Counter(
        limit.policy,
        limit.at_most,
        window_of(limit, occasion.now_us, occasion.zone)[0],
        occasion.session_id if limit.window is Window.SESSION else "",
        decided_bits,
        other_bits,
        keys[0],
        keys[1],
        limit.kind_bits,
        limit.speaks_of_offers,
    )


def counters_for(
    limits: Sequence[ContactLimit], occasion: Occasion, subjects: Iterable[Subject]
) -> tuple[list[Counter], list[list[int]]]:
    """Return all counters that contacts take from, and for each contact their places."""
    places: dict[Counter, int] = {}
    taken: list[list[int]] = []
    known: dict[tuple[int, Subject], Counter | None] = {}
    for subject in subjects:
        found = []
        for index, limit in enumerate(limits):
            key = index, subject
            if key not in known:
                known[key] = counter_of(limit, occasion, subject)
            counter = known[key]
            if counter is not None:
                found.append(places.setdefault(counter, len(places)))
        taken.append(found)
    return list(places), taken


def resolved(
    limits: Iterable[ContactLimit], number_of: Callable[[str], int]
) -> tuple[ContactLimit, ...]:
    """Return the limits with their offers by number; without those of an offer not known yet."""
    limits = tuple(limits)
    if not any(limit.offer_id for limit in limits):
        return limits
    found = (
        replace(limit, offer_no=number_of(limit.offer_id)) if limit.offer_id else limit
        for limit in limits
    )
    return tuple(limit for limit in found if not limit.offer_id or limit.offer_no)


def _keys(limit: ContactLimit, subject: Subject | None) -> tuple[int, str] | None:
    """Return offer and group that are counted, None where the limit does not speak of this."""
    if subject is None:
        return None if limit.per >= Per.OFFER else (limit.offer_no, limit.group)
    if subject.policy != limit.policy or (subject.is_part and not limit.speaks_of_offers):
        return None
    if limit.speaks_of_offers and not subject.offer_no:
        return None
    if (
        (limit.kinds and subject.kind not in limit.kinds)
        or (limit.offer_no and subject.offer_no != limit.offer_no)
        or (limit.group and subject.group != limit.group)
    ):
        return None
    if limit.per is Per.OFFER:
        return subject.offer_no, limit.group
    if limit.per is Per.GROUP:
        return (limit.offer_no, subject.group) if subject.group else None
    return limit.offer_no, limit.group
