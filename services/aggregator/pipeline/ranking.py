"""The slates of a page: as the ranker answered, or by retrieval's order where it did not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.slates import Choice, Part, PlacementSlate, order_times_value
from shared.catalogue import Catalogue
from shared.slate import fill_page, known_numbers
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.ranker.v1.ranker_pb2 import (
    Ranked,
    RankedPlacement,
    SlateConstraint,
    StandingOrder,
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What rules let pass, and what a slate made of it must keep to."""

    candidates: Candidates
    placement_bits: Sequence[int]
    """Bit i: may fill placement i of the request."""
    levers: Sequence[float]
    """Empty: all 1."""
    constraints: Sequence[SlateConstraint]
    standing: Sequence[StandingOrder]


def as_ranked(
    placements: Iterable[RankedPlacement], candidates: Candidates
) -> list[PlacementSlate]:
    """Read the ranker's answer."""
    return [
        PlacementSlate(
            [_choice(ranked, candidates) for ranked in placement.chosen],
            [_choice(ranked, candidates) for ranked in placement.next],
        )
        for placement in placements
    ]


def _choice(ranked: Ranked, candidates: Candidates) -> Choice:
    return Choice(
        offer_no=candidates.offer_nos[ranked.candidate],
        source=candidates.sources[ranked.candidate],
        acceptance_probability=ranked.acceptance_probability,
        selection_probability=ranked.selection_probability,
        score=ranked.score,
        parts=tuple(Part(part.name, part.value, part.text) for part in ranked.contributions),
    )


def by_order(
    allowed: Allowed, context: DecisionContext, catalogue: Catalogue, *, valued: bool = True
) -> list[PlacementSlate]:
    """Assemble the page without a ranker: retrieval order x value, or the order alone."""
    candidates = allowed.candidates
    nos = known_numbers(np.array(candidates.offer_nos, np.uint32), catalogue)
    scores = np.zeros(len(nos))
    if valued:
        levers = catalogue.lever[nos].astype(np.float64)
        if allowed.levers:
            levers = levers * np.array(allowed.levers)
        scores = order_times_value(catalogue.value_micros[nos], levers)
    slates = fill_page(
        nos,
        scores,
        np.array(allowed.placement_bits, np.uint32),
        context.placements,
        allowed.standing,
        allowed.constraints,
        catalogue,
    )
    scored = [
        Choice(no, source, score=score)
        for no, source, score in zip(
            candidates.offer_nos, candidates.sources, scores.tolist(), strict=True
        )
    ]
    return [
        PlacementSlate([scored[at] for at in slate.chosen], [scored[at] for at in slate.following])
        for slate in slates
    ]
