"""The attributes of items as numbers: item to its (name, value) pairs, kept up row by row."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.attribute_words import (
    BRAND,
    is_link_or_code,
    longest_value,
    lower,
)

_MOST_OF_ITEM = 32
_MOST_PAIRS = 200_000
_MOST_OF_NAME = _MOST_PAIRS // 4
"""Different values of one name, so that a name of which each item has its own leaves room."""
_MOST_SEEN = 2 * _MOST_PAIRS
_FIRST_ITEMS, _FIRST_PAIRS = 1024, 4096
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_NUMBERS = re.compile(rf"(-?)\s*{_NUMBER}(?:\s*(?:-|–|to)\s*{_NUMBER})?\s*[^\d\s]{{0,8}}\.?")


@dataclass(frozen=True, slots=True)
class Pairs:
    """The attributes of all items at one moment; nothing here changes any more."""

    begins: NDArray[np.int64]
    """Offer number to where in `pairs` its own begin."""
    counts: NDArray[np.uint8]
    """Offer number to how many it has."""
    pairs: NDArray[np.int32]
    name_of: NDArray[np.int32]
    """Pair to the number of its name."""
    least: NDArray[np.float64]
    """Pair to the least that its value says, where that is a number or a range; else NaN."""
    most: NDArray[np.float64]

    def of(self, offer_nos: NDArray[np.integer]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the pairs of some items, one after the other, and the place of each one's item."""
        return _gathered(self.begins, self.counts, self.pairs, offer_nos)


