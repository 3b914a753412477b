"""What groups of people take, as a large model knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bench.large_categories import of_same_category
from services.retrieval.domain.learning.cell_keys import BASE, depth
from services.retrieval.domain.learning.facets import AGE, band_words
from services.retrieval.domain.learning.gifts import GENDER, OCCASION
from services.retrieval.domain.learning.groups import FEWEST, SHIFT, GroupModel

REGION = "region"
GENDERS = ("female", "male")
REGIONS = ("north", "east", "south", "west", "coast", "hills", "city", "isles")
OCCASIONS = ("birthday", "christmas", "wedding", "graduation")
_BUYERS: Mapping[str, Sequence[str]] = {AGE: band_words(), GENDER: GENDERS, REGION: REGIONS}
_RECIPIENTS: Mapping[str, Sequence[str]] = {
    AGE: band_words(),
    GENDER: GENDERS,
    OCCASION: OCCASIONS,
}
_TAKEN = 300
"""Things of each cell."""
_PARTNERS = 10
_ITEMS_WITH_PARTNERS = 3_000
_DEEPEST_WITH_PARTNERS = 2
"""Words of a cell that has enough people who dealt with the same thing."""
_TRUST = 0.5


def large_groups(
    offer_nos: NDArray[np.uint32], category: NDArray[np.int64], rng: np.random.Generator
) -> GroupModel:
    """Return cells by age, gender and region, with partners of the first things of categories."""
    cells = _cells(_BUYERS, offer_nos, rng)
    order = np.argsort(category, kind="stable")
    sizes = np.bincount(category)
    place = np.empty(len(category), np.int64)
    place[order] = np.arange(len(category)) - (np.cumsum(sizes) - sizes).repeat(sizes)
    items = np.sort(np.lexsort((np.arange(len(place)), place))[:_ITEMS_WITH_PARTNERS])
    deep = [depth(key) for key in cells.keys.tolist()]
    told = [at for at, words in enumerate(deep) if 0 < words <= _DEEPEST_WITH_PARTNERS]
    near = of_same_category(category, _PARTNERS, rng)[items]
    lists = len(told) * len(items)
    counts = rng.integers(FEWEST, 30, (lists, _PARTNERS), np.uint32)
    scores = -np.sort(-rng.random((lists, _PARTNERS), np.float32), axis=1) * np.float32(0.4)
    keys = (np.array(told, np.int64)[:, None] << SHIFT) | offer_nos[items].astype(np.int64)
    return replace(
        cells,
        partner_keys=keys.ravel(),
        partner_totals=counts.max(axis=1) + rng.integers(1, 40, lists, np.uint32),
        partner_starts=np.arange(0, lists * _PARTNERS + 1, _PARTNERS),
        partner_nos=np.tile(offer_nos[near].ravel(), len(told)),
        partner_scores=scores.ravel(),
        partner_counts=counts.ravel(),
    )


def large_gifts(offer_nos: NDArray[np.uint32], rng: np.random.Generator) -> GroupModel:
    """Return cells of those whom gifts are for, by age, gender and occasion."""
    return _cells(_RECIPIENTS, offer_nos, rng)


def _cells(
    facets: Mapping[str, Sequence[str]], offer_nos: NDArray[np.uint32], rng: np.random.Generator
) -> GroupModel:
    """Return a cell for every combination of words, each of which takes other things."""
    digits = product(*(range(len(words) + 1) for words in facets.values()))
    keys = np.sort(
        [sum(digit * BASE**column for column, digit in enumerate(each)) for each in digits]
    )
    count = len(keys)
    shares = -np.sort(-rng.random((count, _TAKEN), np.float32), axis=1) * np.float32(0.2)
    return replace(
        GroupModel.none(),
        facets=tuple(facets),
        words=tuple(word for words in facets.values() for word in words),
        ends=np.cumsum([len(words) for words in facets.values()], dtype=np.int64),
        keys=keys.astype(np.int64),
        members=rng.integers(50, 5_000, count, np.uint32),
        starts=np.arange(0, count * _TAKEN + 1, _TAKEN),
        nos=offer_nos[rng.integers(0, len(offer_nos), count * _TAKEN)],
        shares=shares.ravel(),
        usual=shares.ravel() * np.float32(0.5),
        counts=rng.integers(FEWEST, 50, count * _TAKEN, np.uint32),
        trust=_TRUST,
    )
