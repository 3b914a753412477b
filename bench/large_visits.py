"""What a large model knows of visits and of later orders, as training would leave it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.large_categories import of_same_category
from services.retrieval.domain.learning.session_model import SessionModel, SessionSetting
from services.retrieval.domain.learning.successor_model import SuccessorModel
from services.retrieval.domain.learning.visits import MOST_CLICKS, MOST_OF_ONE, MOST_VISITS

_FEWEST_CLICKS = 2
_WALKS = 30
_WALKED_ON = 0.8
"""Of all walks from a thing, those that are kept."""
_NEXT = 8
_WINDOW_DAYS = 60.0


def large_sessions(
    offer_nos: NDArray[np.uint32],
    category: NDArray[np.int64],
    rng: np.random.Generator,
    most: int = MOST_VISITS,
) -> SessionModel:
    """Return as many visits as are ever kept, each at home in the category of one thing.

    The categories are by row of `offer_nos`.
    """
    count = len(offer_nos)
    starts, rows = _visits(category, rng, most)
    looked = np.bincount(rows, minlength=count).astype(np.uint32)
    walks = count * _WALKS
    shares = -np.sort(-rng.random((count, _WALKS), np.float32), axis=1)
    shares *= np.float32(_WALKED_ON) / shares.sum(axis=1, keepdims=True)
    setting = SessionSetting()
    return SessionModel(
        offer_nos=offer_nos,
        starts=starts,
        rows=rows.astype(np.uint32),
        fresh=np.linspace(0.2, 1.0, len(starts) - 1, dtype=np.float32),
        looked=looked,
        held=looked,
        lately=looked.astype(np.float32) * rng.random(count, np.float32) * np.float32(0.1),
        walk_starts=np.arange(0, walks + 1, _WALKS),
        walk_rows=of_same_category(category, _WALKS, rng).ravel().astype(np.uint32),
        walk_shares=shares.ravel(),
        walk_viewed=rng.integers(1, 12, walks, np.uint32),
        walk_bought=rng.integers(0, 4, walks, np.uint32),
        position_decay=setting.position_decay,
        gap_decay=setting.gap_decay,
        session_share=setting.session_share,
        weights=np.array(setting.weights, np.float32),
    )


def _visits(
    category: NDArray[np.int64], rng: np.random.Generator, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each visit begins, and its clicks as rows, each thing once a visit."""
    count = len(category)
    more = rng.geometric(1.0 / (MOST_CLICKS / MOST_VISITS - _FEWEST_CLICKS), most)
    lengths = np.minimum(_FEWEST_CLICKS + more, MOST_OF_ONE)
    lengths = lengths[: int(lengths.cumsum().searchsorted(MOST_CLICKS, "right"))]
    begun_at = rng.integers(0, count, len(lengths)).repeat(lengths)
    rows = _near(begun_at, category, rng)
    keys = np.arange(len(lengths)).repeat(lengths) * count + rows
    kept = np.sort(np.unique(keys, return_index=True)[1])
    visits = keys[kept] // count
    starts = visits.searchsorted(np.arange(len(lengths) + 1)).astype(np.int64)
    return starts, rows[kept]


def _near(
    rows: NDArray[np.int64], category: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return for each row one of its category, some far more often than others."""
    order = np.argsort(category, kind="stable")
    sizes = np.bincount(category)
    first = np.cumsum(sizes) - sizes
    own = category[rows]
    places = first[own] + (rng.random(len(rows)) ** 3 * sizes[own]).astype(np.int64)
    drawn: NDArray[np.int64] = order[places]
    return drawn


def large_successors(
    offer_nos: NDArray[np.uint32], category: NDArray[np.int64], rng: np.random.Generator
) -> SuccessorModel:
    """Return what is bought next after each of some things: things of the same aisle."""
    shape = (len(offer_nos), _NEXT)
    counts = rng.integers(3, 40, shape, np.uint32)
    return SuccessorModel(
        offer_nos=offer_nos,
        buyers=counts.max(axis=1) + rng.integers(10, 200, len(offer_nos), np.uint32),
        starts=np.arange(0, len(offer_nos) * _NEXT + 1, _NEXT),
        next_nos=offer_nos[of_same_category(category // 10, _NEXT, rng)].ravel(),
        chances=(-np.sort(-rng.random(shape, np.float32), axis=1) * np.float32(0.2)).ravel(),
        counts=counts.ravel(),
        window_days=_WINDOW_DAYS,
    )
