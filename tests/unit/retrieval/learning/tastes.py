"""Shops whose customers have a known taste, so that what is learned can be checked."""

from __future__ import annotations

import numpy as np

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.terms import ItemTexts

DAY_US = 86_400_000_000
NOW_US = 100 * DAY_US
ITEMS_PER_TASTE = 30
FIRST_NO = 101


def two_tastes(
    persons: int = 120, each: int = 14, seed: int = 5, skew: float = 0.0
) -> Interactions:
    """Even persons buy offers 101 to 130, odd ones 131 to 160, over a hundred days.

    With `skew` the first offers of each taste are bought more.
    """
    random = np.random.default_rng(seed)
    chance = np.exp(-skew * np.arange(ITEMS_PER_TASTE) / ITEMS_PER_TASTE)
    chance /= chance.sum()
    picks = np.concatenate(
        [
            random.choice(ITEMS_PER_TASTE, each, replace=False, p=chance)
            + ITEMS_PER_TASTE * (person % 2)
            for person in range(persons)
        ]
    )
    return Interactions(
        person_ids=tuple(f"p{person}" for person in range(persons)),
        persons=np.arange(persons, dtype=np.int32).repeat(each),
        offer_nos=(picks + FIRST_NO).astype(np.uint32),
        times_us=random.integers(0, NOW_US, persons * each),
        weights=np.ones(persons * each, np.float32),
    )


def texts() -> ItemTexts:
    count = 2 * ITEMS_PER_TASTE
    kinds = ["bicycle", "saucepan"]
    return ItemTexts(
        offer_nos=np.arange(FIRST_NO, FIRST_NO + count, dtype=np.uint32),
        titles=[f"{kinds[at // ITEMS_PER_TASTE]} number{at}" for at in range(count)],
        categories=[f"{kinds[at // ITEMS_PER_TASTE]}s" for at in range(count)],
        brands=[""] * count,
    )


def events(*rows: tuple[str, int, float, float]) -> Interactions:
    """Make interactions of rows (person, offer number, days ago, weight)."""
    person_ids = tuple(dict.fromkeys(row[0] for row in rows))
    return Interactions(
        person_ids=person_ids,
        persons=np.array([person_ids.index(row[0]) for row in rows], np.int32),
        offer_nos=np.array([row[1] for row in rows], np.uint32),
        times_us=np.array([NOW_US - round(row[2] * DAY_US) for row in rows], np.int64),
        weights=np.array([row[3] for row in rows], np.float32),
    )
