"""Makes one list of what all sources propose, without the same thing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import Proposals, is_any_of


@dataclass(frozen=True, slots=True)
class Merged:
    """Candidates as columns of equal length, no offer and no family twice."""

    offer_nos: NDArray[np.int64]
    sources: NDArray[np.uint8]
    scores: NDArray[np.float32]
    evidence_nos: NDArray[np.uint32]
    evidence_counts: NDArray[np.uint32]
    evidence_totals: NDArray[np.uint32]
    evidence_kinds: NDArray[np.uint8]
    likelihoods: NDArray[np.float32]
    """0 to 1; all 0 where it is not known."""

    def first(self, count: int) -> Merged:
        """Return the best of the candidates."""
        return self if len(self.offer_nos) <= count else self.only(slice(count))

    def only(
        self,
        which: NDArray[np.bool_ | np.int64] | slice,
        offer_nos: NDArray[np.int64] | None = None,
    ) -> Merged:
        """Return some of the candidates, under other `offer_nos` where all of them have such."""
        return Merged(
            offer_nos=(self.offer_nos if offer_nos is None else offer_nos)[which],
            sources=self.sources[which],
            scores=self.scores[which],
            evidence_nos=self.evidence_nos[which],
            evidence_counts=self.evidence_counts[which],
            evidence_totals=self.evidence_totals[which],
            evidence_kinds=self.evidence_kinds[which],
            likelihoods=self.likelihoods[which],
        )


_EMPTY = np.zeros(0, np.uint32)
Likelihood = Callable[
    [NDArray[np.uint32], NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32] | None
]
"""Given families, sources and scores of candidates, says how likely each is; None: nobody knows."""
BY_TURNS_SHARE = 0.5
"""Of the places, so many are given away in turn, so that each source is heard; the rest go to the
likeliest that are left."""


def not_known(
    _family_nos: NDArray[np.uint32], _sources: NDArray[np.uint8], _scores: NDArray[np.float32]
) -> None:
    """Say of no candidate how likely it is."""


class Merger:
    """Merges the proposals of sources by the order and the weights of its quotas.

    What several sources propose (or other variants of it) belongs to the one that stands first.
    Then the sources are interleaved: one of weight 4 puts up four while one of weight 2 puts up
    two, and what one cannot fill the others do. Where it is known how likely each candidate is,
    the last of the places go to the likeliest that have had no turn.
    """

    def __init__(self, quotas: Mapping[int, float]) -> None:
        self._quotas = quotas
        self._turns_of = {source: np.zeros(0) for source in quotas}
        """When each candidate of a source has its turn, as far as that was asked."""
        self._first_seen = np.zeros(1024, np.int64)
        """By number, written before it is read, so that it need not be cleared."""

    def merge(
        self,
        proposals: Mapping[int, Proposals],
        family_no: NDArray[np.uint32],
        limit: int,
        by_turns: int | None = None,
        likelihood: Likelihood = not_known,
        unwanted: Sequence[int] = (),
        before_them: Sequence[int] = (),
        substitutes: int = 0,
    ) -> Merged:
        """Return at most `limit` candidates, the first `by_turns` of them in turn.

        `family_no` is the catalogue's column. All are in turn where no likelihood is known.
        None of them has a number in `unwanted`. Of the items `before_them` none comes, and another
        variant only from the source of `substitutes`, whichever source proposes it too.
        """
        order = [
            source
            for source in self._quotas
            if source in proposals and len(proposals[source].offer_nos)
        ]
        if not order:
            return NOTHING
        columns = [proposals[source] for source in order]
        nos = np.concatenate([column.offer_nos for column in columns])
        ends = list(accumulate(len(column.offer_nos) for column in columns))
        families = family_no[nos]
        places = np.arange(len(nos))
        if unwanted or before_them:
            kept = ~is_any_of(nos, np.array((*unwanted, *before_them), np.int64))
            if before_them:
                kept &= _are_other(families, family_no[[*before_them]], order, ends, substitutes)
            places = kept.nonzero()[0]
        first = self._firsts(np.where(families > 0, families, nos), len(family_no), places)
        counts = [end - begin for begin, end in pairwise((0, *first.searchsorted(ends).tolist()))]
        sources = np.array(order, np.uint8).repeat(counts)
        scores = np.concatenate([column.scores for column in columns])[first]
        likely = likelihood(families[first], sources, scores)
        in_turn = self._in_turn(order, columns, counts)
        if likely is not None:
            in_turn = _likeliest_last(in_turn, likely, limit if by_turns is None else by_turns)
        best = in_turn[:limit]
        return Merged(
            nos[first[best]],
            sources[best],
            scores[best],
            *_evidence(columns, first[best]),
            np.zeros(len(best), np.float32) if likely is None else likely[best],
        )

    def _in_turn(
        self, order: Sequence[int], columns: Sequence[Proposals], counts: Sequence[int]
    ) -> NDArray[np.int64]:
        """Return the places of candidates, source after source so many, as they have their turn."""
        turns = [
            self._turns(source, count, column.turns)
            for source, count, column in zip(order, counts, columns, strict=True)
        ]
        return np.concatenate(turns).argsort(kind="stable")

    def _firsts(
        self, things: NDArray[np.int64], below: int, places: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return of some places, ascending, those at which a thing comes first."""
        if below > len(self._first_seen):
            self._first_seen = np.zeros(below, np.int64)
        things = things[places]
        self._first_seen[things[::-1]] = places[::-1]
        firsts: NDArray[np.int64] = places[self._first_seen[things] == places]
        return firsts

    def _turns(self, source: int, count: int, share: float) -> NDArray[np.float64]:
        """Return when each of the first `count` candidates of a source has its turn.

        It has `share` times as many turns as its source has as a rule.
        """
        known = self._turns_of[source]
        if len(known) < count:
            known = np.arange(1, 2 * count + 1) / self._quotas[source]
            self._turns_of[source] = known
        turns: NDArray[np.float64] = known[:count]
        return turns if share == 1.0 else turns / share


