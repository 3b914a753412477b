"""Why a candidate scored as it did, in parts that add up to its score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.ranker.domain.judgement import Judgement, Sighted
from services.ranker.domain.model import Model, predictive
from services.ranker.domain.wording import NOBODY, SUBJECTS, sentence

STRONGEST: Final = 3
"""So many things that were learned are named; all others are told together."""
_SMALL: Final = 1e-6
_WORTH_A_WORD: Final = 0.01
"""Log-odds; what moves them less is among the others."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score."""

    name: str
    value: float
    """In units of the score."""
    text: str


def explain(
    judgement: Judgement, at: int, model: Model, names: Mapping[str, str] = NOBODY
) -> list[Part]:
    """Return the parts of one candidate's score; `names` are those that sentences speak of.

    Each part is what one more thing changes of the score so far, so that they add up to it
    whatever the curve of the logistic.
    """
    assumed = judgement.assumed
    value = float(assumed.value[at])
    parts, reached = [], 0.0
    for name, chance, text in _steps(judgement, at, model, names):
        parts.append(Part(name, (chance - reached) * value, text))
        reached = chance
    worth = reached * value
    parts.append(Part("lever", float(judgement.score[at]) - worth, assumed.lever_told(at)))
    return parts


def _steps(
    judgement: Judgement, at: int, model: Model, names: Mapping[str, str]
) -> Iterator[tuple[str, float, str]]:
    """Yield what the acceptance probability becomes by one thing after the other."""
    assumed = judgement.assumed
    prior, worth = float(assumed.prior[at]), float(assumed.value[at])
    rate = assumed.exchanged.told(at) if assumed.exchanged else ""
    yield (
        "prior",
        prior,
        f"{prior:.2%} of such are accepted, worth {worth:.2f} each {rate}".rstrip(),
    )
    evidence = float(assumed.probability[at])
    strength = evidence / prior if prior else 0.0
    source = names.get("source") or NOBODY["source"]
    yield "evidence", evidence, f"{source} proposes it {strength:.0%} as strongly as it can"
    sighted = judgement.sighted if judgement.is_by_learning else None
    if sighted is None or model.number == 0 or evidence == 0.0:
        return
    yield from _learned(sighted, at, model, names)
    expected = float(judgement.probability[at])
    trying = judgement.exploration
    if trying is not None and trying.is_tried:
        more = "more" if judgement.chance[at] > expected else "less"
        text = (
            f"tried a little {more} than expected, to learn how it is answered: trying out is"
            f" expected to cost {trying.cost_share:.1%} of what such a page earns"
        )
        yield "exploration", float(judgement.chance[at]), text


def _learned(
    sighted: Sighted, at: int, model: Model, names: Mapping[str, str]
) -> Iterator[tuple[str, float, str]]:
    """Yield what was learned: the strongest things by name, then the rest together.

    Each by its share of the log-odds that they move together (the integrated gradients of
    Sundararajan et al. 2017, along the straight way): whatever is told first, equal moves are
    worth the same.
    """
    indices = sighted.features.of_candidate(at)
    spread = float(model.variance_matrix(indices).sum())
    log_odds = float(sighted.offset[at])
    reached = _chance(log_odds, spread)
    yield "certainty", reached, "how sure the assumption has become"
    moves = _moves(sighted, at, model)
    after = log_odds + sum(moves.values())
    slope = _slope(log_odds, after, spread)
    strongest = sorted(moves, key=lambda subject: (-abs(moves[subject]), subject))[:STRONGEST]
    for subject in strongest:
        if abs(moves[subject]) < _WORTH_A_WORD:
            break
        move = moves.pop(subject)
        reached += move * slope
        yield subject, reached, sentence(subject, names, raises=move > 0)
    learned = _chance(after, spread)
    yield "others", learned, f"{len(moves)} other things that were learned"
    if (said := sighted.said) is not None:
        both = after + said.share * (float(said.log_odds[at]) - after)
        chance = _chance(both, spread * said.left)
        more = "more" if chance > learned else "less"
        text = f"where all of this came together before, such offers were taken {more} often"
        yield "booster", chance, text


def _moves(sighted: Sighted, at: int, model: Model) -> dict[str, float]:
    """Return by how much each thing that was learned moves the log-odds of a candidate."""
    features = sighted.features
    columns = np.concatenate([features.columns, features.crosses.columns])
    means = model.means(features.of_candidate(at)[None, :])
    moves: dict[str, float] = {}
    for column, mean in zip(columns.tolist(), means.tolist(), strict=True):
        subject = SUBJECTS[column]
        moves[subject] = moves.get(subject, 0.0) + mean
    return moves


def _slope(before: float, after: float, spread: float) -> float:
    """Return what the probability gains per unit of log-odds on the way; at rest, there."""
    if abs(after - before) < _SMALL:
        before, after = before - _SMALL, before + _SMALL
    return (_chance(after, spread) - _chance(before, spread)) / (after - before)


def _chance(log_odds: float, spread: float) -> float:
    return float(predictive(np.array([log_odds]), spread)[0])
