"""The slates of a page: as the ranker answered, or by retrieval's order where it did not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.slates import Choice, Part, PlacementSlate, order_times_value
from services.aggregator.pipeline.columns import Packed
from shared.catalogue import Catalogue
from shared.exchange import NO_EXCHANGE, Exchange
from shared.slate import Page, known_numbers, read_page
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

    packed: Packed
    placement_bits: Sequence[int]
    """Bit i: may fill placement i of the request."""
    levers: Sequence[float]
    """Empty: all 1."""
    constraints: Sequence[SlateConstraint]
    standing: Sequence[StandingOrder]

    @property
    def candidates(self) -> Candidates:
        return self.packed.columns


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
    at = ranked.candidate
    return Choice(
        candidates.offer_nos[at],
        candidates.sources[at],
        ranked.acceptance_probability,
        ranked.selection_probability,
        ranked.score,
        False,
        tuple(Part(part.name, part.value, part.text) for part in ranked.contributions),
        ranked.features,
        (ranked.cause, ranked.cause_rule) if ranked.cause else None,
    )


def by_order(
    allowed: Allowed,
    context: DecisionContext,
    catalogue: Catalogue,
    exchange: Exchange = NO_EXCHANGE,
) -> list[PlacementSlate]:
    """Assemble the page without a ranker: by retrieval order x value in the home currency."""
    nos = _numbers(allowed, catalogue)
    levers = catalogue.lever[nos] * catalogue.levers_set(nos, context.now_us)
    if allowed.levers:
        levers = levers * np.array(allowed.levers)
    values = exchange.at_home(catalogue.value_micros[nos], nos, catalogue)
    scores = order_times_value(values, levers)
    return _assembled(allowed, scores, context, catalogue)


def only_defaults(
    allowed: Allowed,
    defaults: Sequence[Collection[int]],
    context: DecisionContext,
    catalogue: Catalogue,
) -> list[PlacementSlate]:
    """Assemble the page of those who see the same as everybody: the defaults, in their order.

    `defaults` are those of each placement: what was shown on another one leads nothing here.
    """
    rows = zip(allowed.candidates.offer_nos, allowed.placement_bits, strict=True)
    bits = [bits & _places(no, defaults) for no, bits in rows]
    scores, own = np.zeros(len(bits)), replace(allowed, placement_bits=bits, standing=())
    return _assembled(own, scores, context, catalogue)


def _places(offer_no: int, defaults: Sequence[Collection[int]]) -> int:
    """Return the bits of the placements of which it is a default offer."""
    return sum(1 << at for at, own in enumerate(defaults) if offer_no in own)


def _assembled(
    allowed: Allowed, scores: NDArray[np.float64], context: DecisionContext, catalogue: Catalogue
) -> list[PlacementSlate]:
    page = read_page(
        _numbers(allowed, catalogue),
        np.array(allowed.placement_bits, np.uint32),
        allowed.candidates.sources,
        context,
        allowed.standing,
        allowed.constraints,
        catalogue,
    )
    candidates = allowed.candidates
    scored = [
        Choice(no, source, score=score)
        for no, source, score in zip(
            candidates.offer_nos, candidates.sources, scores.tolist(), strict=True
        )
    ]
    return [
        PlacementSlate(
            [
                scored[at]._replace(selection_probability=float(share[at]), cause=cause)
                for at, cause in zip(slate.chosen, slate.causes, strict=True)
            ],
            [scored[at]._replace(selection_probability=float(share[at])) for at in slate.following],
        )
        for slate, share in zip(page.fill(scores), _shares(page, scores), strict=True)
    ]


def _shares(page: Page, scores: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return how likely each placement shows each candidate: only fixed shares leave it open."""
    if not page.turns:
        return [np.ones(len(scores))] * len(page.places)
    shares = page.shares(scores[None, :])
    return [
        np.ones_like(share) if place.exact else share
        for place, share in zip(page.places, shares, strict=True)
    ]


def _numbers(allowed: Allowed, catalogue: Catalogue) -> NDArray[np.int64]:
    return known_numbers(np.array(allowed.candidates.offer_nos, np.uint32), catalogue)
