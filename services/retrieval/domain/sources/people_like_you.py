"""PEOPLE_LIKE_YOU: what people bought who are alike in taste, and in age and the like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import firsts, grouped
from services.retrieval.domain.query import (
    NO_PROPOSALS,
    Person,
    Proposals,
    Query,
    is_any_of,
    saturated,
)
from services.retrieval.domain.served_groups import Takings
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import Taste
from shared.catalogue import Catalogue

NEIGHBOURS = 30
FEWEST_BUYERS = 2
"""What a single neighbour bought says nothing of people."""
_FEWEST_SEEN = 3
"""After a click or two nobody can be said to be like a visitor."""
_LEAST_ALIKE = 0.1
"""A cosine below this is no likeness."""
_MOST = 100
_HALF = 0.05
"""Bought by so much larger a share of them than of all, a thing scores a half."""
_HALF_OF_PARTNERS = 0.1
"""A shrunk cosine, weighed by the cell, that scores a half."""
_OF_PARTNERS = 0.5
_MOST_ANCHORS = 4


@dataclass(frozen=True, slots=True)
class _Liked:
    """What people alike bought, as columns of equal length."""

    nos: NDArray[np.uint32]
    """Families."""
    scores: NDArray[np.floating]
    """0 to 1."""
    counts: NDArray[np.uint32]
    totals: NDArray[np.uint32]
    item_nos: NDArray[np.uint32]
    """What is in view that it goes with; 0: nothing."""


class PeopleLikeYou:
    """Neighbours in the space of tastes, and the cell of those who are alike in age and the like.

    Neighbours are those of users by cosine (Herlocker et al. 1999). Somebody without a history has
    their cell alone: what its people take, and what they bought with the item in view.
    """

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        model, person = query.model, query.person
        if model is None or person is None or not query.wants_items:
            return NO_PROPOSALS
        cells = model.groups.cells_of(model.groups.facts(person.age, person.words))
        # What goes with the item in view comes before what goes with nothing in particular.
        found = [*self._partners(query, model, cells), *_liked(query, model, person, cells)]
        if not found:
            return NO_PROPOSALS
        return self._shown(query, person, found)

    def _partners(self, query: Query, model: ServedModel, cells: list[int]) -> list[_Liked]:
        """Return what people of the same cell bought with what is in view, in the cart, or seen."""
        visit = query.person.visit if query.person else None
        seen = visit.item_nos if visit else ()
        anchors = list(dict.fromkeys((*query.item_nos, *query.cart_nos, *seen)))[:_MOST_ANCHORS]
        if not cells or not anchors:
            return []
        families = dict(zip(self._catalogue.family_no[anchors].tolist(), anchors, strict=True))
        found = model.groups.partners(cells, list(families))
        if found is None:
            return []
        items = np.array([families[no] for no in found.item_nos.tolist()], np.uint32)
        scores = _OF_PARTNERS + (1.0 - _OF_PARTNERS) * saturated(found.scores, _HALF_OF_PARTNERS)
        return [_Liked(found.nos, scores, found.counts, found.totals, items)]

    def _shown(self, query: Query, person: Person, found: list[_Liked]) -> Proposals:
        """Take the best of each family that may be shown and that the person has not."""
        nos = np.concatenate([each.nos for each in found])
        scores = np.concatenate(
            [each.scores * np.where(each.item_nos > 0, 1.0, _OF_PARTNERS) for each in found]
        )
        offers = query.shelf.representatives(nos)
        usable = query.shows(offers) & ~is_any_of(nos, person.owned_family_nos)
        at = usable.nonzero()[0]
        at = at[(-scores[at]).argsort(kind="stable")]
        at = at[firsts(nos[at])][: min(query.limit, _MOST)]
        return Proposals.of(
            offers[at],
            scores[at],
            np.concatenate([each.item_nos for each in found])[at],
            np.concatenate([each.counts for each in found])[at],
            np.concatenate([each.totals for each in found])[at],
        )


def _liked(query: Query, model: ServedModel, person: Person, cells: list[int]) -> list[_Liked]:
    """Return what the nearest and the cell take, weighed by what was held back."""
    near = _of_neighbours(model, query.taste)
    takings = next(
        (found for each in cells if len((found := model.groups.takings(each)).nos)), None
    )
    if takings is None:
        return [] if near is None else [_scored(near.nos, near.lifts, near.counts, near.people)]
    if near is None:
        return [_of_cell(takings)]
    return [_mixed(near, takings, model.groups.model.trust)]


@dataclass(frozen=True, slots=True)
class _Near:
    nos: NDArray[np.uint32]
    lifts: NDArray[np.floating]
    """How much larger a share of the neighbours bought it than of all."""
    counts: NDArray[np.uint32]
    people: int


def _of_neighbours(model: ServedModel, taste: Taste | None) -> _Near | None:
    if taste is None or (not len(taste.own_rows) and taste.items_seen < _FEWEST_SEEN):
        return None
    people, alike = _neighbours(model, taste)
    if len(people) < FEWEST_BUYERS:
        return None
    items, bought = model.baskets.of_all(people)
    rows, _, places = grouped(items)
    shares = np.bincount(places, (alike / alike.sum()).repeat(bought), minlength=len(rows))
    counts = np.bincount(places, minlength=len(rows))
    lifts = shares - model.bought_share[rows]
    kept = (counts >= FEWEST_BUYERS) & (lifts > 0.0)
    nos = model.items.offer_nos[rows[kept]]
    return _Near(nos, lifts[kept], counts[kept].astype(np.uint32), len(people))


def _of_cell(takings: Takings) -> _Liked:
    return _scored(takings.nos, takings.strength, takings.counts, takings.members)


def _mixed(near: _Near, takings: Takings, trust: float) -> _Liked:
    """Add both up by what each counts; the evidence is that of the cell, where it has any."""
    both = np.concatenate((takings.nos, near.nos))
    of_cell = (1.0 - trust) * (takings.shares - takings.usual)
    nos, first, places = grouped(both)
    lifts = np.concatenate((of_cell, trust * near.lifts))
    strength: NDArray[np.float64] = np.bincount(places, lifts).astype(np.float64)
    counts = np.concatenate((takings.counts, near.counts))[first]
    totals = np.where(first < len(takings.nos), takings.members, near.people)
    kept = strength > 0.0
    found = _scored(nos[kept], strength[kept], counts[kept], 0)
    return _Liked(
        found.nos, found.scores, found.counts, totals[kept].astype(np.uint32), found.item_nos
    )


def _scored(
    nos: NDArray[np.uint32],
    strength: NDArray[np.floating],
    counts: NDArray[np.uint32],
    total: int,
) -> _Liked:
    nothing = np.zeros(len(nos), np.uint32)
    return _Liked(nos, saturated(strength, _HALF), counts, nothing + np.uint32(total), nothing)


def _neighbours(model: ServedModel, taste: Taste) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows of the nearest others and their cosines."""
    rows, cosines = model.person_index.nearest(taste.unit, NEIGHBOURS + len(taste.own_rows))
    others = cosines >= _LEAST_ALIKE
    for own in taste.own_rows.tolist():
        others &= rows != own
    return rows[others][:NEIGHBOURS], cosines[others][:NEIGHBOURS]
