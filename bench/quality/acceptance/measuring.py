"""Measures how well acceptance is foretold on a set, beside rivals, by the set's protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import MeasurementError
from bench.figures import Definition
from bench.quality.acceptance import journey, vehicle
from bench.quality.acceptance.boosted import (
    boosted,
    held_out_judge,
    in_order_judge,
    last_answers,
    last_people,
)
from bench.quality.acceptance.online import foretold, foretold_late, held_out, sights_of
from bench.quality.acceptance.rivals import RIVALS
from bench.quality.acceptance.scores import (
    Probabilities,
    Resamples,
    auc,
    ece,
    figure,
    logloss,
    losses,
)
from bench.quality.acceptance.tables import Answers, Flags
from bench.quality.rivals import RivalMissingError
from bench.quality.rows import Row, Tell

JOURNEY = "journey_coupon"
VEHICLE = "vehicle_coupon"
_SCORES = {"auc": auc, "logloss": logloss, "ece": ece}
_TARGETS: Mapping[str, Definition] = {
    "journey_coupon_auc": Definition("quality", "score", at_least=0.82),
    "journey_coupon_logloss": Definition("quality", "nats", at_most=0.293),
    "journey_coupon_ece": Definition("quality", "share", at_most=0.03),
    "vehicle_coupon_auc": Definition("quality", "score", at_least=0.74),
    "vehicle_coupon_logloss": Definition("quality", "nats", at_most=0.595),
    "vehicle_coupon_boosted_auc": Definition("quality", "score", at_least=0.765),
    "vehicle_coupon_boosted_logloss": Definition("quality", "nats", at_most=0.57),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a rival is known to come to; far from it, all else would mean nothing."""

    rival: str
    metric: str
    value: float
    within: float


_PROOFS: Mapping[str, tuple[Proof, ...]] = {
    # Which features the known figures had is not told: near is near enough.
    JOURNEY: (
        Proof("constant", "logloss", 0.365, 0.002),
        Proof("logistic_regression", "auc", 0.821, 0.015),
        Proof("logistic_regression", "logloss", 0.293, 0.01),
        Proof("lightgbm", "auc", 0.817, 0.01),
        Proof("lightgbm", "logloss", 0.294, 0.01),
    ),
    VEHICLE: (
        Proof("constant", "logloss", 0.684, 0.001),
        Proof("logistic_regression", "auc", 0.715, 0.012),
        Proof("logistic_regression", "logloss", 0.615, 0.012),
        Proof("lightgbm", "auc", 0.763, 0.006),
        Proof("lightgbm", "logloss", 0.573, 0.006),
    ),
}


def journey_measured(tell: Tell) -> Iterator[Row]:
    """Yield the figures of the grocer's campaigns. Raises ShopMissingError, MeasurementError.

    Our own foretell each question and learn it before the next; rivals learn the first campaigns
    and foretell the later ones. `_when_known` learns an answer only when its campaign has ended.
    """
    tell(f"reading {JOURNEY}")
    answers = journey.load()
    tested = answers.asked_at >= journey.TEST_START
    rivals = _rivals(JOURNEY, answers, lambda rival: rival(answers, tested), tested, tell)
    tell(f"the ranker on {JOURNEY}")
    sights = sights_of(answers)
    ours = {"": foretold(answers, sights)[tested]}
    ours["_when_known"] = foretold_late(answers, sights)[tested]
    yield from _rows(JOURNEY, answers, tested, ours, rivals)

    def with_trees() -> Probabilities:
        later, judge = last_answers(~tested), in_order_judge(answers, sights)
        return boosted(answers, sights, ~tested, tested, later, judge)

    yield from _boosted_rows(JOURNEY, answers, tested, ours[""], with_trees, tell)


