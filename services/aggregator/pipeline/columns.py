"""Candidates between their packed messages and the columns that the domain works on."""

from __future__ import annotations

from collections.abc import Iterable

from services.aggregator.domain.candidates import Candidates, Proposal, of_source
from services.aggregator.domain.vocabulary import Source
from touchpoint.common.v1 import decision_pb2
from touchpoint.scenario.v1.scenario_pb2 import DueAction


def from_proto(message: decision_pb2.Candidates) -> Candidates:
    """Read the columns; those that a service left out are zeros."""
    offer_nos = list(message.offer_nos)
    size = len(offer_nos)
    return Candidates(
        offer_nos,
        list(message.sources) or [0] * size,
        list(message.scores) or [0.0] * size,
        list(message.evidence_nos) or [0] * size,
        list(message.evidence_counts) or [0] * size,
        list(message.evidence_totals) or [0] * size,
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
