"""Writes what a placement shows into its message, and why where that is asked."""

from __future__ import annotations

from services.ranker.domain.explanation import explain
from services.ranker.domain.model import Model
from services.ranker.naming import Naming
from services.ranker.ranking import Ranking
from touchpoint.ranker.v1.ranker_pb2 import Contribution, RankedPlacement


def write_placement(ranking: Ranking, place: int, ranked: RankedPlacement) -> None:
    """Write what a placement shows into its message; made in place, nothing is copied.

    What may replace something else is taken to be seen where that would have been.
    """
    judgement, slate = ranking.judgement, ranking.slates[place]
    shown, count = [*slate.chosen, *slate.following], len(slate.chosen)
    if not shown:
        return
    probabilities, scores = judgement.probability[shown].tolist(), judgement.score[shown].tolist()
    selected = [1.0] * len(shown)
    if ranking.shares is not None:
        selected = ranking.shares[place][shown].tolist()
    features = [b""] * len(shown)
    if judgement.sighted is not None:
        last = max(0, count - 1)
        positions = [*range(count), *(min(at, last) for at in range(len(slate.following)))]
        features = judgement.sighted.encoded_each(shown, ranked.placement, positions)
    for number, at in enumerate(shown):
        (ranked.chosen if number < count else ranked.next).add(
            candidate=at,
            acceptance_probability=probabilities[number],
            score=scores[number],
            selection_probability=selected[number],
            features=features[number],
        )
    for entry, cause in zip(ranked.chosen, slate.causes, strict=True):
        if cause is not None:
            entry.cause, entry.cause_rule = cause


def write_contributions(
    ranking: Ranking, place: int, ranked: RankedPlacement, model: Model, naming: Naming
) -> None:
    """Write beside each that is chosen what its score is made of."""
    for at, entry in zip(ranking.slates[place].chosen, ranked.chosen):
        entry.contributions.extend(
            Contribution(name=part.name, value=part.value, text=part.text)
            for part in explain(ranking.judgement, at, model, naming.of(at, ranked.placement))
        )