def vehicle_measured(tell: Tell) -> Iterator[Row]:
    """Yield the figures of the vehicle coupons, ten folds. Raises as above."""
    tell(f"reading {VEHICLE}")
    answers = vehicle.load()
    fold = vehicle.folds(answers.people)

    def folded(foretell: Callable[[Flags], Probabilities]) -> Probabilities:
        found = np.empty(len(fold))
        for each in range(vehicle.FOLDS):
            found[fold == each] = foretell(fold == each)
        return found

    everything = np.ones(len(fold), np.bool_)
    rivals = _rivals(
        VEHICLE,
        answers,
        lambda rival: folded(lambda tested: rival(answers, tested)),
        everything,
        tell,
    )
    tell(f"the ranker on {VEHICLE}")
    sights = sights_of(answers)
    ours = {"": folded(lambda tested: held_out(answers, sights, tested))}
    yield from _rows(VEHICLE, answers, everything, ours, rivals)

    def with_trees(tested: Flags) -> Probabilities:
        later = last_people(answers.people, ~tested)
        judge = held_out_judge(answers, sights)
        return boosted(answers, sights, ~tested, tested, later, judge)

    yield from _boosted_rows(
        VEHICLE, answers, everything, ours[""], lambda: folded(with_trees), tell
    )


def _rivals(
    name: str,
    answers: Answers,
    foretell: Callable[[Callable[[Answers, Flags], Probabilities]], Probabilities],
    tested: Flags,
    tell: Tell,
) -> dict[str, Probabilities]:
    """Return what rivals foretell of the tested; raises MeasurementError far from what is known."""
    found = {}
    for rival_name, rival in RIVALS.items():
        tell(f"{rival_name} on {name}")
        try:
            found[rival_name] = foretell(rival)
        except RivalMissingError as error:
            tell(f"{rival_name} is left out: {error}")
    for proof in _PROOFS[name]:
        if proof.rival in found:
            _prove(name, proof, answers.accepted[tested], found[proof.rival])
    return found


def _prove(name: str, proof: Proof, accepted: Flags, probabilities: Probabilities) -> None:
    value = _SCORES[proof.metric](accepted, probabilities)
    if abs(value - proof.value) > proof.within:
        raise MeasurementError(
            f"void: {proof.metric} of {proof.rival} on {name} came to {value:.4f}, "
            f"known is {proof.value:.4f}"
        )


def _rows(
    name: str,
    answers: Answers,
    tested: Flags,
    ours: Mapping[str, Probabilities],
    rivals: Mapping[str, Probabilities],
) -> Iterator[Row]:
    accepted, resamples = answers.accepted[tested], Resamples(answers.people[tested])
    suffixed = {**{f"_of_{rival}": each for rival, each in rivals.items()}, **ours}
    for suffix, probabilities in suffixed.items():
        for metric, score in _SCORES.items():
            title = f"{name}_{metric}"
            yield figure(
                title + suffix,
                score(accepted, probabilities),
                resamples.interval(_drawn(score, accepted, probabilities)),
                None if suffix else _TARGETS.get(title),
            )
    for rival, probabilities in rivals.items():
        less = losses(accepted, ours[""]) - losses(accepted, probabilities)
        yield figure(
            f"{name}_logloss_over_{rival}",
            float(less.mean()),
            resamples.interval(_mean(less)),
        )


def _boosted_rows(
    name: str,
    answers: Answers,
    tested: Flags,
    alone: Probabilities,
    foretell: Callable[[], Probabilities],
    tell: Tell,
) -> Iterator[Row]:
    """Yield the figures with trees that have a say, and by how much better that is."""
    tell(f"the ranker with a booster on {name}")
    try:
        found = foretell()
    except RivalMissingError as error:
        tell(f"the booster is left out: {error}")
        return
    accepted, resamples = answers.accepted[tested], Resamples(answers.people[tested])
    for metric, score in _SCORES.items():
        title = f"{name}_boosted_{metric}"
        spread = resamples.interval(_drawn(score, accepted, found))
        yield figure(title, score(accepted, found), spread, _TARGETS.get(title))
    less = losses(accepted, alone) - losses(accepted, found)
    yield figure(f"{name}_boosted_gain", float(less.mean()), resamples.interval(_mean(less)))


def _drawn(
    score: Callable[[Flags, Probabilities], float], accepted: Flags, found: Probabilities
) -> Callable[[NDArray[np.integer]], float]:
    return lambda drawn: score(accepted[drawn], found[drawn])


def _mean(values: NDArray[np.float64]) -> Callable[[NDArray[np.integer]], float]:
    return lambda drawn: float(values[drawn].mean())
