"""Levers that somebody set by hand: what, until when, by whom and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from services.retrieval.domain.catalogue import Entry

NEUTRAL = 1.0
LEAST, MOST = 0.001, 1000.0


@dataclass(frozen=True, slots=True)
class LeverChange:
    """What was set of one offer; never changed afterwards."""

    offer_id: str
    lever: float
    """1: it was set back."""
    until_us: int
    """Business time; 0: until it is set anew."""
    why: str
    changed_by: str
    caller: str
    changed_us: int
    """Business time."""


class LeverStore(Protocol):
    """Keeps levers with the rows of the catalogue, and every change for ever."""

    async def set_lever(self, change: LeverChange) -> int:
        """Set the lever of an offer, note the change, and return the version with it.

        Raises `NotFound` for an offer that was never written.
        """
        ...

    async def levers(self) -> list[LeverChange]:
        """Return what was set last of each offer whose lever is not neutral, newest first."""
        ...

    async def lever_history(self, offer_id: str, limit: int) -> list[LeverChange]:
        """Return what was set of one offer, newest first."""
        ...


def with_lever(entry: Entry, change: LeverChange) -> Entry:
    """Return the entry as it is once the change is made."""
    until_us = change.until_us if change.lever != NEUTRAL else 0
    return replace(entry, set_lever=change.lever, set_lever_until_us=until_us)


def in_force(latest: Iterable[LeverChange], now_us: int) -> list[LeverChange]:
    """Return those of the latest changes that multiply anything at a time, newest first."""
    return [
        change for change in latest if change.lever != NEUTRAL and not 0 < change.until_us <= now_us
    ]
