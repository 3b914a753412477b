"""Judges candidates by what was learned, and draws what to try: Thompson sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.arbitration import Assumed, Column
from services.ranker.domain.encoding import encode
from services.ranker.domain.features import Features
from services.ranker.domain.model import Model, predictive, prior_offset

DRAWS: Final = 64
"""Of which one decides; the share of them that choose a candidate is its probability."""
_SURE: Final = 30.0
"""Log-odds beyond which nothing changes in single precision."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """What the model sees of the candidates."""

    features: Features
    offset: Column
    """Log-odds assumed before anything was learned, shape (candidates,)."""

    def encoded(self, at: int) -> bytes:
        """Return what the model saw of one candidate, to learn from its answer."""
        return encode(float(self.offset[at]), self.features.indices[:, at])


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is expected of the candidates; columns of shape (candidates,)."""

    assumed: Assumed
    probability: Column
    """Acceptance probability by all that is known, 0 to 1."""
    chance: Column
    """The probability that decides: that of the draw, else the one above."""
    score: Column
    """Arbitration by the chance, in units of the currency."""
    draws: NDArray[np.float32] | None = None
    """Scores of every draw, shape (draws, candidates); None: nothing is sampled."""
    sighted: Sighted | None = None
    """None: nobody learns from these."""


def as_assumed(assumed: Assumed, sighted: Sighted | None = None) -> Judgement:
    """Judge by the priors alone: nothing was learned yet, or nothing shall be used of it."""
    probability = assumed.probability
    return Judgement(assumed, probability, probability, probability * assumed.stake, None, sighted)


def sight(features: Features, assumed: Assumed) -> Sighted:
    """Return what the model sees; with nothing learned it predicts what is assumed."""
    return Sighted(features, prior_offset(assumed.probability, features.prior_variance))


def judge(
    assumed: Assumed, sighted: Sighted, model: Model, random: np.random.Generator | None
) -> Judgement:
    """Judge by what was learned; with `random`, one of `DRAWS` draws of the weights decides.

    Noise is drawn per candidate from its own marginal, N(m·x, x'Vx), as of independent weights.
    Weights that speak for every candidate alike would move all log-odds by the same amount and so
    hardly their order: they are not drawn but averaged over. What else candidates share is drawn
    for each by itself, which explores a little more than drawing the weights would.
    """
    features, offset = sighted.features, sighted.offset
    log_odds = offset + model.means(features.indices)
    variances = model.variance_matrix(features.indices)
    possible = assumed.probability > 0.0
    probability = predictive(log_odds, variances.sum(axis=0)) * possible
    stake = assumed.stake
    if random is None:
        return Judgement(assumed, probability, probability, probability * stake, sighted=sighted)
    alike = (features.indices == features.indices[:, :1]).all(axis=1)
    shared = float(variances[alike, 0].sum())
    own = variances[~alike].sum(axis=0)
    chances = _drawn(log_odds, own, shared, random) * possible
    draws = chances * stake.astype(np.float32)
    decisive = int(random.integers(DRAWS))
    return Judgement(
        assumed,
        probability,
        chances[decisive].astype(np.float64),
        draws[decisive].astype(np.float64),
        draws,
        sighted,
    )


def _drawn(
    log_odds: Column, own: Column, shared: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Return acceptance probabilities of every draw, shape (DRAWS, candidates)."""
    noise = random.standard_normal((DRAWS, len(log_odds)), np.float32)
    noise *= np.sqrt(own).astype(np.float32)
    noise += np.clip(log_odds, -_SURE, _SURE).astype(np.float32)
    noise *= np.float32(1.0 / np.sqrt(1.0 + np.pi / 8.0 * shared))
    np.exp(-noise, out=noise)
    noise += np.float32(1.0)
    chances: NDArray[np.float32] = np.reciprocal(noise, out=noise)
    return chances


def generator(seed: int) -> np.random.Generator:
    """Return the source of every random choice of one decision."""
    return np.random.Generator(np.random.SFC64(seed))
