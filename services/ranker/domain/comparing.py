"""Whether a booster pays: the model with and without it, on answers its trees have not seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import Outcome, Place, Row
from services.ranker.domain.booster import Booster
from services.ranker.domain.boosting import Said
from services.ranker.domain.encoding import Sight, decode
from services.ranker.domain.learning_log import NumberedRow
from services.ranker.domain.model import Model, predictive

SHARES: Final = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
FEWEST: Final = 400
"""Answers after the trees' last one, in both halves together."""
FEWEST_PEOPLE: Final = 20
FEWEST_OF_EACH: Final = 20
"""Accepted ones, and others."""
Z_95: Final = 1.959964
_LEAST: Final = 1e-9
Column = NDArray[np.float64]


class TooLittleError(Exception):
    """Too few answers followed to tell; the sentence says how many."""


class Labels:
    """What became of everything that was shown, as far as the log tells."""

    def __init__(self) -> None:
        self._corrections: dict[Place, float] = {}

    def take(self, row: Row) -> None:
        """Take a row of the log, in any order; what was taken out of the model tells nothing."""
        if row.reverted_by:
            return
        if row.outcome in (Outcome.ACCEPTED, Outcome.LATE):
            self._add(row.place, row.credit)
        elif row.outcome is Outcome.RETURNED:
            self._add(row.place, -row.credit)

    def of(self, place: Place) -> float:
        """Return 1 for accepted, 0 for not; between them what came late or went back in part."""
        return min(1.0, max(0.0, self._corrections.get(place, 0.0)))

    def _add(self, place: Place, credit: float) -> None:
        self._corrections[place] = self._corrections.get(place, 0.0) + credit


def is_example(row: Row) -> bool:
    """Return whether a row is a showing whose answer can still be found."""
    is_shown = row.outcome is Outcome.SHOWN and not row.reverted_by
    return is_shown and bool(row.decision_id) and bool(row.features)


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much the log-loss is less with trees than with something else."""

    other: float
    """The log-loss of that."""
    mean: float
    low: float
    """Of the 95% interval; people are drawn, not answers."""
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether it is better with 95%."""
        return self.low > 0.0

    @classmethod
    def of(cls, other: Column, having: Column, people: NDArray[np.intp], z: float = Z_95) -> Gain:
        """Take losses of the same answers, and whose they are, numbered from 0."""
        mean, error = clustered_mean(other - having, people)
        return cls(float(other.mean()), mean, mean - z * error, mean + z * error)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison came to; log-losses are means in nats per answer."""

    compared: int
    accepted_share: float
    share: float
    """How much the trees say, as did best on the half before."""
    having: float
    alone: Gain
    """Over the model alone."""
    served: Gain | None = None
    """Over the model with the trees that are served today; None: there are none."""

    @property
    def pays(self) -> bool:
        """Whether it is better for sure than the model alone, and than what is served."""
        return self.alone.is_sure and (self.served is None or self.served.is_sure)


class Comparison:
    """Learns the log in order, and judges each answer of somebody before it is learned.

    What follows the trees' last row is halved: the first half chooses how much they say, the
    second tells what that is worth, beside the model alone and beside what is served today.
    """

    def __init__(
        self,
        booster: Booster,
        labels: Labels,
        after: int,
        trained_row: int,
        served: Booster | None = None,
    ) -> None:
        """`after`: the row before the first that is taken; no trees know what follows another."""
        self._booster = booster
        self._served = served
        self._labels = labels
        self._trained_row = trained_row
        self._model = Model()
        self._model.number = after
        self._judged: list[tuple[float, float, float, float, float]] = []
        self._people: list[str] = []

    def take(self, numbered: NumberedRow) -> None:
        """Judge and learn the next row."""
        row = numbered.row
        sight = None if row.reverted_by else decode(row.features)
        # Of history nobody knows whose it is: taken for people of their own, rows of one would
        # make the interval too narrow.
        is_judged = numbered.number > self._trained_row and bool(row.person_ids)
        if is_judged and sight is not None and is_example(row):
            self._judge(row, sight)
        self._model.learn(numbered.number, row.outcome, sight, row.credit)

    def _judge(self, row: Row, sight: Sight) -> None:
        label, (log_odds, spread) = self._labels.of(row.place), believed(self._model, sight)
        served = 0.0 if self._served is None else said_by(self._served, sight)
        said = said_by(self._booster, sight)
        self._judged.append((log_odds, spread, said, label, served))
        self._people.append(row.person_ids[0])

    def verdict(self) -> Verdict:
        """Return what it came to; raises `TooLittleError`."""
        judged = np.array(self._judged).reshape(-1, 5)
        half = len(judged) // 2
        people = np.unique(np.array(self._people[half:], np.str_), return_inverse=True)[1]
        refuse_too_little(judged[:, 3], people)
        share = best_share(*judged[:half, :4].T)
        log_odds, spread, said, labels, served = judged[half:].T
        having = losses(together(log_odds, spread, said, share), labels)
        alone = losses(predictive(log_odds, spread), labels)
        over_served = None
        if self._served is not None:
            present = losses(together(log_odds, spread, served, self._served.share), labels)
            over_served = Gain.of(present, having, people)
        return Verdict(
            len(labels),
            float(labels.mean()),
            share,
            float(having.mean()),
            Gain.of(alone, having, people),
            over_served,
        )


def believed(model: Model, sight: Sight) -> tuple[float, float]:
    """Return the model's log-odds of a row, and their variance."""
    indices = sight.indices[:, None]
    log_odds = sight.offset + float(model.means(indices)[0])
    return log_odds, float(model.variance_matrix(indices).sum())


