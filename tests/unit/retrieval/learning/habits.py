"""A shop whose customers buy the same things again every four weeks, and now and then a new one."""

from __future__ import annotations

import numpy as np

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.terms import ItemTexts

DAY_US = 86_400_000_000
NOW_US = 112 * DAY_US
EVERY_DAYS = 28
STAPLES = 6
OTHERS = 10
ITEMS = 48
FIRST_NO = 501


def habits(persons: int = 240, seed: int = 3) -> Interactions:
    """Everybody has six things with a day of the four weeks each, and takes ten others once."""
    random = np.random.default_rng(seed)
    rows = []
    for person in range(persons):
        picked = random.permutation(ITEMS)
        for item in picked[:STAPLES].tolist():
            first = random.integers(EVERY_DAYS)
            rows += [(person, item, day) for day in range(first, 112, EVERY_DAYS)]
        rows += [
            (person, item, random.integers(112)) for item in picked[STAPLES:][:OTHERS].tolist()
        ]
    people, items, days = np.array(rows).T
    return Interactions(
        person_ids=tuple(f"h{person}" for person in range(persons)),
        persons=people.astype(np.int32),
        offer_nos=(items + FIRST_NO).astype(np.uint32),
        times_us=days.astype(np.int64) * DAY_US + 1,
        weights=np.ones(len(rows), np.float32),
    )


def texts() -> ItemTexts:
    nos = np.arange(FIRST_NO, FIRST_NO + ITEMS, dtype=np.uint32)
    kinds = [f"food > kind {at % 4}" for at in range(ITEMS)]
    return ItemTexts(nos, [f"thing {no}" for no in nos.tolist()], kinds, ["b"] * ITEMS)
