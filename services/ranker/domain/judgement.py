"""Judges candidates by what was learned, and draws what to try: Thompson sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.arbitration import Assumed, Column
from services.ranker.domain.boosting import Said
from services.ranker.domain.chance import Chance
from services.ranker.domain.encoding import NOTHING, Hashes, encode, encode_each
from services.ranker.domain.exploration import Exploration
from services.ranker.domain.features import Features
from services.ranker.domain.model import Model, predictive, prior_offset
from services.ranker.domain.situation import Situation

_CURIOSITY: Final = 0.5
"""Scales the noise: half of it earns more (Chapelle & Li 2011, "posterior reshaping"), all the
more as what candidates share is drawn for each by itself."""
_UNDRAWN: Final = 1.0 - _CURIOSITY**2
"""Share of a variance that is not drawn. It is averaged over, so that the draws of what is hardly
known are as good on average as it is expected to be, and trying out does not shun it."""
_SURE: Final = 30.0
"""Log-odds beyond which nothing changes in single precision."""


@dataclass(frozen=True, slots=True)
class Sighted:
    """What the model sees of the candidates."""

    features: Features
    offset: Column
    """Log-odds assumed before anything was learned, shape (candidates,)."""
    characteristics: Hashes = field(default_factory=lambda: NOTHING)
    """Of the person and the moment, for reports; the same for all candidates."""
    said: Said | None = None
    """What a booster says of them; None: none is served."""
    taught: Sighted | None = None
    """What may be learned from instead; None: all of it."""
    situation: Situation | None = None
    """Of whom and when it is seen, for whoever names it; None: not said."""

    def encoded(self, at: int, placement: str = "", position: int = 0) -> bytes:
        """Return what the model saw of one candidate, as far as its answer may teach it.

        As it is shown: at a position, from 0, of a placement; without one, as it was scored.
        """
        if self.taught is not None:
            return self.taught.encoded(at, placement, position)
        features = self.features
        seen = features.of_candidate(at)
        if placement:
            seen = features.at_position(at, placement, position)
        return encode(float(self.offset[at]), seen, self.characteristics)

    def encoded_each(
        self, at: Sequence[int], placement: str, positions: Sequence[int]
    ) -> list[bytes]:
        """Return `encoded` of several candidates, each at a position of one placement."""
        if self.taught is not None:
            return self.taught.encoded_each(at, placement, positions)
        rows = self.features.shown(at, placement, positions)
        return encode_each(self.offset[at].tolist(), rows, self.characteristics)


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
    is_by_learning: bool = True
    """False: by the priors alone, whatever was learned."""

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
    return Judgement(
        *(assumed, probability, probability, probability * assumed.stake),
        sighted=sighted,
        is_by_learning=False,
    )


def sight(features: Features, assumed: Assumed, characteristics: Hashes = NOTHING) -> Sighted:
    """Return what the model sees; with nothing learned it predicts what is assumed."""
    offset = prior_offset(assumed.probability, features.prior_variance)
    return Sighted(features, offset, characteristics)


def judge(
    assumed: Assumed, sighted: Sighted, model: Model, chance: Chance | None = None
) -> Judgement:
    """Judge by what was learned; with a `chance`, also draw what else could be true.

    Noise is drawn per candidate from its own marginal, N(m·x, x'Vx), as of independent weights,
    and scaled down; the probabilities that are told are those of the draws as they are.
    Weights that speak for every candidate alike would move all log-odds by the same amount and so
    hardly their order: they are not drawn but averaged over. What candidates of one kind and top
    category share is drawn once for them all; what else they share is drawn for each by itself,
    which explores a little more than drawing the weights would.
    """
    features, offset = sighted.features, sighted.offset
    crosses = features.crosses
    learned, variances = model.beliefs(features.indices)
    learned_of_groups, of_groups = model.totals(crosses.indices)
    log_odds = offset + learned
    log_odds += learned_of_groups[crosses.group_of]
    if (said := sighted.said) is not None:
        log_odds, variances = said.mixed(log_odds), variances * said.left
        of_groups *= said.left
    possible = assumed.probability > 0.0
    spread = variances.sum(axis=0) + of_groups[crosses.group_of]
    probability = predictive(log_odds, spread) * possible
    stake = assumed.stake
    if chance is None:
        return Judgement(assumed, probability, probability, probability * stake, sighted=sighted)
    alike = (features.indices == features.indices[:, :1]).all(axis=1)
    shared = float(variances[alike, 0].sum())
    own = variances[~alike].sum(axis=0)
    noise, decisive = chance.noise(len(log_odds) + len(of_groups))
    noise, group_noise = noise[:, : len(log_odds)], noise[:, len(log_odds) :]
    averaged = shared + _UNDRAWN * own
    if len(of_groups) == 1:
        averaged += float(of_groups[0])
        moved = None
    else:
        averaged += _UNDRAWN * of_groups[crosses.group_of]
        moved = (group_noise * _scale(of_groups)).take(crosses.group_of, axis=1, mode="clip")
    chances = _drawn(log_odds, noise * _scale(own), moved, averaged)
    if not possible.all():
        chances *= possible
    draws = Draws(chances, chances * stake.astype(np.float32), decisive)
    return Judgement(assumed, probability, probability, probability * stake, draws, sighted)


def _scale(variances: Column) -> NDArray[np.float32]:
    return (_CURIOSITY * np.sqrt(variances)).astype(np.float32)


def _drawn(
    log_odds: Column,
    odds: NDArray[np.float32],
    moved: NDArray[np.float32] | None,
    averaged: Column,
) -> NDArray[np.float32]:
    """Return acceptance probabilities of every draw, shape (draws, candidates).

    `odds` holds the noise of each, `moved` that of its group, `averaged` the variance of what is
    not drawn; the first is overwritten.
    """
    if moved is not None:
        odds += moved
    odds += np.clip(log_odds, -_SURE, _SURE).astype(np.float32)
    odds *= (-1.0 / np.sqrt(1.0 + np.pi / 8.0 * averaged)).astype(np.float32)
    np.exp(odds, out=odds)
    odds += np.float32(1.0)
    chances: NDArray[np.float32] = np.reciprocal(odds, out=odds)
    return chances
