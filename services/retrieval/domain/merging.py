"""Makes one list of what all sources propose, without the same thing twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import Proposals


@dataclass(frozen=True, slots=True)
class Merged:
    """Candidates as columns of equal length, no offer and no family twice."""

    offer_nos: NDArray[np.int64]
    sources: NDArray[np.uint8]
    scores: NDArray[np.float32]
    evidence_nos: NDArray[np.uint32]
    evidence_counts: NDArray[np.uint32]
    evidence_totals: NDArray[np.uint32]


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
        found = {source: column for source, column in proposals.items() if len(column.offer_nos)}
        order = [source for source in self._quotas if source in found]
        if not order:
            return NOTHING
        columns = [found[source] for source in order]
        ends = list(accumulate(len(column.offer_nos) for column in columns))
        nos = np.concatenate([column.offer_nos for column in columns])
        first = self._firsts(nos, family_no)
        bounds = [0, *first.searchsorted(ends).tolist()]
        counts = [end - begin for begin, end in pairwise(bounds)]
        turns = [self._turns(source, count) for source, count in zip(order, counts, strict=True)]
        in_turn = np.concatenate(turns).argsort(kind="stable")[:limit]
        kept = first[in_turn]
        return Merged(
            offer_nos=nos[kept],
            sources=np.array(order, np.uint8).repeat(counts)[in_turn],
            scores=np.concatenate([column.scores for column in columns])[kept],
            evidence_nos=np.concatenate([column.evidence_nos for column in columns])[kept],
            evidence_counts=np.concatenate([column.evidence_counts for column in columns])[kept],
            evidence_totals=np.concatenate([column.evidence_totals for column in columns])[kept],
        )

    def _firsts(self, nos: NDArray[np.int64], family_no: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the places at which an offer or its family comes for the first time, ascending."""
        if len(family_no) > len(self._first_seen):
            self._first_seen = np.zeros(len(family_no), np.int64)
        families = family_no[nos]
        things = np.where(families > 0, families, nos)
        places = np.arange(len(nos))
        self._first_seen[things[::-1]] = places[::-1]
        firsts: NDArray[np.int64] = (self._first_seen[things] == places).nonzero()[0]
        return firsts

    def _turns(self, source: int, count: int) -> NDArray[np.float64]:
        """Return when each of the first `count` candidates of a source has its turn."""
        return np.arange(1, count + 1) / self._quotas[source]


_EMPTY = np.zeros(0, np.uint32)
NOTHING = Merged(
    _EMPTY.astype(np.int64), np.zeros(0, np.uint8), np.zeros(0, np.float32), _EMPTY, _EMPTY, _EMPTY
)
