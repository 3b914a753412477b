"""Frequent sequences of bounded length, by PrefixSpan (Pei et al. 2001) over columns.

A sequence is in a walk when its steps come in that order, whatever comes in between. What is
projected is a column of places: where the sequence is first complete in each walk that has it, so
that memory is bounded by the walks times the length, however many sequences there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import Flags, Places, Wholes
from services.scenario.domain.patterns.visits import spans

Tokens = tuple[int, ...]
LONGEST = 5


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The walks that have a sequence, ascending, and where it is first complete in each."""

    walk: Places
    at: Places
    """Place among the tokens of all walks."""

    def __len__(self) -> int:
        return len(self.walk)


class Miner:
    """Walks that sequences are looked for in: tokens one after the other, and where each begins."""

    def __init__(self, token: NDArray[np.int32], offsets: Wholes) -> None:
        self._token = token
        self._end = offsets[1:]
        self._begin = offsets[:-1]
        self._before = _same_before(token, offsets)

    def sequences(
        self, counts: Flags, at_least: Callable[[], int], longest: int = LONGEST
    ) -> Iterator[tuple[Tokens, Occurrences]]:
        """Yield each sequence of up to so many steps that enough of the walks that count have.

        Depth first; a sequence comes after those that it begins with. What is enough is asked for
        each anew, and may rise.
        """
        stack: list[tuple[Tokens, Occurrences]] = [((), self._everywhere())]
        while stack:
            sequence, occurrences = stack.pop()
            if sequence:
                if np.count_nonzero(counts[occurrences.walk]) < at_least():
                    continue
                yield sequence, occurrences
            if len(sequence) < longest:
                stack.extend(self._longer(sequence, occurrences, counts, at_least()))

    def find(self, sequence: Sequence[int]) -> Occurrences:
        """Return where one sequence is."""
        found = self._everywhere()
        for wanted in sequence:
            places, row = self._following(found)
            is_it = self._token[places] == wanted
            found = Occurrences(found.walk[row[is_it]], places[is_it])
        return found

    def _everywhere(self) -> Occurrences:
        return Occurrences(np.arange(len(self._begin)), (self._begin - 1).astype(np.intp))

    def _following(self, occurrences: Occurrences) -> tuple[Places, Places]:
        """Return where each token is first met after a sequence, and the row it was met in."""
        lengths = self._end[occurrences.walk] - occurrences.at - 1
        places = spans(occurrences.at + 1, lengths)
        row = np.repeat(np.arange(len(occurrences)), lengths)
        is_first = self._before[places] <= occurrences.at[row]
        return places[is_first], row[is_first]

    def _longer(
        self, sequence: Tokens, occurrences: Occurrences, counts: Flags, at_least: int
    ) -> Iterator[tuple[Tokens, Occurrences]]:
        places, row = self._following(occurrences)
        tokens = self._token[places]
        walk = occurrences.walk[row]
        often = np.bincount(tokens, weights=counts[walk]) >= at_least
        kept = np.flatnonzero(often[tokens])
        # Stable, so that the walks of each token stay in their order.
        order = kept[np.argsort(tokens[kept], kind="stable")]
        cuts = np.flatnonzero(np.diff(tokens[order])) + 1
        for part in np.split(order, cuts):
            if len(part):
                yield (*sequence, int(tokens[part[0]])), Occurrences(walk[part], places[part])


def _same_before(token: NDArray[np.int32], offsets: Wholes) -> Places:
    """Return of each token where the same was last in its walk, or the place before the walk."""
    walk = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((np.arange(len(token)), token, walk))
    before = offsets[walk].astype(np.intp) - 1
    same = (np.diff(token[order]) == 0) & (np.diff(walk[order]) == 0)
    before[order[1:][same]] = order[:-1][same]
    return before


def is_part(part: Sequence[int], whole: Sequence[int]) -> bool:
    """Say whether the steps of one sequence come in another in that order."""
    rest = iter(whole)
    return all(step in rest for step in part)


def closed(sequences: Sequence[Tokens], same: Callable[[Tokens], object]) -> list[Tokens]:
    """Return those that are no part of another one that the same walks have.

    `same` returns something equal for sequences that the same walks have.
    """
    alike: dict[object, list[Tokens]] = {}
    for sequence in sequences:
        alike.setdefault(same(sequence), []).append(sequence)
    return [
        sequence
        for sequence in sequences
        if not any(
            len(other) > len(sequence) and is_part(sequence, other)
            for other in alike[same(sequence)]
        )
    ]
