"""The best of the category that is being shopped in right now, near in price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import (
    NO_PROPOSALS,
    Proposals,
    Query,
    is_any_of,
)
from services.retrieval.domain.walking import best_shown
from shared.catalogue import Catalogue

_LOOKED_AT = 250
"""Best of a category that are weighed by price."""
_BESIDE_SHARE = 0.1
"""What a category beside the one looked at counts against it. In visits of the story shop its
things are bought 0.02 times as often; real visits wander more."""
_MOST = 100


@dataclass(frozen=True, slots=True)
class _Focus:
    """What the person is looking at."""

    category_no: int
    item_no: int
    """The evidence, of that category; 0: nothing of it was looked at."""
    price_micros: float
    """Usual price of what they look at; 0: not known."""
    family_nos: NDArray[np.uint32]
    """Families that are no news to them: in view and the last one viewed."""
    within_nos: NDArray[np.int32]
    """Categories within it of the items looked at; none: all of it is."""


class InCategory:
    """Looks in the deepest category first, then in the one above it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        focus = self._focus(query) if query.wants_items else None
        if focus is None:
            return NO_PROPOSALS
        nos, scores = self._weighed(focus, query)
        best = (-scores).argsort(kind="stable")[: min(query.limit, _MOST)]
        return Proposals.of(nos[best], scores[best], focus.item_no)

    def _weighed(
        self, focus: _Focus, query: Query
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Weigh the best of the category and, where those are few, of the one above it."""
        catalogue, shelf = self._catalogue, query.shelf
        own = best_shown(query, focus.category_no, _LOOKED_AT)
        above, parent = own[:0], catalogue.categories.parent(focus.category_no)
        if len(own) < _MOST and parent:
            above = best_shown(query, parent, _LOOKED_AT)
        nos = shelf.ranked[np.concatenate((own, above))]
        mask = ~is_any_of(catalogue.family_no[nos], focus.family_nos)
        if len(above):
            under = catalogue.categories.under(focus.category_no)
            mask[len(own) :] &= ~under[catalogue.category_no[nos[len(own) :]]]
        rank = np.concatenate((_falling(len(own)), _falling(len(above))))
        scores = 0.5 * rank + 0.5 * _nearness(catalogue.home_prices(nos), focus.price_micros)
        scores[self._beside(nos, len(own), focus)] *= _BESIDE_SHARE
        return nos[mask], scores[mask]

    def _beside(self, nos: NDArray[np.int64], own: int, focus: _Focus) -> NDArray[np.bool_]:
        """Return which are of other categories than was looked at; the first `own` are within."""
        beside = np.arange(len(nos)) >= own
        if len(focus.within_nos):
            beside |= ~is_any_of(self._catalogue.category_no[nos], focus.within_nos)
        return beside

    def _focus(self, query: Query) -> _Focus | None:
        """Take what is in view before what was viewed earlier in the visit."""
        catalogue = self._catalogue
        visit = query.person.visit if query.person else None
        viewed = visit.item_nos if visit else ()
        in_view = query.item_nos
        looked_at = in_view or viewed
        category_no = (
            (int(catalogue.category_no[in_view[0]]) if in_view else 0)
            or query.category_no
            or (visit.category_no if visit else 0)
            or (int(catalogue.category_no[looked_at[0]]) if looked_at else 0)
        )
        if not category_no:
            return None
        known = np.array((*in_view, *viewed[:1]), np.int64)
        return _Focus(
            category_no=category_no,
            item_no=self._last_within(looked_at, category_no),
            price_micros=self._usual_price(looked_at, category_no),
            family_nos=catalogue.family_no[known],
            within_nos=self._within(looked_at, category_no),
        )

    def _last_within(self, item_nos: tuple[int, ...], category_no: int) -> int:
        """Return the item of a category that was looked at last; 0: none of it."""
        is_within = self._catalogue.categories.under(category_no)
        category_of = self._catalogue.category_no
        return next((no for no in item_nos if is_within[category_of[no]]), 0)

    def _within(self, item_nos: tuple[int, ...], category_no: int) -> NDArray[np.int32]:
        categories = np.unique(self._catalogue.category_no[np.array(item_nos, np.int64)])
        is_within = self._catalogue.categories.under(category_no)
        within: NDArray[np.int32] = categories[is_within[categories]]
        return within

    def _usual_price(self, item_nos: tuple[int, ...], category_no: int) -> float:
        """Return the median price of the items looked at, of the same category where there are."""
        nos = np.array(item_nos, np.int64)
        nos = nos[self._catalogue.home_prices(nos) > 0]
        alike = nos[self._catalogue.category_no[nos] == category_no]
        prices = self._catalogue.home_prices(alike if len(alike) else nos)
        return float(np.median(prices)) if len(prices) else 0.0


def _falling(count: int) -> NDArray[np.float64]:
    """Return 1 for the first, falling evenly towards 0."""
    return 1.0 - np.arange(count) / max(count, 1)


def _nearness(price_micros: NDArray[np.int64], usual_micros: float) -> NDArray[np.float64]:
    """Return 1 for the usual price, a half for twice or half of it; 0 where it is not known."""
    prices = np.maximum(price_micros, 1).astype(np.float64)
    if usual_micros <= 0.0:
        return np.zeros(len(prices))
    return np.minimum(prices / usual_micros, usual_micros / prices)
