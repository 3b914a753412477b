"""How many people and days an experiment needs, held against simulated experiments."""

from __future__ import annotations

import numpy as np
import pytest

from services.ranker.domain.experiments.planning import POWER, days_needed, people_needed
from services.ranker.domain.experiments.samples import Sample, difference, mean_of
from services.ranker.domain.experiments.sequences import always_valid, fixed

_RATE, _EFFECT, _RUNS = 0.1, 0.3, 400
_USUAL = Sample(10_000, _RATE, _RATE * (1.0 - _RATE))


def test_the_people_who_were_planned_find_the_effect_as_often_as_was_asked() -> None:
    random = np.random.default_rng(3)
    needed = people_needed(_USUAL, _EFFECT)
    found = {"once": 0, "always": 0}
    for _ in range(_RUNS):
        for name, people, make in (
            ("once", needed.at_once, fixed),
            ("always", needed.at_all_times, always_valid),
        ):
            theirs, control = (
                mean_of(random.binomial(1, rate, people // 2).astype(np.float64))
                for rate in (_RATE * (1.0 + _EFFECT), _RATE)
            )
            found[name] += make(difference(theirs, control)).is_significant

    assert found["once"] / _RUNS == pytest.approx(POWER, abs=0.06)
    assert found["always"] / _RUNS == pytest.approx(POWER, abs=0.06)


def test_to_look_every_day_costs_about_as_many_people_again() -> None:
    needed = people_needed(_USUAL, _EFFECT)

    assert 1.5 < needed.at_all_times / needed.at_once < 3.0


def test_a_small_group_needs_more_people_in_all() -> None:
    even, uneven = (people_needed(_USUAL, _EFFECT, shares) for shares in ((0.5, 0.5), (0.05, 0.95)))

    assert uneven.at_once > 4 * even.at_once


def test_a_loss_is_found_by_as_many_as_a_gain() -> None:
    assert people_needed(_USUAL, -_EFFECT) == people_needed(_USUAL, _EFFECT)


@pytest.mark.parametrize(
    ("usual", "effect"), [(_USUAL, 0.0), (Sample(9, 0.0, 1.0), 0.1), (Sample(9, 1.0, 0.0), 0.1)]
)
def test_what_can_never_be_found_is_refused(usual: Sample, effect: float) -> None:
    with pytest.raises(ValueError, match="no effect"):
        people_needed(usual, effect)


@pytest.mark.parametrize(
    ("people", "share", "days"),
    [(50, 1.0, 0.5), (100, 1.0, 1.0), (140, 1.0, 1.5), (100, 0.4, 3.0), (500, 1.0, 6.0)],
)
def test_days_are_counted_by_who_came_before_and_who_comes_new(
    people: int, share: float, days: float
) -> None:
    # 100, 80 and 70 new ones a day, then as many as on the average day.
    assert days_needed(people, [100, 180, 250], share) == pytest.approx(days)


@pytest.mark.parametrize("seen", [[], [0, 0], [100] * 10])
def test_where_nobody_new_comes_the_people_never_come_together(seen: list[int]) -> None:
    assert days_needed(1_000, seen, 1.0) is None
