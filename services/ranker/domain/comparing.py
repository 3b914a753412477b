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
_Z_95: Final = 1.959964
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
class Verdict:
    """What a comparison came to; log-losses are means in nats per answer."""

    compared: int
    accepted_share: float
    share: float
    """How much the trees say, as did best on the half before."""
    without: float
    having: float
    gain: float
    """By how much it is less with the trees."""
    gain_low: float
    """Of the 95% interval; people are drawn, not answers."""
    gain_high: float

    @property
    def pays(self) -> bool:
        """Whether it is better for sure."""
        return self.gain_low > 0.0


class Comparison:
    """Learns the log in order, and judges each answer of somebody before it is learned.

    What follows the trees' last row is halved: the first half chooses how much they say, the
    second tells what that is worth.
    """

    def __init__(self, booster: Booster, labels: Labels, after: int, trained_row: int) -> None:
        """`after`: the row before the first that is taken."""
        self._booster = booster
        self._labels = labels
        self._trained_row = trained_row
        self._model = Model()
        self._model.number = after
        self._judged: list[tuple[float, float, float, float]] = []
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
        indices = sight.indices[:, None]
        log_odds = sight.offset + float(self._model.means(indices)[0])
        spread = float(self._model.variance_matrix(indices).sum())
        said = float(self._booster.log_odds(indices)[0])
        self._judged.append((log_odds, spread, said, self._labels.of(row.place)))
        self._people.append(row.person_ids[0])

    def verdict(self) -> Verdict:
        """Return what it came to; raises `TooLittleError`."""
        judged = np.array(self._judged).reshape(-1, 4)
        half = len(judged) // 2
        people = np.unique(np.array(self._people[half:], np.str_), return_inverse=True)[1]
        _refuse_too_little(judged, people)
        share = best_share(*judged[:half].T)
        log_odds, spread, said, labels = judged[half:].T
        without = losses(predictive(log_odds, spread), labels)
        having = losses(together(log_odds, spread, said, share), labels)
        gain, error = clustered_mean(without - having, people)
        return Verdict(
            len(labels),
            float(labels.mean()),
            share,
            float(without.mean()),
            float(having.mean()),
            gain,
            gain - _Z_95 * error,
            gain + _Z_95 * error,
        )


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


def _refuse_too_little(judged: NDArray[np.float64], people: NDArray[np.intp]) -> None:
    accepted = float(judged[:, 3].sum())
    persons = int(people.max()) + 1 if len(people) else 0
    fewest = min(accepted, len(judged) - accepted)
    if len(judged) < FEWEST or fewest < FEWEST_OF_EACH or persons < FEWEST_PEOPLE:
        raise TooLittleError(
            f"{len(judged)} answers of known people followed, {accepted:.0f} of them accepted, in "
            f"the second half of {persons} people: at least {FEWEST} are needed, {FEWEST_OF_EACH} "
            f"of them accepted and {FEWEST_OF_EACH} not, and {FEWEST_PEOPLE} people"
        )
