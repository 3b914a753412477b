"""GOES_WITH_CART: what completes the cart, and what could be bought instead of something in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.attribute_words import GOES_WITH
from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.postings import AttributeShelf, Postings
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, is_any_of, saturated
from services.retrieval.domain.shelf import Shelf
from services.retrieval.domain.upgrades import upgrades
from shared.catalogue import Catalogue

STYLE = ("colour", "color", "material", "style", "collection", "series", "pattern", "finish")
"""Attributes that people like to be the same in what belongs together."""
_MOST_IN_CART = 12
_MOST_UPGRADED = 2
_MOST_UPGRADES = 6
_MOST = 100
_HALF = 0.1
"""A chance that is higher by so much for what lies in the cart scores a half."""
_DECLARED = 0.05
"""What an item counts for that says by itself that it goes with the category of another."""
_DECLARED_EACH = 20
_SAME_STYLE = 1.3
_SURE = 0.95
_TELLING_SHARE = 0.1
_TELLING_ORDERS = 10
"""Of fewer orders, or a smaller share of them, no percentage is told."""
_MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates as columns; an offer may come several times."""

    nos: NDArray[np.int64]
    scores: NDArray[np.float64]
    seeds: NDArray[np.int64]
    """Place in the cart of what brings it up."""
    counts: NDArray[np.uint32]
    totals: NDArray[np.uint32]
    kinds: NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        nos: NDArray[np.int64],
        scores: NDArray[np.float64],
        seeds: NDArray[np.int64],
        kind: EvidenceKind = EvidenceKind.UNSPECIFIED,
    ) -> _Found:
        none = np.zeros(len(nos), np.uint32)
        return cls(nos, scores, seeds, none, none, np.full(len(nos), kind, np.uint8))

    def only(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> _Found:
        return _Found(
            self.nos[which],
            self.scores[which],
            self.seeds[which],
            self.counts[which],
            self.totals[which],
            self.kinds[which],
        )


class GoesWithCart:
    """Adds up over the cart what orders show to be taken along, brand and style kept together.

    Without a model, what items say themselves (`goes_with`) and upgrades are left.
    """

    is_personal = True

    def __init__(self, catalogue: Catalogue, attributes: AttributeShelf) -> None:
        self._catalogue = catalogue
        self._attributes = attributes
        self._upgrades: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._tells_style = np.zeros(0, np.bool_)
        """Number of an attribute's name to whether it is of style."""
        self._shelf: Shelf | None = None
        self._postings: Postings | None = None
        """What these two are of."""

    def propose(self, query: Query) -> Proposals:
        cart = np.array(query.cart_nos[:_MOST_IN_CART], np.int64)
        if not len(cart) or not query.wants_items:
            return NO_PROPOSALS
        postings = self._laid_out(query.shelf)
        parts = [
            self._completing(query, cart, postings),
            self._declared(query, cart, postings),
            self._instead(query, cart, postings),
        ]
        found = _joined([part for part in parts if len(part.nos)])
        families = self._catalogue.family_no[found.nos]
        usable = query.shows(found.nos) & ~is_any_of(families, self._catalogue.family_no[cart])
        found = _summed(found.only(usable), families[usable])
        best = found.only((-found.scores).argsort(kind="stable")[: min(query.limit, _MOST)])
        evidence = cart[best.seeds].astype(np.uint32)
        scores = saturated(best.scores, _HALF)
        return Proposals.of(best.nos, scores, evidence, best.counts, best.totals, best.kinds)

    def _laid_out(self, shelf: Shelf) -> Postings:
        """Return the attributes of now, with nothing remembered of what was before."""
        postings = self._attributes.current
        is_same = self._shelf is shelf and self._postings is postings
        if not is_same or len(self._upgrades) > _MOST_REMEMBERED:
            self._upgrades.clear()
            names = [self._attributes.attributes.name(each) for each in STYLE]
            self._tells_style = np.zeros(int(postings.pairs.name_of.max(initial=0)) + 1, np.bool_)
            self._tells_style[[name for name in names if name < len(self._tells_style)]] = True
            self._tells_style[0] = False
            self._shelf, self._postings = shelf, postings
        return postings

    def _completing(self, query: Query, cart: NDArray[np.int64], postings: Postings) -> _Found:
        """Return what orders show, weighed by whether it keeps the brand and the style."""
        model = query.model
        if model is None:
            return _NOTHING
        rows = model.rows_of_baskets(self._catalogue.family_no[cart])
        seeds = (rows >= 0).nonzero()[0]
        if not len(seeds):
            return _NOTHING
        baskets, rows = model.learned.baskets, rows[seeds]
        each = baskets.partner_nos.shape[1]
        nos = query.shelf.representatives(baskets.partner_nos[rows].ravel())
        seeds = seeds.repeat(each)
        scores = baskets.partner_scores[rows].ravel().astype(np.float64)
        is_same = self._catalogue.brand_no[nos] == self._catalogue.brand_no[cart[seeds]]
        is_same &= self._catalogue.brand_no[nos] > 0
        scores *= np.where(is_same, baskets.brand_kept[rows].repeat(each), 1.0)
        in_style = self._in_style(nos, cart, seeds, postings)
        scores *= np.where(in_style, _SAME_STYLE, 1.0)
        counts = baskets.partner_counts[rows].ravel()
        totals = baskets.orders[rows].repeat(each)
        tells = (totals >= _TELLING_ORDERS) & (counts >= _TELLING_SHARE * totals)
        kinds = np.where(in_style & ~tells, EvidenceKind.SAME_STYLE, EvidenceKind.IN_ONE_ORDER)
        totals = np.where(tells, totals, 0).astype(np.uint32)
        return _Found(nos, scores, seeds, counts, totals, kinds.astype(np.uint8)).only(nos > 0)

    def _in_style(
        self,
        nos: NDArray[np.int64],
        cart: NDArray[np.int64],
        seeds: NDArray[np.int64],
        postings: Postings,
    ) -> NDArray[np.bool_]:
        """Return which candidates share an attribute of style with what brings them up."""
        pairs, is_style = postings.pairs, self._tells_style
        own, at = pairs.of(cart)
        told = is_style[pairs.name_of[own]]
        in_style = np.zeros(len(nos), np.bool_)
        if not told.any():
            return in_style
        width = len(pairs.name_of)
        wanted = at[told] * width + own[told]
        theirs, places = pairs.of(nos)
        told = is_style[pairs.name_of[theirs]]
        theirs, places = theirs[told], places[told]
        in_style[places[is_any_of(seeds[places] * width + theirs, wanted)]] = True
        return in_style

    def _declared(self, query: Query, cart: NDArray[np.int64], postings: Postings) -> _Found:
        """Return what says by itself that it goes with something in the cart."""
        attributes, categories = self._attributes.attributes, self._catalogue.categories
        if not attributes.name(GOES_WITH):
            return _NOTHING
        parts: list[NDArray[np.int64]] = []
        seeds: list[int] = []
        told: set[int] = set()
        for place, category_no in enumerate(self._catalogue.category_no[cart].tolist()):
            while category_no and category_no not in told:
                told.add(category_no)
                pair = attributes.pair(GOES_WITH, categories.text(category_no))
                parts.append(postings.of_pair(pair, _DECLARED_EACH))
                seeds.append(place)
                category_no = categories.parent(category_no)
        nos = np.concatenate([*parts, np.zeros(0, np.int64)])
        of_part = np.array(seeds, np.int64).repeat([len(part) for part in parts])
        nos = query.shelf.representatives(self._catalogue.family_no[nos])
        ranks = np.concatenate([*map(np.arange, map(len, parts)), np.zeros(0, np.int64)])
        style = self._in_style(nos, cart, of_part, postings)
        scores = _DECLARED * 0.97**ranks * np.where(style, _SAME_STYLE, 1.0)
        kinds = np.where(style, EvidenceKind.SAME_STYLE, EvidenceKind.UNSPECIFIED)
        none = np.zeros(len(nos), np.uint32)
        return _Found(nos, scores, of_part, none, none, kinds.astype(np.uint8)).only(nos > 0)

    def _instead(self, query: Query, cart: NDArray[np.int64], postings: Postings) -> _Found:
        """Return upgrades of what was put in first."""
        parts = []
        for place, item_no in enumerate(cart[:_MOST_UPGRADED].tolist()):
            found = self._upgrades.get(item_no)
            if found is None:
                found = upgrades(item_no, self._catalogue, query.shelf, postings)
                self._upgrades[item_no] = found
            nos, scores = found
            shown = query.shows(nos).nonzero()[0][:_MOST_UPGRADES]
            nos, scores = nos[shown], scores[shown]
            seeds = np.full(len(nos), place)
            parts.append(_Found.of(nos, _HALF * scores, seeds, EvidenceKind.UPGRADE))
        return _joined(parts)


def _joined(parts: Sequence[_Found]) -> _Found:
    if len(parts) <= 1:
        return parts[0] if parts else _NOTHING
    return _Found(
        np.concatenate([part.nos for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.seeds for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.totals for part in parts]),
        np.concatenate([part.kinds for part in parts]),
    )


def _summed(found: _Found, families: NDArray[np.uint32]) -> _Found:
    """Keep each family once, under what speaks for it most, for all that speaks for it.

    What several things of the cart bring up is likelier than for one of them, and never sure: the
    chances that none of them brings it about are multiplied.
    """
    if not len(found.nos):
        return found
    order = np.lexsort((-found.scores, families))
    firsts = np.flatnonzero(np.diff(families[order].astype(np.int64), prepend=-1))
    misses = np.log1p(-np.minimum(found.scores[order], _SURE))
    together = -np.expm1(np.add.reduceat(misses, firsts))
    best = found.only(order[firsts])
    return _Found(best.nos, together, best.seeds, best.counts, best.totals, best.kinds)


_NOTHING = _Found.of(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
