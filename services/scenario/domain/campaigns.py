"""Telling people of an offer: one message for each person, offer and campaign. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.errands import Dispatch

_DAY_US = 86_400_000_000
STANDS_US = 3 * _DAY_US
"""A message that could not be sent for so long is not sent any more."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Under which name people are told of an offer; each is told once."""

    name: str
    offer_id: str

    def key(self, person_id: str) -> str:
        """Return the id of the message to somebody: whoever orders it again orders the same."""
        told = "\0".join((person_id, self.offer_id, self.name)).encode()
        return f"campaign-{hashlib.blake2b(told, digest_size=16).hexdigest()}"


class Became(NamedTuple):
    """What became of a message."""

    state: str
    """The value of a `State`."""
    reason: str = ""


class Taken(NamedTuple):
    """What became of an order, in people."""

    ordered: int = 0
    told_already: int = 0
    """By an order before, whatever came of it."""
    gone: int = 0
    """They were erased."""


def message(
    campaign: Campaign, person_id: str, order: MessageOrder, now_us: int, ends_us: int
) -> Dispatch:
    """Return the message to somebody, sent at once or, where that may not be, within days.

    Not after the offer ends (0: it does not).
    """
    latest_us = now_us + STANDS_US
    return Dispatch(
        errand_id=campaign.key(person_id),
        person_id=person_id,
        job=order,
        due_us=now_us,
        expires_us=min(latest_us, ends_us or latest_us),
        campaign=campaign.name,
    )


def keys_of(campaign: Campaign, persons: Iterable[str]) -> list[str]:
    """Return by which keys anybody of a set of persons may have been told."""
    return [campaign.key(person_id) for person_id in persons]


def new_ones(
    campaign: Campaign,
    messages: Sequence[Dispatch],
    sets: Mapping[str, Sequence[str]],
    known: Collection[str],
) -> tuple[list[Dispatch], Taken]:
    """Return the messages to those who were not told yet, and how many are which.

    `sets` has the set of each person who is not erased, `known` the keys that there are: whoever
    turned out to be somebody who was told is told already.
    """
    taken, found, gone = set(known), list[Dispatch](), 0
    for each in messages:
        if each.person_id not in sets:
            gone += 1
            continue
        keys = keys_of(campaign, sets[each.person_id])
        if taken.isdisjoint(keys):
            found.append(each)
        taken.update(keys)
    return found, Taken(len(found), len(messages) - len(found) - gone, gone)
