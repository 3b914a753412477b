"""What is taken at a placement, and what people of a persona buy: decayed counts by crowd."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.popularity import HALF_LIFE_US

TAKEN = {"accept": 1.0, "purchase": 1.0, "click": 0.2}
"""What an answer to something shown at a placement adds to its heat there."""
DONE = {"purchase": 1.0, "view": 0.05}
"""What an event of somebody of a persona adds to an offer's heat among them."""
SHOWN = "impression"
CONSENTS = frozenset({"consent", "subscribe", "unsubscribe"})
"""Types of events by which somebody may refuse to be learned from; which purpose they are about is
not on the bus."""
COUNTED = frozenset({SHOWN, *TAKEN, *DONE})
"""Types of events that tell anything."""
SEEN_FOR_US = 24 * 3600 * 1_000_000
"""What is bought so long after it was shown counts for where it was shown."""
_MOST_OF_PERSON = 100
_MOST_CROWDS = 300
_MOST_OFFERS = 10_000
_MOST_PERSONS = 50_000
_MOST_VISITORS = 20_000
_MOST_HALF_LIVES = 64.0
LATELY_HALF_LIFE_US = 2 * 86_400_000_000
"""How fast what a crowd took lately fades: two days of it are a week of what it takes as a rule."""
_USUAL_AFTER_US = 14 * 86_400_000_000


T = TypeVar("T")
_Shown = dict[int, tuple[str, int]]
"""Offer to the placement it was shown at last, and when."""


Taken: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Offers that a crowd took, and their heat in purchases of a moment."""


class Heat:
    """What a crowd took, as sums that fade slowly, and beside them as sums that fade fast."""

    def __init__(self, now_us: int) -> None:
        self._ever = _Fading(now_us, HALF_LIFE_US)
        self._lately = _Fading(now_us, LATELY_HALF_LIFE_US)
        self._first_us = now_us

    def add(self, offer_no: int, weight: float, time_us: int) -> None:
        """Count one event."""
        self._first_us = min(self._first_us, time_us)
        self._ever.add(offer_no, weight, time_us)
        self._lately.add(offer_no, weight, time_us)

    def as_of(self, now_us: int) -> Taken:
        """Return what was taken, fading as popularity does."""
        return self._ever.as_of(now_us)

    def lately_as_of(self, now_us: int) -> Taken:
        """Return what was taken in the last days, which count the more the later.

        Nothing of a crowd that took nothing until lately: what is usual there nobody knows.
        """
        if now_us - self._first_us < _USUAL_AFTER_US:
            return np.zeros(0, np.int64), np.zeros(0)
        return self._lately.as_of(now_us)


class _Fading:
    """Decayed sums by offer number, of the warmest; see `Popularity` for how they decay."""

    def __init__(self, now_us: int, half_life_us: int) -> None:
        self._epoch_us = now_us
        self._half_life_us = half_life_us
        self._sums: dict[int, float] = {}

    def add(self, offer_no: int, weight: float, time_us: int) -> None:
        half_lives = (time_us - self._epoch_us) / self._half_life_us
        if half_lives > _MOST_HALF_LIVES:
            self._sums = {no: sum_ * 2.0**-half_lives for no, sum_ in self._sums.items()}
            self._epoch_us, half_lives = time_us, 0.0
        self._sums[offer_no] = self._sums.get(offer_no, 0.0) + weight * 2.0**half_lives
        if len(self._sums) > 2 * _MOST_OFFERS:
            warmest = sorted(self._sums, key=self._sums.__getitem__, reverse=True)[:_MOST_OFFERS]
            self._sums = {no: self._sums[no] for no in warmest}

    def as_of(self, now_us: int) -> Taken:
        count = len(self._sums)
        heat = np.fromiter(self._sums.values(), np.float64, count)
        heat *= 2.0 ** ((self._epoch_us - now_us) / self._half_life_us)
        return np.fromiter(self._sums, np.int64, count), heat


class Recently(Generic[T]):
    """Something remembered of persons: of those heard of least lately it is forgotten."""

    def __init__(self, most_persons: int) -> None:
        """Remember it of so many persons at least, and of twice as many at the most."""
        self._most = most_persons
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}

    def put(self, person_id: str, value: T) -> None:
        """Remember it, in place of what was there."""
        self._young[person_id] = value
        if len(self._young) > self._most:
            self._old, self._young = self._young, {}

    def get(self, person_id: str) -> T | None:
        """Return it; None where it is not known any more."""
        found = self._young.get(person_id)
        return self._old.get(person_id) if found is None else found

    def forget(self, person_ids: Iterable[str]) -> None:
        """Drop what is known of persons."""
        for person_id in person_ids:
            self._young.pop(person_id, None)
            self._old.pop(person_id, None)


class Crowds:
    """Counts by placement and by persona, event by event; counts have no names.

    Of persons it is remembered for a while which persona they came as and what they were shown
    where, so that what they buy then can be counted for it.
    """

    def __init__(self, now_us: int, personas: Recently[str] | None = None) -> None:
        """Take what is known of personas already."""
        self._now_us = now_us
        self._shown: Recently[_Shown] = Recently(_MOST_VISITORS)
        self.personas: Recently[str] = personas or Recently(_MOST_PERSONS)
        self.at: dict[str, Heat] = {}
        """By placement."""
        self.among: dict[str, Heat] = {}
        """By persona."""

    def met(self, person_ids: Iterable[str], persona: str) -> None:
        """Remember as whom somebody came; forget it where `persona` is empty."""
        if not persona:
            self.personas.forget(person_ids)
            return
        for person_id in person_ids:
            self.personas.put(person_id, persona)

    def note(
        self,
        person_id: str,
        event_type: str,
        offer_no: int,
        placement: str,
        time_us: int,
        *,
        is_gift: bool = False,
    ) -> None:
        """Count one event; one without an offer says nothing, a gift nothing of the giver."""
        if not offer_no:
            return
        if event_type == SHOWN:
            if placement:
                self._show(person_id, offer_no, placement, time_us)
            return
        weight = 0.0 if is_gift else DONE.get(event_type, 0.0)
        persona = self.personas.get(person_id) if weight else ""
        if persona:
            self._add(self.among, persona, offer_no, weight, time_us)
        weight = TAKEN.get(event_type, 0.0)
        if weight and not placement:
            shown_at, shown_us = (self._shown.get(person_id) or {}).get(offer_no, ("", 0))
            placement = shown_at if 0 <= time_us - shown_us <= SEEN_FOR_US else ""
        if weight and placement:
            self._add(self.at, placement, offer_no, weight, time_us)

    def _show(self, person_id: str, offer_no: int, placement: str, time_us: int) -> None:
        shown = self._shown.get(person_id)
        if shown is None or len(shown) >= _MOST_OF_PERSON:
            shown = {}
        shown[offer_no] = (placement, time_us)
        self._shown.put(person_id, shown)

    def forget(self, person_ids: Iterable[str]) -> None:
        """Drop what is remembered of persons."""
        ids = list(person_ids)
        self._shown.forget(ids)
        self.personas.forget(ids)

    def _add(
        self, crowds: dict[str, Heat], name: str, offer_no: int, weight: float, time_us: int
    ) -> None:
        own = crowds.get(name)
        if own is None:
            if len(crowds) >= _MOST_CROWDS:
                return
            own = crowds[name] = Heat(self._now_us)
        own.add(offer_no, weight, time_us)
