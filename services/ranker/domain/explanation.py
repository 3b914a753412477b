"""Why a candidate scored as it did, in parts that add up to its score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.ranker.domain.judgement import Judgement, Sighted
from services.ranker.domain.layout import Group
from services.ranker.domain.model import Model, predictive


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score."""

    name: str
    value: float
    """In units of the score."""
    text: str


_LEARNED = {
    Group.CONTEXT: "how what is shown here, from this source, was answered",
    Group.OFFER: "how this and such offers were answered by everybody",
    Group.PERSON: "how people like this one answered such offers",
}


def explain(judgement: Judgement, at: int, model: Model) -> list[Part]:
    """Return the parts of one candidate's score.

    Telescoped: each part is what one more thing changes of the score so far, so that they add up
    to it whatever the curve of the logistic.
    """
    assumed = judgement.assumed
    value = float(assumed.value[at])
    parts, reached = [], 0.0
    for name, chance, text in _steps(judgement, at, model):
        parts.append(Part(name, (chance - reached) * value, text))
        reached = chance
    worth = reached * value
    parts.append(Part("lever", float(judgement.score[at]) - worth, assumed.lever_told(at)))
    return parts


def _steps(judgement: Judgement, at: int, model: Model) -> Iterator[tuple[str, float, str]]:
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
    yield "evidence", evidence, "how strongly the source proposes it"
    if judgement.sighted is None or model.number == 0 or evidence == 0.0:
        return
    yield from _learned(judgement.sighted, at, model)
    expected = float(judgement.probability[at])
    trying = judgement.exploration
    if trying is not None and trying.is_tried:
        more = "more" if judgement.chance[at] > expected else "less"
        text = (
            f"tried a little {more} than expected, to learn how it is answered: trying out is"
            f" expected to cost {trying.cost_share:.1%} of what such a page earns"
        )
        yield "exploration", float(judgement.chance[at]), text


def _learned(sighted: Sighted, at: int, model: Model) -> Iterator[tuple[str, float, str]]:
    features = sighted.features
    indices = features.of_candidate(at)
    spread = float(model.variance_matrix(indices).sum())
    log_odds = float(sighted.offset[at])
    yield "certainty", _chance(log_odds, spread), "how sure the assumption has become"
    for group, text in _LEARNED.items():
        log_odds += float(model.means(indices[features.of_group(group)]))
        yield group.value, _chance(log_odds, spread), text


def _chance(log_odds: float, spread: float) -> float:
    return float(predictive(np.array([log_odds]), spread)[0])