def _are_other(
    families: NDArray[np.uint32],
    before_them: NDArray[np.uint32],
    order: Sequence[int],
    ends: Sequence[int],
    substitutes: int,
) -> NDArray[np.bool_]:
    """Return which are of no family `before_them`, or come from the source of `substitutes`.

    Candidates stand source after source, each of which ends at one of `ends`.
    """
    are_other: NDArray[np.bool_] = ~is_any_of(families, before_them) | (families == 0)
    if substitutes in order:
        at = order.index(substitutes)
        are_other[ends[at - 1] if at else 0 : ends[at]] = True
    return are_other


def _evidence(
    columns: Sequence[Proposals], places: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint8]]:
    """Return what speaks for candidates: items, counts, totals and kinds."""
    return (
        np.concatenate([column.evidence_nos for column in columns])[places],
        np.concatenate([column.evidence_counts for column in columns])[places],
        np.concatenate([column.evidence_totals for column in columns])[places],
        np.concatenate([column.evidence_kinds for column in columns])[places],
    )


def _likeliest_last(
    in_turn: NDArray[np.int64], likely: NDArray[np.float32], heard: int
) -> NDArray[np.int64]:
    """Put all that come after the first `heard` in the order of their likelihood."""
    others = in_turn[heard:]
    others = others[(-likely[others]).argsort(kind="stable")]
    return np.concatenate((in_turn[:heard], others))


_BYTES = np.zeros(0, np.uint8)
NOTHING = Merged(
    _EMPTY.astype(np.int64),
    _BYTES,
    np.zeros(0, np.float32),
    _EMPTY,
    _EMPTY,
    _EMPTY,
    _BYTES,
    np.zeros(0, np.float32),
)
