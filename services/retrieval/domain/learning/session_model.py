"""What is known of anonymous visits: sequences of things, and where looking on leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.runs import are_runs
from services.retrieval.domain.learning.visits import MOST_OF_ONE

SIGNALS = ("share", "lately", "looked", "last", "last but one", "earlier")
"""What speaks for a thing to be looked at next: the logarithm of its share of what visits alike and
walks lead to, of the visits to it lately and ever; and whether this visit looked at it before."""


@dataclass(frozen=True, slots=True)
class SessionSetting:
    """How much what is farther off counts; found on the last part of the log."""

    position_decay: float = 0.6
    """What a thing looked at counts beside 1 of the one looked at after it."""
    gap_decay: float = 0.78
    """What a thing counts that another visit looked at one click farther off."""
    fade_days: float = 365.0
    """So many days ago a visit counts half."""
    lately_days: float = 5.0
    """So many days ago a visit counts half for what is looked at these days."""
    session_share: float = 0.55
    """What visits alike count; the rest is for walks."""
    weights: tuple[float, ...] = (1.05, 0.5, -0.55, 0.0, 0.6, 0.1)
    """Of `SIGNALS`."""


@dataclass(frozen=True, slots=True)
class SessionModel:
    """Visits as sequences of things, the oldest first, of nobody in particular; n things.

    Nothing in it names a person or a session.
    """

    offer_nos: NDArray[np.uint32]
    """(n,) ascending; a place in it is a row."""
    starts: NDArray[np.int64]
    """(visits + 1,) where in `rows` each one's begin and the next one's."""
    rows: NDArray[np.uint32]
    """Each thing once a visit, by when it was looked at last."""
    fresh: NDArray[np.float32]
    """(visits,) how much each counts by its age, 0 to 1."""
    looked: NDArray[np.uint32]
    """(n,) visits that looked at it."""
    held: NDArray[np.uint32]
    """(n,) visits that looked at it or bought it."""
    lately: NDArray[np.float32]
    """(n,) visits that looked at it, each decayed since."""
    walk_starts: NDArray[np.int64]
    """(n + 1,) where in `walk_rows` each row's begin and the next one's."""
    walk_rows: NDArray[np.uint32]
    walk_shares: NDArray[np.float32]
    """Of the walks from there, 0 to 1."""
    walk_viewed: NDArray[np.uint32]
    """Visits that looked at both ends."""
    walk_bought: NDArray[np.uint32]
    """Visits that looked at the one and bought the other."""
    position_decay: float
    gap_decay: float
    session_share: float
    weights: NDArray[np.float32]
    """Of `SIGNALS`."""

    @classmethod
    def none(cls) -> SessionModel:
        """Return what knows no visit."""
        nos, reals = np.zeros(0, np.uint32), np.zeros(0, np.float32)
        start = np.zeros(1, np.int64)
        plain = SessionSetting()
        return cls(
            *(nos, start, nos, reals, nos, nos, reals, start, nos, reals, nos, nos),
            plain.position_decay,
            plain.gap_decay,
            plain.session_share,
            np.array(plain.weights, np.float32),
        )

    def fits(self) -> bool:
        """Return whether the arrays agree with each other."""
        count, visits, walks = len(self.offer_nos), len(self.fresh), len(self.walk_rows)
        of_items = (self.looked, self.held, self.lately)
        of_walks = (self.walk_shares, self.walk_viewed, self.walk_bought)
        decays = (self.position_decay, self.gap_decay, self.session_share)
        return (
            all(each.shape == (count,) for each in of_items)
            and all(each.shape == (walks,) for each in of_walks)
            and are_runs(self.starts, visits, len(self.rows))
            and are_runs(self.walk_starts, count, walks)
            and int(np.diff(self.starts).max(initial=0)) <= MOST_OF_ONE
            and bool((self.rows < count).all())
            and bool((self.walk_rows < count).all())
            and self.weights.shape == (len(SIGNALS),)
            and all(0.0 <= each <= 1.0 for each in decays)
        )
