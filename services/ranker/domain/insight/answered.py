"""What was shown to whom, and whether it was accepted, as columns to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.encoding import Told, read_told

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Shown(NamedTuple):
    """One showing of the learning log."""

    number: int
    offer_no: int
    placement: str
    time_us: int
    features: bytes
    person_id: str
    """The oldest of the set that it was shown to."""
    accepted: bool


class Characteristic(NamedTuple):
    """What a hash stands for."""

    name: str
    value: str


class InsightStore(Protocol):
    """Keeps what hashes stand for, and reads the learning log with what became of each showing."""

    async def note(self, texts: Sequence[str], now_us: int) -> None:
        """Keep what characteristics, as `name=value`, are common, as of now."""

    async def dictionary(self) -> Mapping[int, Characteristic]:
        """Return what every hash stands for that is kept."""

    async def forget_before(self, time_us: int) -> None:
        """Forget what was not met since then."""

    async def shown_between(self, after: int, until: int) -> list[Shown]:
        """Return what was shown, of rows after that number up to this one.

        Left out is what was shown to nobody that is still known (who was erased is in no report),
        and what was taken out of the model. What was brought back was not accepted.
        """


@dataclass(frozen=True, slots=True)
class Answered:
    """Showings as columns of shape (rows,), in no order, with the characteristics of each."""

    offer_no: Numbers
    placement: Numbers
    """Numbers of the placements, from 0."""
    person: Numbers
    """Numbers of the people, from 0."""
    time_us: Numbers
    accepted: NDArray[np.bool_]
    starts: Numbers
    """Where the characteristics of each row begin, shape (rows + 1,)."""
    hashes: NDArray[np.uint32]

    @property
    def rows(self) -> int:
        return len(self.offer_no)

    def having(self, is_wanted: NDArray[np.bool_]) -> Answered:
        """Return some of the rows."""
        counts = np.diff(self.starts)
        return Answered(
            self.offer_no[is_wanted],
            self.placement[is_wanted],
            self.person[is_wanted],
            self.time_us[is_wanted],
            self.accepted[is_wanted],
            np.concatenate([[0], np.cumsum(counts[is_wanted])]),
            self.hashes[np.repeat(is_wanted, counts)],
        )

    def characterised(self, hashed: int) -> NDArray[np.bool_]:
        """Return which rows have a characteristic."""
        owners = np.repeat(np.arange(self.rows), np.diff(self.starts))[self.hashes == hashed]
        found = np.zeros(self.rows, np.bool_)
        found[owners] = True
        return found


class Collected:
    """Gathers showings slice by slice."""

    def __init__(self) -> None:
        self.rows = 0
        self._slices: list[Answered] = []
        self._people: dict[str, int] = {}
        self._placements: dict[str, int] = {}

    def add(self, shown: Sequence[Shown]) -> None:
        """Add showings, but for those of which no characteristics are known.

        They were shown before any were noted: not to people who lack them all.
        """
        every: Told = read_told([row.features for row in shown])
        shown = [row for row, count in zip(shown, every.counts.tolist()) if count]
        if not shown:
            return
        told = Told(every.counts[every.counts > 0], every.hashes)
        people, placements = self._people, self._placements
        self._slices.append(
            Answered(
                np.array([row.offer_no for row in shown], np.int64),
                np.array([placements.setdefault(row.placement, len(placements)) for row in shown]),
                np.array([people.setdefault(row.person_id, len(people)) for row in shown]),
                np.array([row.time_us for row in shown], np.int64),
                np.array([row.accepted for row in shown], np.bool_),
                np.concatenate([[0], np.cumsum(told.counts)]),
                told.hashes,
            )
        )
        self.rows += len(shown)

    def answered(self) -> Answered:
        """Return all of them."""
        nothing = np.zeros(0, np.int64)
        empty = Answered(
            *(nothing, nothing, nothing, nothing),
            nothing.astype(np.bool_),
            np.zeros(1, np.int64),
            nothing.astype(np.uint32),
        )
        slices = [empty, *self._slices]
        counts = np.concatenate([np.diff(each.starts) for each in slices])
        return Answered(
            np.concatenate([each.offer_no for each in slices]),
            np.concatenate([each.placement for each in slices]),
            np.concatenate([each.person for each in slices]),
            np.concatenate([each.time_us for each in slices]),
            np.concatenate([each.accepted for each in slices]),
            np.concatenate([[0], np.cumsum(counts)]),
            np.concatenate([each.hashes for each in slices]),
        )
