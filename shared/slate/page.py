"""Fills a page from the catalogue's columns: what the ranker does, and the edge in its stead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.catalogue import Catalogue
from shared.slate.assembly import Slate, assemble
from shared.slate.constraints import demands, places
from shared.slate.demands import Demand, Place
from shared.slate.portions import Turn, mixed_shares, turn_of, turns
from shared.slate.shares import selection_shares
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be filled; columns are of shape (candidates,)."""

    place_bits: NDArray[np.uint32]
    families: NDArray[np.integer]
    places: Sequence[Place]
    """As it is their turn in this decision."""
    demands: Sequence[Demand]
    turns: Sequence[Turn] = field(default=())
    """What else the placements could have been, with its probability; empty: nothing."""

    def fill(self, scores: NDArray[np.float64]) -> list[Slate]:
        """Return one slate per placement."""
        return assemble(scores, self.place_bits, self.families, self.places, self.demands)

    def shares(self, scores: NDArray[np.floating]) -> list[NDArray[np.float64]]:
        """Return how often each placement shows each candidate; see `selection_shares`.

        Over the draws, of shape (draws, candidates), and over whose turn it could have been.
        """
        if not self.turns:
            return self._shares(scores, self.places)
        each = [self._shares(scores, turn.places) for turn in self.turns]
        return mixed_shares(self.turns, each)

    def _shares(
        self, scores: NDArray[np.floating], places: Sequence[Place]
    ) -> list[NDArray[np.float64]]:
        return selection_shares(scores, self.place_bits, self.families, places, self.demands)


def read_page(
    nos: NDArray[np.int64],
    place_bits: NDArray[np.uint32],
    sources: Sequence[int],
    context: DecisionContext,
    standing: Iterable[StandingOrder],
    constraints: Iterable[SlateConstraint],
    catalogue: Catalogue,
) -> Page:
    """Return the page asked for; columns are of shape (candidates,).

    `nos` are catalogue numbers, 0 for a candidate that this catalogue does not know: it fills no
    place. Raises InvalidArgument for a constraint that says nothing that is known.
    """
    asks = context.placements
    found = demands(constraints, asks, nos, catalogue)
    asked = places(asks, standing, nos, found.seats)
    possible: Sequence[Turn] = ()
    if found.portions:
        journeys = [at for at, source in enumerate(sources) if source == Source.JOURNEY]
        possible = turns(asked, found.portions, journeys)
        asked = list(turn_of(possible, context.seed).places)
    return Page(place_bits * (nos > 0), catalogue.family_no[nos], asked, found.every, possible)


def known_numbers(offer_nos: NDArray[np.uint32], catalogue: Catalogue) -> NDArray[np.int64]:
    """Return the candidates' numbers, 0 for those that this catalogue does not know."""
    return (offer_nos * catalogue.known(offer_nos)).astype(np.int64)
