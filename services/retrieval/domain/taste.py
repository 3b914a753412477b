"""The taste of whom a request is for: what was learned of them, moved by what they do right now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import grouped
from services.retrieval.domain.learning import signals
from services.retrieval.domain.learning.rhythm import TRIPS
from services.retrieval.domain.served_model import ServedModel, of_length_one

IN_CART = 1.0
LOOKED_AT = 0.4
"""What is looked at in this visit says more of now than a view of last month said in training."""
_MOST_SEEN = 24
_DAYS, _SINCE = TRIPS.index("days"), TRIPS.index("since")


@dataclass(frozen=True, slots=True)
class Taste:
    """Where somebody stands among the items of one model."""

    vector: NDArray[np.float32]
    """(d,) as iALS has it: its inner product with an item foretells the preference."""
    unit: NDArray[np.float32]
    """The same at length 1."""
    own_rows: NDArray[np.int64]
    """Rows of the model that are this very person."""
    items_seen: int
    """Items of this visit that it is made of."""
    known: signals.Taste
    """All that speaks for what comes next."""
    evidence: signals.Evidence
    """What the items of `known` say of their neighbours."""


def taste_of(
    model: ServedModel,
    person_ids: Collection[str],
    cart_family_nos: Sequence[int],
    seen_family_nos: Sequence[int],
) -> Taste | None:
    """Return the taste of a set of persons in a visit; None where nothing tells of it.

    Of persons that are one, each counts by how much was learned of them. Somebody never seen
    before gets a vector of the few things they looked at (Hu, Koren, Volinsky 2008, fold-in).
    """
    own_rows = model.rows_of_persons(person_ids)
    known = _learned(model, own_rows) if len(own_rows) else None
    rows, weights = _seen(model, cart_family_nos, seen_family_nos)
    if len(rows):
        vector = model.fold_in.person_vector(rows, weights, known.vector if known else None)
        visit = signals.visitor_taste(vector, rows, weights)
        known = _joined(vector, (known, visit)) if known else visit
    if known is None:
        return None
    return Taste(
        vector=known.vector,
        unit=of_length_one(known.vector),
        own_rows=own_rows,
        items_seen=len(rows),
        known=known,
        evidence=model.blender.signals.evidence(known),
    )


def _learned(model: ServedModel, own_rows: NDArray[np.int64]) -> signals.Taste:
    tastes = [signals.taste_of(model.persons, row) for row in own_rows.tolist()]
    if len(tastes) == 1:
        return tastes[0]
    known = np.array([len(each.rows) for each in tastes], np.float32)
    mean = known @ np.stack([each.vector for each in tastes]) / max(known.sum(), 1.0)
    return _joined(mean.astype(np.float32), tastes)


def _joined(vector: NDArray[np.float32], tastes: Sequence[signals.Taste]) -> signals.Taste:
    """Add up what several know, around one vector."""
    rows = np.concatenate([each.rows for each in tastes])
    weights = np.concatenate([each.weights for each in tastes])
    habits = np.concatenate([each.habits for each in tastes])
    trips = _trips([each.trips for each in tastes])
    once, first, places = grouped(rows)
    if len(once) == len(rows):  # as most: what a cookie saw is not what its customer bought
        return signals.Taste(vector, once, weights[first], habits[first], trips)
    sums = np.bincount(places, weights).astype(np.float32)
    return signals.Taste(vector, once, sums, _added_up(habits, places, tastes), trips)


def _added_up(
    known: NDArray[np.float32], places: NDArray[np.int64], tastes: Sequence[signals.Taste]
) -> NDArray[np.float32]:
    """Return the habits by row, of what several know of it one after the other."""
    habits = np.zeros((int(places.max()) + 1, known.shape[1]), np.float32)
    begin = 0
    for each in tastes:
        # Within one every row comes once, so that adding at places adds all.
        habits[places[begin : begin + len(each.rows)]] += each.habits
        begin += len(each.rows)
    _keep_dates(habits, places, known)
    return habits


def _trips(trips: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Join how several shop: who only ever looked says nothing of it, and the last of them counts.

    A cookie that bought nothing has been away for as long as the log goes back.
    """
    shopping = [each for each in trips if each[_DAYS] > 0.0] or trips
    found: NDArray[np.float32] = np.maximum.reduce(shopping)
    found[_SINCE] = min(float(each[_SINCE]) for each in shopping)
    return found


def _keep_dates(
    habits: NDArray[np.float32], places: NDArray[np.int64], known: NDArray[np.float32]
) -> None:
    """Dates are no sums: of what several bought the last of them counts, and the first.

    The last gap is that of whoever bought it last.
    """
    bought = (known[:, -1] > 0.0).nonzero()[0]
    bought = bought[(-known[bought, 1]).argsort(kind="stable")]  # of equal places the last stays
    at, oldest = places[bought], habits[:, 2]
    habits[at, 1], habits[at, 3] = known[bought, 1], known[bought, 3]
    oldest[at] = 0.0
    np.maximum.at(oldest, at, known[bought, 2])


def _seen(
    model: ServedModel, cart_family_nos: Sequence[int], seen_family_nos: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and weights of what is known of the visit, each item once, carts first."""
    weights = dict.fromkeys(cart_family_nos, IN_CART)
    for family_no in seen_family_nos:
        weights.setdefault(family_no, LOOKED_AT)
    numbers = np.fromiter(weights, np.int64, len(weights))[:_MOST_SEEN]
    rows = model.rows_of_items(numbers)
    strengths = np.fromiter(weights.values(), np.float32, len(weights))[:_MOST_SEEN]
    return rows[rows >= 0], strengths[rows >= 0]
