"""Candidates between their packed messages and the columns that the domain works on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.aggregator.domain.candidates import Candidates, Proposal, of_source
from services.aggregator.domain.vocabulary import Source
from touchpoint.common.v1 import decision_pb2
from touchpoint.scenario.v1.scenario_pb2 import DueAction


def from_proto(message: decision_pb2.Candidates) -> Candidates:
    """Read the columns; those that a service left out are zeros.

    All but the numbers stay where they are in the message: of most only a few are ever looked at.
    """
    zeros = [0] * len(message.offer_nos)
    return Candidates(
        list(message.offer_nos),
        message.sources or zeros,
        message.scores or zeros,
        message.evidence_nos or zeros,
        message.evidence_counts or zeros,
        message.evidence_totals or zeros,
    )


def to_proto(candidates: Candidates) -> decision_pb2.Candidates:
    """Write the columns."""
    return decision_pb2.Candidates(
        offer_nos=candidates.offer_nos,
        sources=candidates.sources,  # type: ignore[arg-type]
        scores=candidates.scores,
        evidence_nos=candidates.evidence_nos,
        evidence_counts=candidates.evidence_counts,
        evidence_totals=candidates.evidence_totals,
    )


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
        whole = decision_pb2.Candidates()
        whole.CopyFrom(self.message)
        whole.MergeFrom(added)
        return Packed(self.columns.and_then(from_proto(added)), whole)


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
