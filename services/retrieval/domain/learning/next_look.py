"""What is looked at next in a visit, by visits alike and by walks from what it looked at.

Visits alike are weighed as by Garg et al. 2019 (STAN) and Ludewig et al. 2021 (VSTAN): by what they
share with this one, the later the more, by its rarity, and by their age; what they hold counts by
how near it lies to what is shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.runs import distinct, spread
from services.retrieval.domain.learning.session_model import SessionModel
from services.retrieval.domain.learning.visits import MOST_OF_ONE

MOST_LOOKED_AT = 8
"""Of this visit, the last; what came before them says little more."""
_MOST_HOLDING = 1_600
"""Visits that hold any of them, of each as many, the newest."""
_MOST_ALIKE = 400
_BACKWARD = 0.6
"""What was looked at before what is shared beside 1 for what was looked at after."""
_LENGTH_POWER = 0.25
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class NextLooks:
    """Things that may be looked at next, as columns of equal length, in no order."""

    rows: NDArray[np.int64]
    by_visits: NDArray[np.float64]
    """Shares of what visits alike lead to."""
    by_walks: NDArray[np.float64]
    """Shares of what walks lead to."""
    signals: NDArray[np.float64]
    """(things, 5) the `session_model.SIGNALS` after the share."""
    places: NDArray[np.int64]
    """Which of those looked at speaks most for it."""
    viewed: NDArray[np.int64]
    """Visits that looked at both; 0: not counted."""
    bought: NDArray[np.int64]
    """Visits that looked at the one and bought the other; 0: not counted."""
    visits: int
    """That held anything of it."""


@dataclass(frozen=True, slots=True)
class _Led:
    """Things that something looked at leads to, as columns of equal length."""

    rows: NDArray[np.int64]
    seeds: NDArray[np.int64]
    """Place of what leads there among what was looked at."""
    amounts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Visitors:
    """A model of visits made ready to be asked."""

    model: SessionModel
    holder_starts: NDArray[np.int64]
    """(n + 1,) where in `holders` those of each row begin and the next one's."""
    holders: NDArray[np.int64]
    """Visits that looked at a row, the newest first."""
    positions: NDArray[np.int64]
    """In the visit."""
    visit_weights: NDArray[np.float64]
    """By age and length."""
    rarity: NDArray[np.float64]
    """By row."""
    near: NDArray[np.float64]
    """By clicks apart, `MOST_OF_ONE` being none."""
    item_signals: NDArray[np.float64]
    """(n, 2) `lately` and `held`, as logarithms."""

    @classmethod
    def of(cls, model: SessionModel) -> Visitors:
        """Make a model ready; takes a second for a million clicks."""
        lengths = np.diff(model.starts)
        visit_of = np.arange(len(lengths)).repeat(lengths)
        positions = np.arange(len(model.rows)) - model.starts[visit_of]
        newest = np.argsort(model.rows[::-1], kind="stable")
        newest = len(model.rows) - 1 - newest
        count = len(model.offer_nos)
        apart = np.arange(-MOST_OF_ONE, MOST_OF_ONE + 1)
        near = model.gap_decay ** np.maximum(np.abs(apart) - 1, 0)
        near[apart < 0] *= _BACKWARD
        return cls(
            model=model,
            holder_starts=model.rows[newest].searchsorted(np.arange(count + 1)).astype(np.int64),
            holders=visit_of[newest],
            positions=positions[newest],
            visit_weights=model.fresh / np.maximum(lengths, 1) ** _LENGTH_POWER,
            rarity=np.log(max(len(lengths), 1) / np.maximum(model.held, 1.0)) + 1.0,
            near=near,
            item_signals=np.log1p(np.stack((model.lately, model.held), 1).astype(np.float64)),
        )

    def next_looks(self, looked_at: NDArray[np.int64]) -> NextLooks:
        """Return what may be looked at next; `looked_at` are rows, each once, the newest first.

        There must be at least one.
        """
        looked_at = looked_at[:MOST_LOOKED_AT]
        kept, model = len(looked_at), self.model
        weights = np.power(model.position_decay, np.arange(kept, dtype=np.float64))
        led, visits = self._by_visits(looked_at, weights)
        walked, walks = self._by_walks(looked_at, weights)
        rows, _, places = distinct(
            np.concatenate((led.rows, walked.rows, looked_at)), len(model.offer_nos)
        )
        shape = (len(rows), kept)
        of_led = places[: len(led.rows)] * kept + led.seeds
        of_walked = places[len(led.rows) : len(places) - kept] * kept + walked.seeds
        by_visits = _shares(of_led, led.amounts, shape)
        by_walks = _shares(of_walked, walked.amounts, shape)
        part = model.session_share
        seeds = (part * by_visits + (1.0 - part) * by_walks).argmax(axis=1)
        chosen = np.arange(len(rows)) * kept + seeds
        return NextLooks(
            rows=rows,
            by_visits=by_visits.sum(axis=1),
            by_walks=by_walks.sum(axis=1),
            signals=self._signals(rows, places[len(places) - kept :]),
            places=seeds,
            viewed=_placed(of_walked, model.walk_viewed[walks], shape)[chosen],
            bought=_placed(of_walked, model.walk_bought[walks], shape)[chosen],
            visits=visits,
        )

    def strengths(self, found: NextLooks) -> NDArray[np.float64]:
        """Return how strongly each is expected, as logarithms of chances up to a constant."""
        model = self.model
        part = model.session_share
        shares = part * found.by_visits + (1.0 - part) * found.by_walks
        weights = model.weights.astype(np.float64)
        strengths: NDArray[np.float64] = (
            weights[0] * np.log(shares + LEAST_SHARE) + found.signals @ weights[1:]
        )
        return strengths

    def _by_visits(
        self, looked_at: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> tuple[_Led, int]:
        """Return what visits alike hold, by what they have in common, and how many there are."""
        begins = self.holder_starts[looked_at]
        counts = self.holder_starts[looked_at + 1] - begins
        counts = np.minimum(counts, _MOST_HOLDING // max(len(looked_at), 1))
        at = spread(begins, counts)
        alike, first, places = distinct(self.holders[at], len(self.visit_weights))
        shared = (weights * self.rarity[looked_at]).repeat(counts)
        common = np.bincount(places, shared, len(alike)) * self.visit_weights[alike]
        visits = len(alike)
        if visits > _MOST_ALIKE:
            best = np.argpartition(-common, _MOST_ALIKE)[:_MOST_ALIKE]
            alike, first, common = alike[best], first[best], common[best]
        begins, ends = self.model.starts[alike], self.model.starts[alike + 1]
        lengths = ends - begins
        clicks = spread(begins, lengths)
        apart = clicks - (begins + self.positions[at[first]]).repeat(lengths)
        led = _Led(
            rows=self.model.rows[clicks].astype(np.int64),
            seeds=counts.cumsum().searchsorted(first, "right").repeat(lengths),
            amounts=common.repeat(lengths) * self.near[apart + MOST_OF_ONE],
        )
        return led, visits

    def _by_walks(
        self, looked_at: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> tuple[_Led, NDArray[np.int64]]:
        """Return where walks end, and the places of those walks."""
        model = self.model
        begins = model.walk_starts[looked_at]
        counts = model.walk_starts[looked_at + 1] - begins
        walks = spread(begins, counts)
        led = _Led(
            rows=model.walk_rows[walks].astype(np.int64),
            seeds=np.arange(len(looked_at)).repeat(counts),
            amounts=model.walk_shares[walks] * weights.repeat(counts),
        )
        return led, walks

    def _signals(
        self, rows: NDArray[np.int64], looked_at: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the signals; `looked_at` are places in `rows`, the newest first."""
        signals = np.zeros((len(rows), 5))
        signals[:, :2] = self.item_signals[rows]
        signals[looked_at[:1], 2] = 1.0
        signals[looked_at[1:2], 3] = 1.0
        signals[looked_at[2:], 4] = 1.0
        return signals


def _shares(
    cells: NDArray[np.int64], amounts: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Add up what falls on each cell of a matrix, as shares of all."""
    totals = np.zeros(shape[0] * shape[1])
    totals += np.bincount(cells, amounts, len(totals))
    totals /= max(float(totals.sum()), LEAST_SHARE)
    return totals.reshape(shape)


def _placed(
    cells: NDArray[np.int64], counts: NDArray[np.uint32], shape: tuple[int, int]
) -> NDArray[np.int64]:
    placed = np.zeros(shape[0] * shape[1], np.int64)
    placed[cells] = counts
    return placed
