"""Candidates between their packed messages and the columns that the domain works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.aggregator.domain.candidates import Candidates, Proposal, of_source
from services.aggregator.domain.vocabulary import Source
from touchpoint.common.v1 import decision_pb2
from touchpoint.scenario.v1.scenario_pb2 import DueAction


def from_proto(message: decision_pb2.Candidates) -> Candidates:
    """Read the columns; what a service left out, or did not know yet, is zeros.

    All but the numbers stay where they are in the message: of most only a few are ever looked at.
    """
    size = len(message.offer_nos)
    return Candidates(
        list(message.offer_nos),
        _whole(message.sources, size),
        _whole(message.scores, size),
        _whole(message.evidence_nos, size),
        _whole(message.evidence_counts, size),
        _whole(message.evidence_totals, size),
        _whole(message.evidence_kinds, size),
        evidence_texts=_told(message) if message.evidence_texts else {},
    )


def _whole(column: Sequence[Any], size: int) -> Sequence[Any]:
    """Return a column with a value for each; traces are kept of which one ends early."""
    return column if len(column) == size else [*column, *[0] * (size - len(column))]


def to_proto(candidates: Candidates) -> decision_pb2.Candidates:
    """Write the columns."""
    return decision_pb2.Candidates(
        offer_nos=candidates.offer_nos,
        sources=candidates.sources,  # type: ignore[arg-type]
        scores=candidates.scores,
        evidence_nos=candidates.evidence_nos,
        evidence_counts=candidates.evidence_counts,
        evidence_totals=candidates.evidence_totals,
        evidence_kinds=candidates.evidence_kinds,  # type: ignore[arg-type]
        evidence_texts=_texts(candidates) if candidates.evidence_texts else (),
    )


def _told(message: decision_pb2.Candidates) -> dict[int, str]:
    """Return the sentences of plug-ins, by offer."""
    return {no: text for no, text in zip(message.offer_nos, message.evidence_texts) if text}


def _texts(candidates: Candidates) -> list[str]:
    return [candidates.evidence_texts.get(no, "") for no in candidates.offer_nos]


@dataclass(frozen=True, slots=True)
class Packed:
    """Candidates both ways: to be worked on, and as a message that is written only once."""

    columns: Candidates
    message: decision_pb2.Candidates

    @classmethod
    def of(cls, columns: Candidates) -> Packed:
        """Pack columns."""
        return cls(columns, to_proto(columns))

    def and_then(self, added: decision_pb2.Candidates) -> Packed:
        """Return these followed by others, which must not repeat any."""
        if not added.offer_nos:
            return self
        # Written anew: columns that only one of both messages has would end up beside other offers.
        return Packed.of(self.columns.and_then(from_proto(added)))


def due(actions: Iterable[DueAction]) -> Proposal:
    """Read what journeys propose; of two for the same offer the first, more urgent one stays."""
    first: dict[int, DueAction] = {}
    for action in actions:
        first.setdefault(action.offer_no, action)
    return Proposal(
        of_source(first, Source.JOURNEY),
        {no: found.lever for no, found in first.items() if found.lever not in (0.0, 1.0)},
        {no: frozenset(found.placements) for no, found in first.items() if found.placements},
    )
