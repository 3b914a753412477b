"""Gifts: what was given to whom, without a name of either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.genders import gender_of
from services.retrieval.domain.learning.cell_counts import FEWEST_MEMBERS
from services.retrieval.domain.learning.facets import AGE, Facets, band_words, bands_of

GENDER, RELATIONSHIP, OCCASION = "gender", "relationship", "occasion"
NOT_SAID = (0, "", "", "")
"""Whom a gift was for, of which nothing was said."""
_MOST_WORDS = 64


@dataclass(frozen=True, slots=True)
class Gifts:
    """Items given, as columns of equal length."""

    givers: NDArray[np.int32]
    """A number for each; it is theirs in this column alone."""
    offer_nos: NDArray[np.uint32]
    """Items, by their family."""
    times_us: NDArray[np.int64]
    ages: NDArray[np.uint8]
    """Whom for, years; 0: not said."""
    genders: tuple[str, ...]
    relationships: tuple[str, ...]
    occasions: tuple[str, ...]

    @classmethod
    def none(cls) -> Gifts:
        """Return no gifts."""
        return GiftLog().gifts()

    def until(self, now_us: int) -> Gifts:
        """Return those that were given before a moment."""
        return self._only(np.flatnonzero(self.times_us < now_us))

    def once(self) -> Gifts:
        """Return of each giver the first gift of each item."""
        both = np.column_stack((self.givers, self.offer_nos))
        _, first = np.unique(both, axis=0, return_index=True)
        return self._only(np.sort(first))

    def _only(self, kept: NDArray[np.int64]) -> Gifts:
        return Gifts(
            self.givers[kept],
            self.offer_nos[kept],
            self.times_us[kept],
            self.ages[kept],
            *(
                tuple(column[at] for at in kept.tolist())
                for column in (self.genders, self.relationships, self.occasions)
            ),
        )

    def facets(self) -> Facets:
        """Return whom each gift was for; words of few givers are left out, who may name somebody.

        What fewer than `FEWEST_MEMBERS` wrote makes no cell, so nothing is lost by it.
        """
        columns = {AGE: (band_words(), bands_of(self.ages))}
        for name, said in (
            (GENDER, tuple(map(gender_of, self.genders))),
            (RELATIONSHIP, self.relationships),
            (OCCASION, self.occasions),
        ):
            columns[name] = _column(said, self.givers)
        return Facets.of(columns)


def _column(
    said: Sequence[str], givers: NDArray[np.int32]
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Return the words that enough givers wrote, the commonest first, and the place of each."""
    each = {(word, giver) for word, giver in zip(said, givers.tolist(), strict=True) if word}
    counts = sorted(Counter(word for word, _ in each).items(), key=lambda one: (-one[1], one[0]))
    most = [word for word, count in counts[:_MOST_WORDS] if count >= FEWEST_MEMBERS]
    place = {word: at for at, word in enumerate(most, 1)}
    return tuple(most), np.array([place.get(word, 0) for word in said], np.uint8)


class GiftLog:
    """Takes gifts batch by batch, as they are read from the log."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows: list[tuple[int, int, int, int, str, str, str]] = []

    def add(
        self,
        person_ids: Sequence[str],
        offer_nos: Sequence[int],
        times_us: Sequence[int],
        said: Sequence[tuple[int, str, str, str]],
    ) -> None:
        """Take gifts as columns of equal length, the last whom they are for.

        That is age, gender, relationship and occasion; an item of number 0 is not known.
        """
        numbers = self._numbers
        self._rows += [
            (numbers.setdefault(giver, len(numbers)), offer_no, time_us, *whom)
            for giver, offer_no, time_us, whom in zip(
                person_ids, offer_nos, times_us, said, strict=True
            )
            if giver and offer_no
        ]

    def gifts(self) -> Gifts:
        """Return all that was taken."""
        columns = list(zip(*self._rows, strict=True)) or [()] * 7
        givers, offer_nos, times_us, ages, genders, relationships, occasions = columns
        return Gifts(
            np.array(givers, np.int32),
            np.array(offer_nos, np.uint32),
            np.array(times_us, np.int64),
            np.array(ages, np.uint8),
            tuple(map(str, genders)),
            tuple(map(str, relationships)),
            tuple(map(str, occasions)),
        )
