"""Candidates as columns, as they travel, and the joining and picking of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter
from typing import Any

from services.aggregator.domain.vocabulary import Source


@dataclass(frozen=True, slots=True)
class Candidates:
    """Columns of equal length; an index into them names a candidate within one decision."""

    offer_nos: list[int] = field(default_factory=list)
    """Catalogue numbers, without repetition."""
    sources: Sequence[int] = ()
    scores: Sequence[float] = ()
    """0 to 1, comparable within a source."""
    evidence_nos: Sequence[int] = ()
    """Catalogue number of the item the evidence speaks of; 0: none."""
    evidence_counts: Sequence[int] = ()
    evidence_totals: Sequence[int] = ()
    evidence_kinds: Sequence[int] = ()
    """What the evidence says, as EvidenceKind; 0: not said."""
    evidence_texts: Mapping[int, str] = field(default_factory=dict, kw_only=True)
    """Offer to the sentence that a plug-in gives; of the few that have one."""

    def __len__(self) -> int:
        return len(self.offer_nos)

    def pick(self, indexes: Sequence[int]) -> Candidates:
        """Return the candidates at these indexes, in that order."""
        if len(indexes) < 2:
            return self._with(_at(column, indexes) for column in self._columns())
        # Gathers at the speed of C: this runs over every column of every decision.
        picked = itemgetter(*indexes)
        return self._with(list(picked(column)) if column else [] for column in self._columns())

    def to_rank(self) -> Candidates:
        """Return what the ranker goes by: all but what the evidence is told to people with."""
        counted = self.evidence_counts, self.evidence_totals, self.evidence_kinds
        return Candidates(self.offer_nos, self.sources, self.scores, (), *counted)

    def and_then(self, others: Candidates) -> Candidates:
        """Return these followed by the others, which must not repeat any."""
        if not len(others):
            return self
        both = zip(self._columns(), others._columns(), strict=True)
        texts = {**others.evidence_texts, **self.evidence_texts}
        return Candidates(*([*mine, *theirs] for mine, theirs in both), evidence_texts=texts)

    def without(self, offer_nos: Iterable[int]) -> Candidates:
        """Return those that are not named."""
        named = set(offer_nos)
        if named.isdisjoint(self.offer_nos):
            return self
        return self.pick([at for at, no in enumerate(self.offer_nos) if no not in named])

    def _columns(self) -> tuple[Sequence[Any], ...]:
        return (
            self.offer_nos,
            self.sources,
            self.scores,
            self.evidence_nos,
            self.evidence_counts,
            self.evidence_totals,
            self.evidence_kinds,
        )

    def _with(self, columns: Iterable[list[Any]]) -> Candidates:
        return Candidates(*columns, evidence_texts=self.evidence_texts)


def _at(column: Sequence[Any], indexes: Sequence[int]) -> list[Any]:
    return [column[at] for at in indexes] if column else []


def of_source(offer_nos: Iterable[int], source: Source) -> Candidates:
    """Return candidates that one source proposes without evidence, repetitions left out."""
    nos = list(dict.fromkeys(offer_nos))
    none = [0] * len(nos)
    return Candidates(nos, [int(source)] * len(nos), [1.0] * len(nos), none, none, none, none)


def joined(lists: Iterable[Candidates]) -> Candidates:
    """Return all lists as one; of repeated candidates the first stays."""
    found = list(lists)
    columns = zip(*(candidates._columns() for candidates in found), strict=True)
    texts = {no: text for each in reversed(found) for no, text in each.evidence_texts.items()}
    whole = Candidates(
        *(list(chain.from_iterable(parts)) for parts in columns), evidence_texts=texts
    )
    first = {no: at for at, no in reversed(list(enumerate(whole.offer_nos)))}
    return whole if len(first) == len(whole) else whole.pick(sorted(first.values()))


@dataclass(frozen=True, slots=True)
class Proposal:
    """Candidates with what those who propose them ask for them."""

    candidates: Candidates = field(default_factory=Candidates)
    levers: Mapping[int, float] = field(default_factory=dict)
    """Offer to the factor of its arbitration, where it is not 1."""
    placements: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Offer to the placements it may fill, where it may not fill all."""

    def followed_by(self, others: Candidates) -> Proposal:
        """Return this with other candidates after its own; of repeated ones its own stay."""
        whole = self.candidates.and_then(others.without(self.candidates.offer_nos))
        return replace(self, candidates=whole)

    def levers_of(self, offer_nos: Sequence[int], levers: Sequence[float]) -> list[float]:
        """Return the factors of kept candidates, `levers` included; empty: all are 1."""
        if not self.levers:
            return list(levers)
        mine = [self.levers.get(no, 1.0) for no in offer_nos]
        if not levers:
            return mine
        return [one * other for one, other in zip(mine, levers, strict=True)]

    def bits_of(
        self, offer_nos: Sequence[int], bits: Sequence[int], placements: Sequence[str]
    ) -> list[int]:
        """Return the placement bits of kept candidates, less where they are not wanted."""
        if not self.placements:
            return list(bits)
        everywhere = frozenset(placements)
        return [
            allowed & _bits(self.placements.get(no, everywhere), placements)
            for no, allowed in zip(offer_nos, bits, strict=True)
        ]


def _bits(wanted: frozenset[str], placements: Sequence[str]) -> int:
    return sum(1 << at for at, placement in enumerate(placements) if placement in wanted)