class Attributes:
    """Numbers of names and of (name, value) pairs are given in order of arrival, from 1.

    Names and values are compared in lower case. What an item had before stays in the columns until
    half of them is such; then they are laid out anew.
    """

    def __init__(self) -> None:
        self.version = 0
        """Rises with every change."""
        self.full: set[str] = set()
        """Names of which values were left out for want of room."""
        self._names: dict[str, int] = {"": 0}
        self._pairs: dict[tuple[str, str], int] = {("", ""): 0}
        self._seen: dict[tuple[str, str], int] = {}
        """Pair that is kept, as it was written, to its number."""
        self._values = Counter[int]()
        """Name to how many values it has."""
        # Arrays, because they are copied as one piece while requests wait.
        self._name_of = array("i", [0])
        self._least, self._most = array("d", [np.nan]), array("d", [np.nan])
        self._begins = np.zeros(_FIRST_ITEMS, np.int64)
        self._counts = np.zeros(_FIRST_ITEMS, np.uint8)
        self._column = np.zeros(_FIRST_PAIRS, np.int32)
        self._end, self._live = 0, 0

    @classmethod
    def of(cls, words: Sequence[tuple[str, str]], pairs: Pairs) -> Attributes:
        """Return what `words` and `pairs` told of, and as it was then."""
        made = cls()
        made._pairs = {pair: number for number, pair in enumerate(words)}
        made._name_of = array("i", pairs.name_of.tolist())
        made._names = {name: number for (name, _), number in zip(words, made._name_of, strict=True)}
        made._values = Counter(made._name_of)
        made._least = array("d", pairs.least.tolist())
        made._most = array("d", pairs.most.tolist())
        made._begins, made._counts = pairs.begins.copy(), pairs.counts.copy()
        made._column = pairs.pairs.copy()
        made._end, made._live = len(pairs.pairs), int(pairs.counts.sum())
        return made

    def take_over(self, other: Attributes) -> None:
        """Become what another one holds, which is not used any more."""
        version = self.version
        self.__dict__.update(other.__dict__)
        self.version = version + 1

    def put(
        self,
        offer_nos: Sequence[int],
        attributes: Sequence[Mapping[str, str]],
        brands: Sequence[str] = (),
    ) -> None:
        """Take over the attributes of some items, in place of those they had."""
        column: list[int] = []
        ends: list[int] = []
        seen, number = self._seen, self._number
        for place, own in enumerate(attributes):
            said = [(BRAND, brands[place])] if brands and brands[place] else []
            if own:
                said.extend(own.items())
            # Nearly all were seen before: this runs for every item of the catalogue at the start.
            numbers = [seen.get(pair) or number(pair) for pair in said[:_MOST_OF_ITEM]]
            column.extend(filter(None, numbers))
            ends.append(len(column))
        counts = np.diff(ends, prepend=0)
        self._write(np.array(offer_nos, np.int64), counts, np.array(column, np.int32))
        self.version += 1

    def pair(self, name: str, value: str) -> int:
        """Return the number of a pair, 0 where no item ever had it."""
        return self._pairs.get((lower(name), lower(value)), 0)

    def name(self, name: str) -> int:
        """Return the number of a name, 0 where no item ever had it."""
        return self._names.get(lower(name), 0)

    def words(self) -> list[tuple[str, str]]:
        """Return all pairs in lower case, in the order of their numbers."""
        return list(self._pairs)

    def pairs_of(
        self, offer_nos: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the pairs of a few items as they are right now; see `Pairs.of`."""
        return _gathered(self._begins, self._counts, self._column, offer_nos)

    def names_of(self, pairs: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the numbers of the names of a few pairs."""
        return np.array([self._name_of[pair] for pair in pairs.tolist()], np.int64)

    def pairs(self) -> Pairs:
        """Return all as it is now; what changes later does not change it."""
        return Pairs(
            self._begins.copy(),
            self._counts.copy(),
            self._column[: self._end],  # written only behind this end
            np.array(self._name_of, np.int32),
            np.array(self._least),
            np.array(self._most),
        )

    def _number(self, written: tuple[str, str]) -> int:
        name = lower(written[0])
        if not 0 < len(written[1]) <= longest_value(name):
            return 0
        value = lower(written[1])
        found = self._pairs.get((name, value), 0)
        if not found and value and not is_link_or_code(value):
            found = self._numbered(name, value)
        if found and len(self._seen) < _MOST_SEEN:
            self._seen[written] = found
        return found

    def _numbered(self, name: str, value: str) -> int:
        """Return a new number for a pair; 0 where there is no room."""
        of_name = self._names.get(name, 0)
        if len(self._pairs) >= _MOST_PAIRS or self._values[of_name] >= _MOST_OF_NAME:
            self.full.add(name if of_name else "")
            return 0
        of_name = self._names.setdefault(name, len(self._names))
        self._values[of_name] += 1
        self._name_of.append(of_name)
        least, most = span(value)
        self._least.append(least)
        self._most.append(most)
        return self._pairs.setdefault((name, value), len(self._pairs))

    def _write(
        self, nos: NDArray[np.int64], counts: NDArray[np.int64], column: NDArray[np.int32]
    ) -> None:
        self._grow(int(nos.max(initial=0)) + 1, len(column))
        self._live += len(column) - int(self._counts[nos].sum())
        self._begins[nos] = self._end + counts.cumsum() - counts
        self._counts[nos] = counts
        self._column[self._end : self._end + len(column)] = column
        self._end += len(column)

    def _grow(self, items: int, more: int) -> None:
        if items > len(self._begins):
            room = max(items, 2 * len(self._begins)) - len(self._begins)
            self._begins = np.concatenate((self._begins, np.zeros(room, np.int64)))
            self._counts = np.concatenate((self._counts, np.zeros(room, np.uint8)))
        if self._end + more <= len(self._column):
            return
        if self._live < self._end // 2:
            self._lay_out_anew()
        room = max(self._end + more, 2 * self._end, _FIRST_PAIRS) - self._end
        self._column = np.concatenate((self._column[: self._end], np.zeros(room, np.int32)))

    def _lay_out_anew(self) -> None:
        kept, _ = self.pairs().of(np.arange(len(self._begins)))
        counts = self._counts.astype(np.int64)
        self._begins = counts.cumsum() - counts
        self._column, self._end = kept, len(kept)


def _gathered(
    begins: NDArray[np.int64],
    counts: NDArray[np.uint8],
    column: NDArray[np.int32],
    offer_nos: NDArray[np.integer],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    nos = np.where(offer_nos < len(begins), offer_nos, 0)
    own = counts[nos].astype(np.int64)
    places = np.arange(len(nos)).repeat(own)
    within = np.arange(len(places)) - (own.cumsum() - own)[places]
    return column[begins[nos][places] + within], places


def span(value: str) -> tuple[float, float]:
    """Return the least and the most of a number with or without a unit, or of a range; else NaN."""
    found = _NUMBERS.fullmatch(value.strip())
    if found is None:
        return np.nan, np.nan
    sign, first, last = found.groups()
    least = float(first.replace(",", ".")) * (-1.0 if sign else 1.0)
    most = float(last.replace(",", ".")) if last else least
    return (least, most) if most >= least else (np.nan, np.nan)