def said_by(booster: Booster, sight: Sight) -> float:
    """Return what trees say of a row."""
    return float(booster.log_odds(sight.indices[:, None])[0])


def best_share(
    log_odds: Column, spread: Column, said: Column, labels: Column, shares: Iterable[float] = SHARES
) -> float:
    """Return how much the trees should say: that of the least log-loss."""
    return min(
        shares,
        key=lambda share: float(losses(together(log_odds, spread, said, share), labels).mean()),
    )


def together(log_odds: Column, spread: Column, said: Column, share: float) -> Column:
    """Return the probabilities of model and trees together; all of shape (answers,)."""
    mix = Said(said, share)
    return predictive(mix.mixed(log_odds), spread * mix.left)


def losses(probabilities: Column, labels: Column) -> Column:
    """Return the log-loss of each, in nats."""
    likely = np.clip(probabilities, _LEAST, 1.0 - _LEAST)
    found: Column = -(labels * np.log(likely) + (1.0 - labels) * np.log(1.0 - likely))
    return found


def clustered_mean(values: Column, people: NDArray[np.intp]) -> tuple[float, float]:
    """Return a mean and its standard error, where the values of one person may hang together."""
    mean = float(values.mean())
    sums = np.bincount(people, values - mean)
    count = len(sums)
    correction = count / (count - 1) if count > 1 else 1.0
    return mean, float(np.sqrt(correction * (sums**2).sum())) / len(values)


def refuse_too_little(labels: Column, people: NDArray[np.intp]) -> None:
    """Raise `TooLittleError` where answers are too few to tell; people are numbered from 0."""
    accepted = float(labels.sum())
    persons = int(people.max()) + 1 if len(people) else 0
    fewest = min(accepted, len(labels) - accepted)
    if len(labels) < FEWEST or fewest < FEWEST_OF_EACH or persons < FEWEST_PEOPLE:
        raise TooLittleError(
            f"{len(labels)} answers of known people followed, {accepted:.0f} of them accepted, in "
            f"the second half of {persons} people: at least {FEWEST} are needed, {FEWEST_OF_EACH} "
            f"of them accepted and {FEWEST_OF_EACH} not, and {FEWEST_PEOPLE} people"
        )
