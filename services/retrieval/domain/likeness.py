"""How alike items are: by what they are, and by who dealt with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import Query
from services.retrieval.domain.served_model import ServedModel

_ALIKE = 60
"""Families near by each of the two that are weighed."""


def alike(
    query: Query, family_no: int, *, searched: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return families like one, itself maybe among them, and how like each is, at most 1.

    Those near by content, of which all may be shown, come with those that the same people bought;
    some come twice. Without `searched` a large index only answers what was looked for lately: a
    search in it costs more than all else here.
    """
    # In whole steps: what is found is remembered by how many were looked for.
    count = _ALIKE * (1 + -(-len(query.excluded_nos) // _ALIKE))
    near, cosines = query.contents.near(family_no, count, query.showing, searched=searched)
    model = query.model
    row = _row_of(model, family_no)
    if model is None or row < 0 or model.learned.fit.content_weight >= 1.0:
        return near, _mixed(query, row, near, cosines)
    beside = model.alike(row)
    cosines_beside = query.contents.cosines(query.contents.vector(family_no), beside)
    near = np.concatenate((near, beside))
    return near, _mixed(query, row, near, np.concatenate((cosines, cosines_beside)))


def likeness(query: Query, family_no: int, family_nos: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return how like one some families are, at most 1; 0 where they are not."""
    cosines = query.contents.cosines(query.contents.vector(family_no), family_nos)
    return _mixed(query, _row_of(query.model, family_no), family_nos, cosines)


def _row_of(model: ServedModel | None, family_no: int) -> int:
    return -1 if model is None else int(model.rows_of_items(np.array([family_no]))[0])


def _mixed(
    query: Query,
    row: int,
    family_nos: NDArray[np.int64],
    cosines: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Mix cosines of contents with those of tastes to what is learned of a row.

    What nobody dealt with has no taste: its content stands for that too, so that what is new is
    found by its likeness as soon as it is there. What is alike by either of the two is alike.
    """
    model, least = query.model, query.contents.least_alike
    if model is None or model.learned.fit.content_weight >= 1.0:
        return cosines * (cosines >= least)
    fit = model.learned.fit
    tastes = cosines.copy()
    if row >= 0:
        rows = model.rows_of_items(family_nos)
        known = (rows >= 0).nonzero()[0]
        tastes[known] = model.item_units(rows[known]) @ model.item_units(row)
    weight = np.float32(fit.content_weight)
    mixed: NDArray[np.float32] = weight * cosines + (np.float32(1.0) - weight) * tastes
    mixed *= np.maximum(cosines, tastes) >= least
    return mixed
