"""SIMILAR: like what is in view or was looked at last, by what it is and by who dealt with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import firsts
from services.retrieval.domain.likeness import alike
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, is_any_of
from shared.catalogue import Catalogue

_MOST_SEEDS = 3
_NONE = np.zeros(0, np.int64)
_EARLIER = 0.9
"""What was looked at before counts a little less than what came after it."""


class Similar:
    """Searches among contents and tastes together, so it knows what nobody bought yet."""

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        seeds = np.array(_looked_at(query), np.int64)
        families = self._catalogue.family_no[seeds]
        near, scores, of_seed = _alike(query, families)
        nos = query.shelf.representatives(near)
        usable = query.shows(nos) & (scores > 0.0) & ~is_any_of(near, families)
        at = usable.nonzero()[0]
        at = at[(-scores[at]).argsort(kind="stable")]
        at = at[firsts(near[at])][: query.limit]
        evidence = seeds[of_seed[at]].astype(np.uint32)
        return Proposals.of(nos[at], np.minimum(scores[at], 1.0), evidence)


def _looked_at(query: Query) -> tuple[int, ...]:
    """Return what is in view, or else what was looked at last."""
    if query.item_nos:
        return query.item_nos[:_MOST_SEEDS]
    visit = query.person.visit if query.person else None
    return visit.item_nos[:_MOST_SEEDS] if visit else ()


def _alike(
    query: Query, seeds: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Return families like any of some, how much so, and whose place among them that is."""
    found = [alike(query, no, searched=not at) for at, no in enumerate(seeds.tolist())]
    if not found:
        return _NONE, _NONE.astype(np.float32), _NONE
    near = np.concatenate([families for families, _ in found])
    scores = np.concatenate([cosines * _EARLIER**at for at, (_, cosines) in enumerate(found)])
    return near, scores, np.arange(len(found)).repeat([len(families) for families, _ in found])
