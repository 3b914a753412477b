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
_POSITIONS: Final = 8
"""As many are filled in every draw at the usual cost; for more of them there are fewer draws."""
_CURIOSITY: Final = 0.5
"""Scales the noise: half of it earns more (Chapelle & Li 2011, "posterior reshaping"), all the
more as what candidates share is drawn for each by itself."""
_SURE: Final = 30.0
"""Log-odds beyond which nothing changes in single precision."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """What the model sees of the candidates."""

    features: Features
    offset: Column
    """Log-odds assumed before anything was learned, shape (candidates,)."""
    rows: NDArray[np.uint32]
    """The features by candidate, shape (candidates, columns)."""

    def encoded(self, at: int) -> bytes:
        """Return what the model saw of one candidate, to learn from its answer."""
        return encode(float(self.offset[at]), self.rows[at])


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
    offset = prior_offset(assumed.probability, features.prior_variance)
    return Sighted(features, offset, np.ascontiguousarray(features.indices.T))


@dataclass(frozen=True, slots=True)
class Chance:
    """How the draws of one request come about."""

    seed: int
    positions: int = 1
    """How many are to be filled in all."""

    @property
    def draws(self) -> int:
        """How many draws there are; a page of many positions is filled less often."""
        return DRAWS >> min(2, max(0, self.positions - 1) // _POSITIONS)


def judge(
    assumed: Assumed, sighted: Sighted, model: Model, chance: Chance | None = None
) -> Judgement:
    """Judge by what was learned; with a `chance`, one of its draws of the weights decides.

    Noise is drawn per candidate from its own marginal, N(m·x, x'Vx), as of independent weights,
    and scaled down; the probabilities that are told are those of the draws as they are.
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
    if chance is None:
        return Judgement(assumed, probability, probability, probability * stake, sighted=sighted)
    alike = (features.indices == features.indices[:, :1]).all(axis=1)
    shared = float(variances[alike, 0].sum())
    own = variances[~alike].sum(axis=0)
    noise, decisive = _noise(chance, len(log_odds))
    chances = _drawn(log_odds, own, shared, noise) * possible
    draws = chances * stake.astype(np.float32)
    return Judgement(
        assumed,
        probability,
        chances[decisive].astype(np.float64),
        draws[decisive].astype(np.float64),
        draws,
        sighted,
    )


def _drawn(
    log_odds: Column, own: Column, shared: float, noise: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return acceptance probabilities of every draw, shape (draws, candidates)."""
    odds = noise * (_CURIOSITY * np.sqrt(own)).astype(np.float32)
    odds += np.clip(log_odds, -_SURE, _SURE).astype(np.float32)
    odds *= np.float32(-1.0 / np.sqrt(1.0 + np.pi / 8.0 * shared))
    np.exp(odds, out=odds)
    odds += np.float32(1.0)
    chances: NDArray[np.float32] = np.reciprocal(odds, out=odds)
    return chances


def _noise(chance: Chance, candidates: int) -> tuple[NDArray[np.float32], int]:
    """Return standard normal noise, shape (draws, candidates), and which of the draws decides.

    A stretch of one long table that begins where the seed says: to draw anew for each request
    would cost as much as all else that a ranking costs.
    """
    size = chance.draws * candidates
    mixed = _mixed(chance.seed)
    start = mixed % (_TABLE - size)
    noise = _NORMALS[start : start + size].reshape(chance.draws, candidates)
    return noise, (mixed >> 32) % chance.draws


def _mixed(seed: int) -> int:
    """Return 64 bits that have nothing in common for seeds that do (SplitMix64, Steele 2014)."""
    mixed = (seed + 0x9E3779B97F4A7C15) & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _WORD
    return mixed ^ mixed >> 31


_WORD: Final = 0xFFFF_FFFF_FFFF_FFFF
_TABLE: Final = 1 << 19
"""Four times what the most candidates of a request need."""
_NORMALS: Final = np.random.default_rng(20_100_607).standard_normal(_TABLE, np.float32)
