"""What people do in the week before a first purchase, and are, more often than others.

Whoever begins a visit without having bought before is held, if they first buy in it, against all
who begin one at the same time, are known as long and came as often in the week before, and do not
buy: risk sets in time, so that nobody is compared by what came later (Mantel and Haenszel 1959;
intervals by Greenland and Robins 1985).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.leaving import FEWEST_PEOPLE
from services.scenario.domain.patterns.log import (
    DAY_US,
    PURCHASE,
    SILENCE_US,
    VISITING,
    Flags,
    Known,
    Log,
    Numbers,
    Wholes,
)
from services.scenario.domain.patterns.odds import MISTAKES, Z
from services.scenario.domain.patterns.traits import (
    BEFORE_US,
    VISITS,
    Moments,
    Trait,
    Window,
    begins_of,
    traits_of,
)
from services.scenario.domain.patterns.visits import Visits

AGAIN_NEW_US = 365 * DAY_US
"""Who did not buy for so long is held to buy for the first time, as `customer.frequency` is."""
_KNOWN_DAYS = (1, 7, 30)
_CAME = (1, 2, 4)
"""Where groups of those who came as often begin."""
_WIDE_DAYS, _ALIKE = (1, 7, 30), 20
"""How long a stretch of time is compared as one: the shortest with so many visits of a kind."""
_HALF = 0.5
_LEAST_SPREAD = 2.0
"""Below so many the normal distribution says too much."""
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Riser:
    """A trait that those who buy have more often the week before."""

    trait: Trait
    people: int
    """Who had it, and bought for the first time."""
    share: float
    """Of those who bought."""
    share_of_others: float
    """As it would be with the others on the same days, known as long, who came as often."""
    times_as_often: tuple[float, float, float]
    worth_micros: int
    """What the first purchases of those who had it paid, home currency."""
    p_value: float


@dataclass(frozen=True, slots=True)
class Rising:
    """What rises, the clearest first."""

    risers: Sequence[Riser]
    buyers: int
    """Who bought for the first time, with a week of the log before it."""
    others: int
    """Visits that they were held against."""
    tested: int


@dataclass(frozen=True, slots=True)
class _Rows:
    """Beginnings of visits, as columns of equal length."""

    moments: Moments
    buys: Flags
    paid_micros: Wholes

    @property
    def person(self) -> NDArray[np.int32]:
        return self.moments.person


def rising_of(log: Log, visits: Visits, known: Known, most: int) -> Rising:
    """Return at most so many traits that rise beyond chance, all tested together."""
    there = log.ordered(*VISITING)
    rows = _rows(there, visits)
    by_day = _stratum(there, rows.moments)
    came = np.digitize(Window(there, rows.moments).count(begins_of(there)), _CAME)
    by_activity = by_day * (len(_CAME) + 1) + came
    tested = 0
    found: list[Riser] = []
    if not len(rows.moments):
        return Rising((), 0, 0, 0)
    for trait, had in traits_of(there, known, rows.moments):
        has = had()
        if len(np.unique(rows.person[has & rows.buys])) < FEWEST_PEOPLE:
            continue
        tested += 1
        riser = _compared(trait, has, rows, by_day if trait.kind == VISITS else by_activity)
        if riser is not None:
            found.append(riser)
    clear = [each for each in found if each.p_value <= MISTAKES / max(tested, 1)]
    clear.sort(key=lambda each: (each.p_value, -each.times_as_often[1]))
    buyers = int(rows.buys.sum())
    return Rising(clear[:most], buyers, len(rows.person) - buyers, tested)


def _rows(there: Log, visits: Visits) -> _Rows:
    """Return visits of people who had not bought for a year, with a week of the log before them."""
    deeds, is_purchase = there.deeds, there.are(PURCHASE)
    first_us = np.full(there.persons, _NEVER, np.int64)
    paid = np.zeros(there.persons, np.int64)
    at = np.flatnonzero(is_purchase)[::-1]
    first_us[deeds.person[at]] = deeds.time_us[at]  # the last of equal indexes: the earliest
    is_first = is_purchase & (deeds.time_us == first_us[deeds.person])
    np.add.at(paid, deeds.person[is_first], deeds.value_micros[is_first])
    first_of = first_us[visits.person]
    bought_us = there.bought_us[visits.person]
    is_before = (visits.begin_us < first_of) & (visits.begin_us - bought_us > AGAIN_NEW_US)
    # What is bought in the visit itself; who buys within the day, but not in it, is neither.
    soon = first_of - visits.end_us < SILENCE_US
    known = visits.begin_us - BEFORE_US >= there.since_us
    kept = np.flatnonzero(is_before & known & (soon | visits.has_left))
    person = visits.person[kept]
    return _Rows(Moments(person, visits.begin_us[kept]), soon[kept], paid[person])


def _stratum(there: Log, moments: Moments) -> Wholes:
    """Return numbers that are equal for the same time and those known as long.

    That is the same day, or of few visits the same week or month: else nobody would be compared.
    """
    first_us = np.zeros(there.persons, np.int64)
    first_us[there.deeds.person[::-1]] = there.deeds.time_us[::-1]
    known_days = (moments.begin_us - first_us[moments.person]) // DAY_US
    known = np.digitize(known_days, _KNOWN_DAYS)
    days = max((there.until_us - there.since_us) // DAY_US, 1)
    cells = (len(_KNOWN_DAYS) + 1) * (len(_CAME) + 1)
    wide = next((each for each in _WIDE_DAYS if len(moments) * each >= _ALIKE * days * cells), 30)
    number: Wholes = moments.begin_us // (wide * DAY_US) * (len(_KNOWN_DAYS) + 1) + known
    return number


@dataclass(frozen=True, slots=True)
class _Strata:
    """Who bought and who did not, with a trait and in all, by stratum that has both."""

    buyers: Numbers
    others: Numbers
    with_it: Numbers
    others_with: Numbers

    @classmethod
    def of(cls, buys: Flags, has: Flags, stratum: Wholes) -> _Strata:
        """Count rows."""
        number = np.unique(stratum, return_inverse=True)[1]
        size = int(number.max()) + 1
        counts = np.stack(
            [
                np.bincount(number[flags], minlength=size).astype(np.float64)
                for flags in (buys, ~buys, buys & has, ~buys & has)
            ]
        )
        return cls(*counts[:, (counts[0] > 0) & (counts[1] > 0)])

    def surprise(self) -> tuple[float, float]:
        """Return how many more buyers have it than were to be expected, and the spread of that."""
        total, having = self.buyers + self.others, self.with_it + self.others_with
        expected = self.buyers * having / total
        variance = expected * self.others * (total - having) / (total * np.maximum(total - 1, 1))
        return float((self.with_it - expected).sum()), math.sqrt(float(variance.sum()))

    def times_as_often(self) -> tuple[float, float, float] | None:
        """Return how many times as often buyers have it, with the interval; None: nobody else."""
        total, having = self.buyers + self.others, self.with_it + self.others_with
        top = float((self.with_it * self.others / total).sum())
        bottom = float((self.others_with * self.buyers / total).sum())
        if bottom <= 0.0 or top <= 0.0:
            return None
        products = self.buyers * self.others * having - self.with_it * self.others_with * total
        error = math.sqrt(float((products / total**2).sum()) / (top * bottom))
        times = top / bottom
        return times, times * math.exp(-Z * error), times * math.exp(Z * error)


def _compared(trait: Trait, has: Flags, rows: _Rows, stratum: Wholes) -> Riser | None:
    """Return a trait held against the others of each stratum; None where it does not rise."""
    strata = _Strata.of(rows.buys, has, stratum)
    above, spread = strata.surprise()
    times = strata.times_as_often()
    if above <= _HALF or spread < _LEAST_SPREAD or times is None:
        return None
    share = float(strata.with_it.sum() / strata.buyers.sum())
    return Riser(
        trait,
        len(np.unique(rows.person[has & rows.buys])),
        share,
        share / times[0],
        times,
        int(rows.paid_micros[has & rows.buys].sum()),
        0.5 * math.erfc((above - _HALF) / spread / math.sqrt(2.0)),
    )
