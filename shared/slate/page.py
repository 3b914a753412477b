"""Fills a page from the catalogue's columns: what the ranker does, and the edge in its stead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.catalogue import Catalogue
from shared.slate.assembly import GroupLimit, Place, Slate, assemble
from shared.slate.constraints import group_limits, places
from shared.slate.shares import selection_shares
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be filled; columns are of shape (candidates,)."""

    place_bits: NDArray[np.uint32]
    families: NDArray[np.integer]
    places: Sequence[Place]
    limits: Sequence[GroupLimit]

    def fill(self, scores: NDArray[np.float64]) -> list[Slate]:
        """Return one slate per placement."""
        return assemble(scores, self.place_bits, self.families, self.places, self.limits)

    def shares(self, scores: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """Return how often each placement shows each candidate; see `selection_shares`."""
        return selection_shares(scores, self.place_bits, self.families, self.places, self.limits)


def read_page(
    nos: NDArray[np.int64],
    place_bits: NDArray[np.uint32],
    asks: Sequence[PlacementAsk],
    standing: Iterable[StandingOrder],
    constraints: Iterable[SlateConstraint],
    catalogue: Catalogue,
) -> Page:
    """Return the page asked for; columns are of shape (candidates,).

    `nos` are catalogue numbers, 0 for a candidate that this catalogue does not know: it fills no
    place. Raises InvalidArgument for a constraint on an attribute that is not known.
    """
    return Page(
        place_bits * (nos > 0),
        catalogue.family_no[nos],
        places(asks, standing, nos),
        group_limits(constraints, asks, nos, catalogue),
    )


def fill_page(
    nos: NDArray[np.int64],
    scores: NDArray[np.float64],
    place_bits: NDArray[np.uint32],
    asks: Sequence[PlacementAsk],
    standing: Iterable[StandingOrder],
    constraints: Iterable[SlateConstraint],
    catalogue: Catalogue,
) -> list[Slate]:
    """Return one slate per placement asked for; see `read_page`."""
    return read_page(nos, place_bits, asks, standing, constraints, catalogue).fill(scores)


def known_numbers(offer_nos: NDArray[np.uint32], catalogue: Catalogue) -> NDArray[np.int64]:
    """Return the candidates' numbers, 0 for those that this catalogue does not know."""
    return (offer_nos * catalogue.known(offer_nos)).astype(np.int64)
