"""The two networks of a blend: one for what a person bought before, one for what is new to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.network import Network, unflattened
from services.retrieval.domain.learning.portraits import NEW, OWN, Portraits, Shelf
from services.retrieval.domain.learning.signals import Evidence, Taste

Columns = NDArray[np.float32]
_MOST_NEW = 400
"""Of what is new to a person, so much is looked at closely: what is likeliest by the regression."""


@dataclass(frozen=True, slots=True)
class Networks:
    """What is served of a `BlendModel`."""

    portraits: Portraits
    own: Network | None
    new: Network | None
    """None: none was learned, or none is followed."""
    own_share: float
    new_share: float

    def moved(
        self,
        log_odds: Columns,
        taste: Taste,
        rows: NDArray[np.int64],
        signals: Columns,
        evidence: Evidence,
        shelves: list[Shelf],
    ) -> Columns:
        """Return the log-odds of a regression on `signals` moved towards those of the networks.

        `shelves` are those of the taste, as the portraits tell them.
        """
        is_own, places = own_places(taste, rows)
        own, new = is_own.nonzero()[0], (~is_own).nonzero()[0]
        if len(new) > _MOST_NEW:
            new = np.sort(new[(-log_odds[new]).argpartition(_MOST_NEW)[:_MOST_NEW]])
        moved = log_odds.copy()
        if self.own is not None and len(own):
            told = self.portraits.own(taste, places, signals[own], evidence, shelves)
            moved[own] += np.float32(self.own_share) * (self.own.log_odds(told) - log_odds[own])
        if self.new is not None and len(new):
            told = self.portraits.new(taste, rows[new], signals[new], evidence, shelves)
            moved[new] += np.float32(self.new_share) * (self.new.log_odds(told) - log_odds[new])
        return moved


def own_places(
    taste: Taste, rows: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which rows were bought, and the places of those in the taste; rows ascend."""
    bought = (taste.habits[:, -1] > 0.0).nonzero()[0]
    if not len(bought):
        return np.zeros(len(rows), np.bool_), bought
    known = taste.rows[bought]
    at = np.minimum(known.searchsorted(rows), len(known) - 1)
    is_own = np.asarray(known[at] == rows, np.bool_)
    return is_own, bought[at[is_own]]


def networks_of(items: ItemModel, blend: BlendModel) -> Networks | None:
    """Return the networks of a model; None where none is followed."""
    has_own = len(blend.own) > 0 and blend.own_share > 0.0
    has_new = len(blend.new) > 0 and blend.new_share > 0.0
    if not has_own and not has_new:
        return None
    return Networks(
        portraits=Portraits(items, blend),
        own=unflattened(blend.own, OWN) if has_own else None,
        new=unflattened(blend.new, NEW) if has_new else None,
        own_share=blend.own_share,
        new_share=blend.new_share,
    )
