"""Visits to learn from, written as one writes them down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.retrieval.domain.learning.interactions import WEIGHTS, Interactions
from tests.unit.retrieval.learning.tastes import DAY_US, NOW_US

MINUTE_US = 60_000_000


def clicks(*visits: Sequence[int]) -> Interactions:
    """Make one visit after the other, a day apart, the last ending a day ago.

    A negative number is bought instead of looked at.
    """
    rows = [
        (visit, number, at)
        for visit, numbers in enumerate(visits)
        for at, number in enumerate(numbers)
    ]
    age_days = np.array([len(visits) - visit for visit, _, _ in rows], np.int64)
    weights = [WEIGHTS["purchase" if number < 0 else "view"] for _, number, _ in rows]
    return Interactions(
        person_ids=tuple(f"v{visit}" for visit in range(len(visits))),
        persons=np.array([visit for visit, _, _ in rows], np.int32),
        offer_nos=np.abs(np.array([number for _, number, _ in rows], np.int64)).astype(np.uint32),
        times_us=NOW_US - age_days * DAY_US + np.array([at for *_, at in rows]) * MINUTE_US,
        weights=np.array(weights, np.float32),
        sessions=np.array([visit + 1 for visit, _, _ in rows], np.int32),
    )


def random_visits(seed: int, visits: int = 60, items: int = 25) -> list[list[int]]:
    """Return visits that wander among neighbouring numbers, some going back."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(visits):
        at, visit = int(random.integers(1, items + 1)), []
        for _ in range(int(random.integers(1, 8))):
            visit.append(at)
            at = int(np.clip(at + random.integers(-2, 4), 1, items))
        found.append(visit)
    return found
