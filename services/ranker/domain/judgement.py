"""Judges candidates by what was learned, and draws what to try: Thompson sampling."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.arbitration import Assumed, Column
from services.ranker.domain.chance import Chance
from services.ranker.domain.encoding import NOTHING, Hashes, encode
from services.ranker.domain.exploration import Exploration
from services.ranker.domain.features import Features
from services.ranker.domain.model import Model, predictive, prior_offset

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
    characteristics: Hashes = field(default_factory=lambda: NOTHING)
    """Of the person and the moment, for reports; the same for all candidates."""

    def encoded(self, at: int) -> bytes:
        """Return what the model saw of one candidate, to learn from its answer."""
        return encode(float(self.offset[at]), self.rows[at], self.characteristics)


@dataclass(frozen=True, slots=True)
class Draws:
    """What could be true of the candidates, again and again; of shape (draws, candidates)."""

    chances: NDArray[np.float32]
    """Acceptance probabilities, 0 to 1."""
    scores: NDArray[np.float32]
    decisive: int
    """The draw that is followed where something is tried out."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is expected of the candidates; columns of shape (candidates,)."""

    assumed: Assumed
    probability: Column
    """Acceptance probability by all that is known, 0 to 1."""
    chance: Column
    """The probability that decides: that of the draw, else the one above."""
    score: Column
    """Arbitration by the chance, in units of the base currency."""
    draws: Draws | None = None
    """None: nothing is tried out."""
    sighted: Sighted | None = None
    """None: nobody learns from these."""
    exploration: Exploration | None = None
    """What trying out was expected to cost; None: not decided, or nothing was drawn."""

    @property
    def worth(self) -> Column:
        """What each is expected to earn, by all that is known."""
        return self.probability * self.assumed.stake

    def decided(self, exploration: Exploration) -> Judgement:
        """Return the judgement by which the page is filled: the draw's, where it is tried out."""
        draws = self.draws
        if draws is None or not exploration.is_tried:
            return replace(self, exploration=exploration)
        return replace(
            self,
            chance=draws.chances[draws.decisive].astype(np.float64),
            score=draws.scores[draws.decisive].astype(np.float64),
            exploration=exploration,
        )


def as_assumed(assumed: Assumed, sighted: Sighted | None = None) -> Judgement:
    """Judge by the priors alone: nothing was learned yet, or nothing shall be used of it."""
    probability = assumed.probability
    return Judgement(assumed, probability, probability, probability * assumed.stake, None, sighted)


def sight(features: Features, assumed: Assumed, characteristics: Hashes = NOTHING) -> Sighted:
    """Return what the model sees; with nothing learned it predicts what is assumed."""
    offset = prior_offset(assumed.probability, features.prior_variance)
    return Sighted(features, offset, np.ascontiguousarray(features.indices.T), characteristics)


def judge(
    assumed: Assumed, sighted: Sighted, model: Model, chance: Chance | None = None
) -> Judgement:
    """Judge by what was learned; with a `chance`, also draw what else could be true.

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
    noise, decisive = chance.noise(len(log_odds))
    chances = _drawn(log_odds, own, shared, noise) * possible
    draws = Draws(chances, chances * stake.astype(np.float32), decisive)
    return Judgement(assumed, probability, probability, probability * stake, draws, sighted)


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
