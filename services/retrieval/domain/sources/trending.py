"""TRENDING: what is bought more than usual these days, here and by people alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import grouped
from services.retrieval.domain.lifts import Lift, Lifts
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from services.retrieval.domain.trends import NOTHING_RISES, Rising, Trends
from shared.catalogue import Catalogue

_MOST = 50
_MOST_REMEMBERED = 512
_DEPTH = 2
_ELSEWHERE = 0.3
"""What rises in another part of the shop than the page is about, beside what rises there."""
_AMONG_OTHERS = 0.5
"""How much a rise in the whole shop counts beside the same one at the placement, or among people of
the persona, where anything rises there."""


class Trending:
    """Takes what rises and may be shown; in a fresh shop nothing does."""

    is_personal = False

    def __init__(
        self, catalogue: Catalogue, trends: Trends, lifts: Callable[[], Lifts] = Lifts
    ) -> None:
        self._catalogue = catalogue
        self._trends = trends
        self._lifts = lifts
        self._remembered: dict[tuple[tuple[str, ...], str], Rising] = {}
        self._remembered_of: tuple[Rising, Lifts | None] = (NOTHING_RISES, None)

    def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        rising = self._rising(query.placements, query.person.persona if query.person else "")
        if not len(rising.family_nos):
            return NO_PROPOSALS
        nos = query.shelf.representatives(rising.family_nos)
        at = query.shows(nos).nonzero()[0]
        more = (rising.ratios[at] - 1.0) * self._in_season(nos[at])
        scores = more / (more + 1.0) * self._nearness(nos[at], query)
        best = (-scores).argsort(kind="stable")[: min(query.limit, _MOST)]
        at = at[best]
        return Proposals.of(nos[at], scores[best], 0, rising.counts[at], rising.usual[at])

    def _rising(self, placements: tuple[str, ...], persona: str) -> Rising:
        """Return what rises here and for whoever asks, as was looked at some seconds ago."""
        of = in_shop, lifts = self._trends.current, self._lifts()
        was = self._remembered_of
        if of[0] is not was[0] or of[1] is not was[1] or len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
            self._remembered_of = of
        found = self._remembered.get((placements, persona))
        if found is None:
            found = _with_crowds(in_shop, lifts.found(placements, persona))
            self._remembered[placements, persona] = found
        return found

    def _in_season(self, nos: NDArray[np.int64]) -> NDArray[np.float64]:
        season, category_nos = self._trends.season, self._catalogue.category_no[nos]
        known = category_nos < len(season)  # a category may have come since
        found = np.ones(len(nos))
        found[known] = season[category_nos[known]]
        return found

    def _nearness(self, nos: NDArray[np.int64], query: Query) -> NDArray[np.float64]:
        category_of = self._catalogue.category_no
        part_of = self._catalogue.categories.at_depth(_DEPTH)
        page = {query.category_no, *(int(category_of[no]) for no in query.item_nos[:1])} - {0}
        if not page:
            return np.ones(len(nos))
        near = np.zeros(len(nos), np.bool_)
        for part in {int(part_of[number]) for number in page}:
            near |= self._catalogue.categories.under(part)[category_of[nos]]
        return np.where(near, 1.0, _ELSEWHERE)


def _with_crowds(in_shop: Rising, crowds: Sequence[Lift]) -> Rising:
    """Return what rises anywhere of these, each family once, by where it rises the most.

    The counts are those of the shop; what rises in a crowd alone has none to tell.
    """
    of_crowds = [lift.rising for lift in crowds if len(lift.rising.family_nos)]
    if not of_crowds:
        return in_shop
    listed = [in_shop, *of_crowds]
    families = np.concatenate([each.family_nos for each in listed])
    among_others = 1.0 + _AMONG_OTHERS * (in_shop.ratios - 1.0)
    ratios = np.concatenate((among_others, *(each.ratios for each in of_crowds)))
    once, first, place = grouped(families)
    steepest = np.zeros(len(once))
    np.maximum.at(steepest, place, ratios)
    # The shop stands first: where it has counts, they are those.
    counts = np.concatenate([each.counts for each in listed])[first]
    usual = np.concatenate([each.usual for each in listed])[first]
    return Rising(once, counts, usual, steepest)
