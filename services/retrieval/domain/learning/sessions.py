"""Learns from anonymous visits which things are looked at after which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.history import DAY_US
from services.retrieval.domain.learning.session_model import SessionModel, SessionSetting
from services.retrieval.domain.learning.visits import Visits
from services.retrieval.domain.learning.walks import counted, walks_of


def session_model(visits: Visits, setting: SessionSetting, now_us: int) -> SessionModel:
    """Learn from visits as of a moment."""
    once = visits.distinct()
    size = len(once.offer_nos)
    walks = walks_of(visits)
    viewed, bought = counted(walks, once)
    return SessionModel(
        offer_nos=once.offer_nos,
        starts=once.starts,
        rows=once.rows.astype(np.uint32),
        fresh=fresh(once, setting, now_us),
        looked=np.bincount(once.rows[once.looked], minlength=size).astype(np.uint32),
        held=np.bincount(once.rows, minlength=size).astype(np.uint32),
        lately=lately(once, setting.lately_days, now_us),
        walk_starts=walks.starts,
        walk_rows=walks.rows.astype(np.uint32),
        walk_shares=walks.shares,
        walk_viewed=viewed,
        walk_bought=bought,
        position_decay=setting.position_decay,
        gap_decay=setting.gap_decay,
        session_share=setting.session_share,
        weights=np.array(setting.weights, np.float32),
    )


def fresh(visits: Visits, setting: SessionSetting, now_us: int) -> NDArray[np.float32]:
    """Return how much each visit counts by its age."""
    return np.exp2(-_days(visits, now_us) / setting.fade_days).astype(np.float32)


def lately(once: Visits, half_life_days: float, now_us: int) -> NDArray[np.float32]:
    """Return, by row, the visits that looked at it, decayed; `once` holds each thing once."""
    decayed = np.exp2(-_days(once, now_us)[once.visit_of] / half_life_days)
    return np.bincount(once.rows, decayed, minlength=len(once.offer_nos)).astype(np.float32)


def _days(visits: Visits, now_us: int) -> NDArray[np.int64]:
    """Return the age of each visit in whole days.

    From what a visit counts its age can be read off, and whoever holds a log of addresses finds by
    a time to the second whose it was.
    """
    ages: NDArray[np.int64] = (now_us - visits.times_us) // DAY_US
    return ages
