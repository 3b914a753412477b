"""Makes one list of what all sources propose, without the same thing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import Proposals


@dataclass(frozen=True, slots=True)
class Merged:
    """Candidates as columns of equal length, no offer and no family twice."""

    offer_nos: NDArray[np.uint32]
    sources: NDArray[np.uint8]
    scores: NDArray[np.float32]
    evidence_nos: NDArray[np.uint32]
    evidence_counts: NDArray[np.uint32]


class Merger:
    """Merges the proposals of sources by the order and the weights of its quotas.

    What several sources propose (or other variants of it) belongs to the one that stands first.
    Then the sources are interleaved: one of weight 4 puts up four while one of weight 2 puts up
    two, and what one cannot fill the others do.
    """

    def __init__(self, quotas: Mapping[int, float]) -> None:
        self._quotas = quotas
        self._first_seen = np.zeros(1024, np.int64)
        """By number, written before it is read, so that it need not be cleared."""

    def merge(
        self, proposals: Mapping[int, Proposals], family_no: NDArray[np.uint32], limit: int
    ) -> Merged:
        """Return at most `limit` candidates; `family_no` is the catalogue's column."""
        order = [source for source in self._quotas if source in proposals]
        columns = [proposals[source] for source in order]
        lengths = [len(column.offer_nos) for column in columns]
        if not any(lengths):
            return NOTHING
        nos = np.concatenate([column.offer_nos for column in columns])
        first = self._firsts(nos, family_no)
        source_at = np.repeat(np.arange(len(order)), lengths)[first]
        turns = _turns(source_at, [self._quotas[source] for source in order])
        in_turn = np.argsort(turns, kind="stable")[:limit]
        kept = first[in_turn]
        return Merged(
            offer_nos=nos[kept],
            sources=np.array(order, np.uint8)[source_at[in_turn]],
            scores=np.concatenate([column.scores for column in columns])[kept],
            evidence_nos=np.concatenate([column.evidence_nos for column in columns])[kept],
            evidence_counts=np.concatenate([column.evidence_counts for column in columns])[kept],
        )

    def _firsts(self, nos: NDArray[np.uint32], family_no: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the places at which an offer or its family comes for the first time, ascending."""
        if len(family_no) > len(self._first_seen):
            self._first_seen = np.zeros(len(family_no), np.int64)
        families = family_no[nos]
        things = np.where(families > 0, families, nos)
        places = np.arange(len(nos))
        self._first_seen[things[::-1]] = places[::-1]
        return np.flatnonzero(self._first_seen[things] == places)


def _turns(source_at: NDArray[np.int64], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return when each candidate has its turn; candidates of a source stand together, in order."""
    counts = np.bincount(source_at, minlength=len(weights))
    begins = np.cumsum(counts) - counts
    rank = np.arange(len(source_at)) - begins[source_at]
    turns: NDArray[np.float64] = (rank + 1) / np.array(weights)[source_at]
    return turns


_EMPTY = np.zeros(0, np.uint32)
NOTHING = Merged(_EMPTY, np.zeros(0, np.uint8), np.zeros(0, np.float32), _EMPTY, _EMPTY)
