"""Learns vectors and neighbours from one history and lays them out as a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.retrieval.domain.learning.content import NO_CONTENT
from services.retrieval.domain.learning.history import History
from services.retrieval.domain.learning.ials import Factors, Matrix, Setting
from services.retrieval.domain.learning.model import ItemModel, LearnedModel, PersonModel
from services.retrieval.domain.learning.neighbours import Neighbours, closest
from services.retrieval.domain.learning.pairs import Pairs
from services.retrieval.domain.learning.signals import DEFAULT_BLEND

_OF_VECTORS = 0.6
"""Share of the time that the vectors take; neighbours take the rest."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a model was learned on."""

    catalogue_id: str
    catalogue_version: int
    trained_us: int


def learned(
    history: History,
    setting: Setting,
    seed: int,
    origin: Origin,
    on_share: Callable[[float], None],
    most_with_neighbours: int | None = None,
) -> LearnedModel:
    """Return a model that knows no content and weighs no signal yet.

    Neighbours are looked for of all items, or of the `most_with_neighbours` most bought.
    """
    factors = Matrix(history.taste).factorised(
        setting, seed, lambda done: on_share(_OF_VECTORS * done / setting.sweeps)
    )
    near = closest(_most_bought(history.purchases, most_with_neighbours))
    items = _items(history, setting, factors, near, origin)
    on_share(1.0)
    return LearnedModel(items, _persons(history, factors))


def _most_bought(purchases: Pairs, most_rows: int | None) -> Pairs:
    if most_rows is None or most_rows >= purchases.row_count:
        return purchases
    kept = np.zeros(purchases.row_count, np.bool_)
    kept[np.argsort(-purchases.buyers, kind="stable")[:most_rows]] = True
    return purchases.only(kept[purchases.rows])


def _items(
    history: History, setting: Setting, factors: Factors, near: Neighbours, origin: Origin
) -> ItemModel:
    is_real = near.counts > 0
    return ItemModel(
        catalogue_id=origin.catalogue_id,
        catalogue_version=origin.catalogue_version,
        trained_us=origin.trained_us,
        regularisation=setting.regularisation,
        unobserved_weight=setting.unobserved_weight,
        offer_nos=history.offer_nos,
        factors=factors.rows,
        buyers=history.purchases.buyers.astype(np.uint32),
        heat=history.heat,
        repeats=history.repeats,
        neighbour_nos=np.where(is_real, history.offer_nos[near.rows], 0).astype(np.uint32),
        neighbour_scores=near.scores,
        neighbour_counts=near.counts,
        blend=DEFAULT_BLEND,
        content_nos=NO_CONTENT.offer_nos,
        content=NO_CONTENT.vectors,
    )


def _persons(history: History, factors: Factors) -> PersonModel:
    """Keep those with any pair: of the others nothing is known."""
    counts = np.diff(history.taste.starts)
    known = np.flatnonzero(counts)
    return PersonModel(
        person_ids=tuple(history.person_ids[person] for person in known.tolist()),
        factors=factors.persons[known],
        starts=np.concatenate(([0], counts[known].cumsum())).astype(np.int64),
        rows=history.taste.rows.astype(np.uint32),
        weights=history.taste.weights,
        habits=history.habits,
        trips=history.trips[known],
    )
