"""The whole report: what predicts acceptance, how much, since when; or why nothing does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import numpy as np

from services.ranker.domain.insight.answered import Answered, Characteristic
from services.ranker.domain.insight.design import Design
from services.ranker.domain.insight.effects import (
    Effect,
    Estimate,
    Estimates,
    effects,
    estimates,
    times_as_often,
)
from services.ranker.domain.insight.predictors import LEVEL, Predictor, Search, search
from services.ranker.domain.insight.regression import fit
from services.ranker.domain.meeting import PEOPLE

FEWEST: Final = 20
"""Acceptances, and as many refusals, before anything is tested."""
_PARTS: Final = 3
_SURELY_CHANGED: Final = 2.576
"""Standard errors; a change that is none is told once in a hundred values."""
_POWER: Final = 0.8


class Nothing(IntEnum):
    """Why nothing predicts, numbers as in the contract."""

    TOO_FEW_PEOPLE = 1
    TOO_FEW_ACCEPTED = 2
    TOO_FEW_NOT_ACCEPTED = 3
    NONE_COMMON = 4
    """No characteristic is known of enough people."""
    NO_DIFFERENCE = 5


class Trend(IntEnum):
    """What became of an effect over the period, likewise."""

    UNKNOWN = 0
    STEADY = 1
    GROWING = 2
    FADING = 3


@dataclass(frozen=True, slots=True)
class Part:
    """An effect in a third of the period; None: too little was answered."""

    since_us: int
    until_us: int
    times_as_often: Estimate | None


@dataclass(frozen=True, slots=True)
class Followed:
    """An effect, and what became of it."""

    effect: Effect
    trend: Trend
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Finding:
    """A name that predicts, with its values, the clearest first."""

    predictor: Predictor
    values: Sequence[Followed]


@dataclass(frozen=True, slots=True)
class Study:
    """What was found."""

    people: int
    shown: int
    accepted: int
    names: Sequence[str]
    """Tested."""
    findings: Sequence[Finding]
    """The surest first."""
    nothing: Nothing | None
    """Why there are no findings."""
    detectable: float
    """What would have been found four times in five where half of the people have it: so many
    times as often accepted; 0: nothing would."""


def study(answered: Answered, dictionary: Mapping[int, Characteristic]) -> Study:
    """Find what predicts acceptance in showings and what became of them."""
    design = Design(answered, dictionary)
    accepted = round(float(design.accepted.sum()))
    lacking = _lacking(design, accepted)
    if lacking is not None:
        return Study(design.people, design.rows, accepted, (), (), lacking, 0.0)
    found = search(design)
    findings = _findings(answered, dictionary, design, found)
    nothing = None if findings else Nothing.NO_DIFFERENCE
    names = sorted(design.named)
    detectable = _detectable(design, len(names))
    return Study(design.people, design.rows, accepted, names, findings, nothing, detectable)


def _lacking(design: Design, accepted: int) -> Nothing | None:
    """Return what there is too little of to tell anything."""
    if design.people < 2 * PEOPLE:
        return Nothing.TOO_FEW_PEOPLE
    if accepted < FEWEST:
        return Nothing.TOO_FEW_ACCEPTED
    if design.rows - accepted < FEWEST:
        return Nothing.TOO_FEW_NOT_ACCEPTED
    return None if design.columns else Nothing.NONE_COMMON


def _findings(
    answered: Answered, dictionary: Mapping[int, Characteristic], design: Design, found: Search
) -> list[Finding]:
    if not found.predictors:
        return []
    names = [each.evidence.name for each in found.predictors]
    whole = estimates(design, names)
    parts = _parts(answered, dictionary, names)
    return [
        Finding(
            predictor,
            [
                _followed(effect, parts)
                for effect in effects(
                    design, predictor.evidence.name, whole[predictor.evidence.name]
                )
            ],
        )
        for predictor in found.predictors
    ]


@dataclass(frozen=True, slots=True)
class _PartFound:
    """What one third of the period says of each characteristic."""

    since_us: int
    until_us: int
    effects: Mapping[Characteristic, Effect]


def _parts(
    answered: Answered, dictionary: Mapping[int, Characteristic], names: Sequence[str]
) -> list[_PartFound]:
    """Look at each third of the time from the first showing to the last by itself."""
    first, last = int(answered.time_us.min()), int(answered.time_us.max())
    edges = [first + (last + 1 - first) * part // _PARTS for part in range(_PARTS + 1)]
    found = []
    for since_us, until_us in pairwise(edges):
        within = (answered.time_us >= since_us) & (answered.time_us < until_us)
        found.append(
            _PartFound(since_us, until_us, _within(answered.having(within), dictionary, names))
        )
    return found


def _within(
    answered: Answered, dictionary: Mapping[int, Characteristic], names: Sequence[str]
) -> dict[Characteristic, Effect]:
    design = Design(answered, dictionary)
    if _lacking(design, round(float(design.accepted.sum()))) is not None:
        return {}
    present = [name for name in names if name in design.named]
    if not present:
        return {}
    found: dict[str, Estimates] = estimates(design, present)
    return {
        effect.column.characteristic: effect
        for name in present
        for effect in effects(design, name, found[name])
    }


def _followed(effect: Effect, parts: Sequence[_PartFound]) -> Followed:
    seen = [part.effects.get(effect.column.characteristic) for part in parts]
    told = [
        Part(part.since_us, part.until_us, each.times_as_often if each else None)
        for part, each in zip(parts, seen, strict=True)
    ]
    return Followed(effect, _trend(effect, seen[0], seen[-1]), told)


def _trend(effect: Effect, first: Effect | None, last: Effect | None) -> Trend:
    """Compare the first third with the last; who is in both makes this the more careful."""
    if first is None or last is None:
        return Trend.UNKNOWN
    error = float(np.hypot(first.error, last.error))
    change = last.log_odds.value - first.log_odds.value
    if abs(change) < _SURELY_CHANGED * error:
        return Trend.STEADY
    return Trend.GROWING if change * effect.log_odds.value > 0 else Trend.FADING


def _detectable(design: Design, tested: int) -> float:
    """Return how large an effect would have been found, by what chance alone moves."""
    fitted = fit(design, design.allowed_for)
    people = np.add.reduceat(fitted.residual, design.person_starts)
    error = 2 * float(np.sqrt(np.square(people).sum())) / float(fitted.information.sum())
    normal = NormalDist()
    needed = -normal.inv_cdf(LEVEL / max(tested, 1) / 2) + normal.inv_cdf(_POWER)
    return times_as_often(design.share, 0.5, needed * error)
