"""SIMILAR: alike in title, category and brand to what is in view or was looked at last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, is_any_of
from services.retrieval.domain.served_model import ServedModel
from shared.catalogue import Catalogue

_MOST_SEEDS = 3
_LEAST_ALIKE = 0.2
"""A cosine below this is no likeness."""
_EARLIER = 0.9
"""What was looked at before counts a little less than what came after it."""


class Similar:
    """Searches among the contents, so it knows what nobody bought yet."""

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        model = query.model
        if model is None or not query.wants_items:
            return NO_PROPOSALS
        seeds = np.array(_looked_at(query), np.int64)
        families = self._catalogue.family_no[seeds]
        rows = model.rows_of_contents(families)
        seeds, rows = seeds[rows >= 0], rows[rows >= 0]
        if not len(rows):
            return NO_PROPOSALS
        near, scores, of_seed = _nearest(model, rows)
        found = model.items.content_nos[near]
        nos = query.shelf.representatives(found)
        usable = query.showable[nos] & (scores >= _LEAST_ALIKE) & ~is_any_of(found, families)
        at = usable.nonzero()[0]
        at = at[(-scores[at]).argsort(kind="stable")]
        at = at[np.sort(np.unique(found[at], return_index=True)[1])][: query.limit]
        evidence = seeds[of_seed[at]].astype(np.uint32)
        return Proposals.of(nos[at], np.minimum(scores[at], 1.0), evidence)


def _looked_at(query: Query) -> tuple[int, ...]:
    """Return what is in view, or else what was looked at last."""
    if query.item_nos:
        return query.item_nos[:_MOST_SEEDS]
    visit = query.person.visit if query.person else None
    return visit.item_nos[:_MOST_SEEDS] if visit else ()


def _nearest(
    model: ServedModel, seed_rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Return rows near the seeds, how near, and whose place among the seeds that was."""
    found = [model.alike(row) for row in seed_rows.tolist()]
    lengths = [len(rows) for rows, _ in found]
    near = np.concatenate([rows for rows, _ in found])
    scores = np.concatenate([cosines * _EARLIER**at for at, (_, cosines) in enumerate(found)])
    return near, scores, np.arange(len(found)).repeat(lengths)
