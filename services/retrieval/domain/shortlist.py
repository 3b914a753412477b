"""Shortlists what meets the most of what was asked, without a look at the whole catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.matching import Demand, affordable, weights
from services.retrieval.domain.postings import Postings
from services.retrieval.domain.query import Query
from shared.catalogue import Catalogue

_MOST = 1024
_MOST_LISTED = 40_000
"""Items that are listed for all answers together."""
_MOST_OF_ANSWER = 12_000
_FEWEST_LISTED = 512
"""Items that each answer may list however many there are."""
_MOST_WALKED = 20_000
"""Most popular items that are looked at where only category and price say anything."""
_MOST_LISTS = 7
_IN_CATEGORY = 1 << _MOST_LISTS
_COMBINATIONS = 2 * _IN_CATEGORY


class Shortlist:
    """Marks on lists of what meets each answer which answers each item meets.

    A list that is too long is cut at what is popular, as all others are, so that what meets all
    of them is on all. Of one thread: the marks are kept in one array and cleared again.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._marks = np.zeros(0, np.uint8)
        """Offer number to the lists that it is on, as bits; 0 between requests."""

    def of(self, wanted: Sequence[Demand], query: Query, postings: Postings) -> NDArray[np.int64]:
        """Return what may be shown and paid, each once, the popular first."""
        rarest = [at for at, demand in enumerate(wanted) if len(demand.pairs)]
        rarest = sorted(rarest, key=lambda at: wanted[at].count)[:_MOST_LISTS]
        items, marks = self._marked(_lists([wanted[at] for at in rarest], postings), postings)
        marks |= self._in_category(items, wanted)
        walked = self._walked(wanted, query, postings, _FEWEST_LISTED if len(items) else _MOST)
        parts, room = [walked], _MOST
        for mark in _best_first(marks, rarest, wanted, postings):
            found = items[marks == mark]
            found = found[self._may_be(found, wanted, query)]
            parts.append(_most_popular(found, room, postings))
            room -= len(parts[-1])
            if room <= 0:
                break
        return _once(np.concatenate(parts), postings)

    def _marked(
        self, lists: Sequence[NDArray[np.int64]], postings: Postings
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return what is on any list with its marks; on several, it comes with the first."""
        if len(self._marks) < len(postings.rank):
            self._marks = np.zeros(len(postings.rank), np.uint8)
        for at, listed in enumerate(lists):
            self._marks[listed] |= np.uint8(1 << at)
        items, marks = [np.zeros(0, np.int64)], [np.zeros(0, np.uint8)]
        for listed in lists:
            found = self._marks[listed]
            self._marks[listed] = 0
            items.append(listed)
            marks.append(found)
        return np.concatenate(items), np.concatenate(marks)

    def _in_category(
        self, items: NDArray[np.int64], wanted: Sequence[Demand]
    ) -> NDArray[np.uint8] | np.uint8:
        category_no = _category(wanted)
        if not category_no:
            return np.uint8(0)
        under = self._catalogue.categories.under(category_no).astype(np.uint8) * _IN_CATEGORY
        found: NDArray[np.uint8] = under[self._catalogue.category_no[items]].astype(np.uint8)
        return found

    def _walked(
        self, wanted: Sequence[Demand], query: Query, postings: Postings, most: int
    ) -> NDArray[np.int64]:
        """Return the most popular of the category that may be shown and paid.

        Without a category they are of the whole shop, where nothing but a price says anything.
        """
        category_no = _category(wanted)
        of_price_alone = most == _MOST and any(each.is_about_price for each in wanted)
        if not category_no and not of_price_alone:
            return np.zeros(0, np.int64)
        shelf = query.shelf
        places = shelf.in_category(category_no) if category_no else shelf.every_place
        nos = shelf.ranked[places[:_MOST_WALKED]]
        nos = nos[nos < len(postings.rank)]  # what came since is laid out in a moment
        return nos[self._may_be(nos, wanted, query)][:most]

    def _may_be(
        self, nos: NDArray[np.int64], wanted: Sequence[Demand], query: Query
    ) -> NDArray[np.bool_]:
        """Return which may be shown and paid."""
        may_be = query.shows(nos)
        for demand in wanted:
            if demand.is_about_price:
                may_be &= affordable(nos, demand.answer, self._catalogue)
        return may_be


def _lists(rarest: Sequence[Demand], postings: Postings) -> list[NDArray[np.int64]]:
    """List what meets each; the rarer leave what room they do not need to the others."""
    lists, room = list[NDArray[np.int64]](), _MOST_LISTED
    for place, demand in enumerate(rarest):
        most = min(max(room // (len(rarest) - place), _FEWEST_LISTED), _MOST_OF_ANSWER)
        lists.append(postings.of_pairs(demand.pairs, most))
        room -= len(lists[-1])
    return lists


def _best_first(
    marks: NDArray[np.uint8], rarest: Sequence[int], wanted: Sequence[Demand], postings: Postings
) -> list[int]:
    """Return the marks that there are, by the weight of the answers that they stand for."""
    weight = weights(wanted, postings.count)
    combinations = np.arange(_COMBINATIONS)
    worth = np.zeros(_COMBINATIONS)
    for bit, at in enumerate(rarest):
        worth += weight[at] * (combinations >> bit & 1)
    worth[_IN_CATEGORY:] += sum(weight[at] for at, each in enumerate(wanted) if each.category_no)
    found = np.bincount(marks, minlength=_COMBINATIONS)
    found[::_IN_CATEGORY] = 0  # on no list, or taken from an earlier one
    there = found.nonzero()[0]
    best: list[int] = there[(-worth[there]).argsort(kind="stable")].tolist()
    return best


def _category(wanted: Sequence[Demand]) -> int:
    return next((each.category_no for each in wanted if each.category_no), 0)


def _most_popular(items: NDArray[np.int64], most: int, postings: Postings) -> NDArray[np.int64]:
    ranks = postings.rank[items]
    if len(items) <= most or (ranks[1:] > ranks[:-1]).all():  # as all that have one pair are
        return items[:most]
    return items[ranks.argpartition(most)[:most]]


def _once(items: NDArray[np.int64], postings: Postings) -> NDArray[np.int64]:
    ranks = postings.rank[items]
    order = ranks.argsort(kind="stable")
    is_first = np.diff(ranks[order], prepend=-1) > 0
    return items[order[is_first]]
