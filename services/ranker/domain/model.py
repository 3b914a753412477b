"""The model of acceptance: online Bayesian logistic regression with independent weights."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import Sight
from services.ranker.domain.layout import VERSION, WEIGHTS, prior_variances

Column = NDArray[np.float64]

DRIFT: Final = 3e-4
"""Share of the way back to its prior variance that a weight goes before each row it is part of."""
_LARGEST_SHARE = 0.5
_PROBIT = math.pi / 8.0
_MAGIC = b"touchpoint model"
_HEAD = struct.Struct("<16sBQI")
"""Magic, layout, last row, weights that follow."""


class SnapshotError(Exception):
    """A snapshot that is no snapshot of this model."""


class Model:
    """A Gaussian over the weights of a logistic regression, mean and variance of each.

    Each row is taken by one step of an extended Kalman filter: the likelihood is linearised at the
    predictive p = σ(κ m), with MacKay's κ (1992), so that the step is linear in the label:
    Δw = v / (1 + s q) · (y - p), with s the variance of the row's log-odds and q = p (1 - p).
    Independent weights and such steps are those of Graepel et al., "Web-Scale Bayesian
    Click-Through Rate Prediction" (AdPredictor, 2010); a prior by offset and Thompson sampling
    those of Chapelle & Li, "An Empirical Evaluation of Thompson Sampling" (2011); the setting and
    its pitfalls McMahan et al., "Ad Click Prediction: a View from the Trenches" (2013).

    An impression is a negative at once (y = 0). An acceptance corrects it: because the step is
    linear in the label, adding v / (1 + s q) · 1 then is what knowing the label would have added,
    to first order in what was learned between, and the precision was counted already. One that
    came late adds a share of it; what is brought back takes the same away again.

    The variances of a row shrink in proportion to their squares such that the variance of its
    log-odds becomes s / (1 + s q), exactly that of the full covariance: independent weights that
    each shrank by themselves would go on learning as fast as on the first day. Before that they
    drift a little back towards their prior, so that the last few hundred rows of a kind count
    (West & Harrison, "Bayesian Forecasting and Dynamic Models", discounting).

    Equal rows in equal order give equal bits: sums are exact (`math.fsum`), no vectorised
    transcendental is used.
    """

    def __init__(self) -> None:
        self.number = 0
        """The last row learned from."""
        self._prior = prior_variances()
        self._mean = np.zeros(WEIGHTS)
        self._variance = self._prior.copy()

    def learn(
        self, number: int, outcome: Outcome, sight: Sight | None, credit: float = 1.0
    ) -> None:
        """Take the row of that number, which follows the last one; None: teaches nothing.

        `credit`, above 0 and at most 1, is the share of the correction that is made or taken back.
        """
        assert number == self.number + 1, f"row {number} does not follow {self.number}"
        self.number = number
        if sight is None or outcome is Outcome.DECLINED:
            return
        indices = sight.indices
        if outcome is Outcome.SHOWN:
            held = self._variance[indices]
            held += DRIFT * (self._prior[indices] - held)
            gain, chance = self._gain(sight, held)
            self._mean[indices] -= held * (gain * chance)
            self._variance[indices] = _shrunk(held, chance)
        else:
            held = self._variance[indices]
            gain, _ = self._gain(sight, held)
            step = -credit if outcome is Outcome.RETURNED else credit
            self._mean[indices] += held * (gain * step)

    def means(self, indices: NDArray[np.uint32]) -> Column:
        """Return what was learned of the log-odds, summed over the first axis of `indices`."""
        found: Column = self._mean.take(indices).sum(axis=0)
        return found

    def variance_matrix(self, indices: NDArray[np.uint32]) -> Column:
        """Return how unsure each weight is, in the shape of `indices`."""
        found: Column = self._variance.take(indices)
        return found

    def predict(self, sight: Sight) -> float:
        """Return the predictive probability of one row."""
        return self._gain(sight, self._variance[sight.indices])[1]

    def snapshot(self) -> bytes:
        """Return all that was learned, as bytes that are equal for equal models."""
        changed = np.flatnonzero((self._mean != 0.0) | (self._variance != self._prior))
        head = _HEAD.pack(_MAGIC, VERSION, self.number, len(changed))
        parts = (
            changed.astype("<u4"),
            self._mean[changed].astype("<f8"),
            self._variance[changed].astype("<f8"),
        )
        return head + b"".join(part.tobytes() for part in parts)

    @classmethod
    def restored(cls, data: bytes) -> Model:
        """Return the model of a snapshot; raises `SnapshotError`."""
        if len(data) < _HEAD.size:
            raise SnapshotError("too short")
        magic, version, number, count = _HEAD.unpack_from(data)
        if magic != _MAGIC or version != VERSION:
            raise SnapshotError(f"of another kind or layout ({version})")
        if len(data) != _HEAD.size + count * 20:
            raise SnapshotError("of another length than it says")
        model = cls()
        changed = np.frombuffer(data, "<u4", count, _HEAD.size)
        model._mean[changed] = np.frombuffer(data, "<f8", count, _HEAD.size + 4 * count)
        model._variance[changed] = np.frombuffer(data, "<f8", count, _HEAD.size + 12 * count)
        model.number = number
        return model

    def _gain(self, sight: Sight, held: Column) -> tuple[float, float]:
        """Return 1 / (1 + s q) and the predictive probability of one row."""
        spread = math.fsum(held.tolist())
        log_odds = sight.offset + math.fsum(self._mean[sight.indices].tolist())
        chance = _logistic(log_odds / math.sqrt(1.0 + _PROBIT * spread))
        return 1.0 / (1.0 + spread * chance * (1.0 - chance)), chance


def _shrunk(held: Column, chance: float) -> Column:
    """Return the variances after a row, so that their sum s becomes s / (1 + s q)."""
    spread = math.fsum(held.tolist())
    squares = math.fsum((held * held).tolist())
    information = spread * chance * (1.0 - chance)
    lost = spread * information / (1.0 + information)
    return held * (1.0 - np.minimum(held * (lost / squares), _LARGEST_SHARE))


def predictive(log_odds: Column, variance: Column | float) -> Column:
    """Return the probability of acceptance over all that the log-odds may be (MacKay 1992)."""
    return logistic(log_odds / np.sqrt(1.0 + _PROBIT * variance))


def logistic(log_odds: Column) -> Column:
    """Return 1 / (1 + exp(-x)); what exceeds the range of exp is 0 or 1 anyway."""
    chance: Column = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -60.0, 60.0)))
    return chance


def prior_offset(probability: Column, variance: float) -> Column:
    """Return the log-odds whose predictive is `probability` while nothing is learned.

    `variance` is that of the log-odds before anything is learned. Probabilities of 0 and 1 are
    taken for a millionth off: nothing that can be shown is impossible.
    """
    likely = np.minimum(np.maximum(probability, _LEAST), 1.0 - _LEAST)
    offset: Column = np.log(likely / (1.0 - likely)) * math.sqrt(1.0 + _PROBIT * variance)
    return offset


_LEAST = 1e-6
EMPTY_NAME: Final = hashlib.sha256(Model().snapshot()).hexdigest()
"""Name of the snapshot of a model that has learned nothing."""


def _logistic(log_odds: float) -> float:
    if log_odds < -60.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(-min(log_odds, 60.0)))
