"""How well items match what was asked for: each answer met counts by how rare it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.answers import CATEGORY, PRICE, Answer
from services.retrieval.domain.attributes import Attributes, span
from services.retrieval.domain.postings import Postings
from services.retrieval.domain.shelf import Shelf
from shared.catalogue import Catalogue
from shared.money import MICROS

_KNOWN = 32
_OF_STANDING = 0.25
"""What an answer of some time ago counts beside one of this request."""


@dataclass(frozen=True, slots=True)
class Demand:
    """An answer, looked up in what items have."""

    answer: Answer
    name: int
    """Number of the attribute's name; 0: the answer is about category or price."""
    pairs: NDArray[np.int64]
    """An item with any of them meets it."""
    count: int
    """How many meet it."""
    category_no: int = 0

    @property
    def is_about_price(self) -> bool:
        return not self.name and not self.category_no


def demands(
    answers: Sequence[Answer],
    attributes: Attributes,
    postings: Postings,
    shelf: Shelf,
    catalogue: Catalogue,
) -> list[Demand]:
    """Look answers up; what no item has any attribute for is no demand on items."""
    found: list[Demand] = []
    for answer in answers:
        if answer.name == CATEGORY:
            found += (_of_category(answer, value, shelf, catalogue) for value in answer.values[:1])
        elif answer.name == PRICE:
            found.append(Demand(answer, 0, np.zeros(0, np.int64), postings.count))
        elif name := attributes.name(answer.name):
            found.append(_of_attribute(answer, name, attributes, postings))
    return [each for each in found if each.name or each.category_no or each.answer.name == PRICE]


def _of_category(answer: Answer, path: str, shelf: Shelf, catalogue: Catalogue) -> Demand:
    number = catalogue.categories.find(path)
    return Demand(answer, 0, np.zeros(0, np.int64), len(shelf.in_category(number)), number)


def _of_attribute(answer: Answer, name: int, attributes: Attributes, postings: Postings) -> Demand:
    if answer.is_range:
        pairs = postings.within(name, answer.least, answer.most)
    else:
        pairs = _of_values(answer, name, attributes, postings)
    return Demand(answer, name, pairs, int(postings.counts(pairs).sum()))


def _of_values(
    answer: Answer, name: int, attributes: Attributes, postings: Postings
) -> NDArray[np.int64]:
    """Return the pairs that say just a value, or a range that it lies within."""
    found = [attributes.pair(answer.name, value) for value in answer.values]
    pairs = [np.array([pair for pair in found if pair], np.int64)]
    for value in answer.values:
        least, most = span(value)
        if least == most:
            pairs.append(postings.within(name, least, most))
    known = np.concatenate(pairs)
    return np.unique(known[known < len(postings.pairs.name_of)])


@dataclass(frozen=True, slots=True)
class Matches:
    """How items meet demands."""

    items: NDArray[np.int64]
    met: NDArray[np.bool_]
    """(items, demands)"""
    scores: NDArray[np.float64]
    """Share of the demands that is met, by their weight, 0 to 1."""


def matches(
    items: NDArray[np.int64], wanted: Sequence[Demand], postings: Postings, catalogue: Catalogue
) -> Matches:
    """Compare items, each given once, leaving out those that break a bound."""
    met, known = met_and_known(items, wanted, postings)
    allowed = np.ones(len(items), np.bool_)
    for at, demand in enumerate(wanted):
        if demand.name and demand.answer.is_range:
            allowed &= ~known[:, at] | met[:, at]
        elif demand.category_no:
            under = catalogue.categories.under(demand.category_no)
            met[:, at] = under[catalogue.category_no[items]]
        elif demand.is_about_price:
            met[:, at] = affordable(items, demand.answer, catalogue)
            allowed &= met[:, at]
    items, met = items[allowed], met[allowed]
    return Matches(items, met, met @ weights(wanted, postings.count))


def met_and_known(
    items: NDArray[np.int64], wanted: Sequence[Demand], postings: Postings
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, by item and demand, whether it is met, and whether the item says anything of it.

    Of a demand that is not about attributes neither is.
    """
    told = np.zeros(len(postings.pairs.name_of), np.uint64)
    for at, demand in enumerate(wanted):
        if demand.name:
            told[demand.pairs] |= np.uint64(1 << at)
            told[postings.of_name(demand.name)] |= np.uint64(1 << (at + _KNOWN))
    own, places = postings.pairs.of(items)
    counts = np.bincount(places, minlength=len(items))
    bits = np.zeros(len(items), np.uint64)
    if len(own):
        has_any = counts > 0
        starts = (counts.cumsum() - counts)[has_any]
        bits[has_any] = np.bitwise_or.reduceat(told[own], starts)
    places_of_bits = np.arange(len(wanted), dtype=np.uint64)
    met = (bits[:, None] >> places_of_bits) & np.uint64(1)
    known = (bits[:, None] >> (places_of_bits + np.uint64(_KNOWN))) & np.uint64(1)
    return met.astype(np.bool_), known.astype(np.bool_)


def affordable(items: NDArray[np.int64], answer: Answer, catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return which items cost what an answer about the price says; it is in the home currency."""
    prices = catalogue.home_prices(items) / MICROS
    if answer.is_range:
        suits = (prices >= answer.least) & (prices <= answer.most)
    else:
        suits = np.isin(prices, [span(value)[0] for value in answer.values])
    known = catalogue.exchange.is_known(items, catalogue)
    return suits if known is None else suits & known


def weights(wanted: Sequence[Demand], count: int) -> NDArray[np.float64]:
    """Return what each demand counts: what fewer items meet tells more; a category most of all."""
    found = np.array([np.log1p(count / (1.0 + demand.count)) + 0.1 for demand in wanted])
    found *= np.where([demand.answer.is_standing for demand in wanted], _OF_STANDING, 1.0)
    is_category = np.array([demand.category_no > 0 for demand in wanted], np.bool_)
    found[is_category] = found[~is_category].sum() + 0.1
    scaled: NDArray[np.float64] = found / found.sum()
    return scaled
