"""The ranker's own model on a set: one pass, each question foretold before it is learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.tables import Answers, Flags
from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import Sight, decode, encode
from services.ranker.domain.entities import Entities
from services.ranker.domain.features import FeatureMaker
from services.ranker.domain.model import Model, prior_offset

PRIOR = 0.1
"""What is assumed of a promotion before anything is learned."""


def sights_of(answers: Answers, prior: float = PRIOR) -> list[Sight]:
    """Return what the model sees of each question, as it comes back with the answer."""
    maker = FeatureMaker(Entities(answers.catalogue))
    found = []
    for asked in answers.asked:
        features = maker.features(asked.proposed(), asked.situation)
        offset = prior_offset(np.array([prior]), features.prior_variance)
        sight = decode(encode(float(offset[0]), features.of_candidate(0)))
        assert sight is not None, "what the ranker writes it can read"
        found.append(sight)
    return found


def foretold(answers: Answers, sights: list[Sight]) -> NDArray[np.float64]:
    """Return the probability of each question in order, each learned from before the next."""
    model, found = Model(), np.empty(len(sights))
    for at, sight in enumerate(sights):
        found[at] = model.predict(sight)
        learn(model, sight, accepted=bool(answers.accepted[at]))
    return found


def foretold_late(answers: Answers, sights: list[Sight]) -> NDArray[np.float64]:
    """Return the same where an answer can be learned from only when it is known for good."""
    model, found = Model(), np.empty(len(sights))
    by_known = np.argsort(answers.known_at, kind="stable").tolist()[::-1]
    for at in np.argsort(answers.asked_at, kind="stable").tolist():
        while by_known and answers.known_at[by_known[-1]] < answers.asked_at[at]:
            learned = by_known.pop()
            learn(model, sights[learned], accepted=bool(answers.accepted[learned]))
        found[at] = model.predict(sights[at])
    return found


def held_out(answers: Answers, sights: list[Sight], tested: Flags) -> NDArray[np.float64]:
    """Return the probabilities of the tested, after one pass over all others in order."""
    model = Model()
    for at in np.flatnonzero(~tested).tolist():
        learn(model, sights[at], accepted=bool(answers.accepted[at]))
    return np.array([model.predict(sights[at]) for at in np.flatnonzero(tested).tolist()])


def learn(model: Model, sight: Sight, *, accepted: bool) -> None:
    """Teach one answer as the learning log does: seen, and then perhaps accepted."""
    model.learn(model.number + 1, Outcome.SHOWN, sight)
    if accepted:
        model.learn(model.number + 1, Outcome.ACCEPTED, sight)
