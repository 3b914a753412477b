"""Whether people were shared out as planned, looked at every day."""

from __future__ import annotations

import numpy as np
import pytest

from services.ranker.domain.experiments.comparing import shared_out
from services.ranker.domain.experiments.shares import (
    MISMATCH,
    Stratum,
    mismatch_of_all,
    mismatch_p_value,
)

_RUNS, _LOOKS, _A_LOOK = 400, 100, 400


def _least_p_value(random: np.random.Generator, truth: list[float], planned: list[float]) -> float:
    people = random.multinomial(_A_LOOK, truth, size=_LOOKS).cumsum(axis=0)
    return min(mismatch_p_value(row, planned) for row in people.tolist())


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.05, 0.95], [0.2, 0.3, 0.5]])
def test_a_fair_sharing_out_hardly_ever_raises_an_alarm(shares: list[float]) -> None:
    random = np.random.default_rng(7)

    least = np.array([_least_p_value(random, shares, shares) for _ in range(_RUNS)])

    assert (least < 0.05).mean() <= 0.05


def test_a_few_people_who_are_missing_are_noticed() -> None:
    random = np.random.default_rng(8)

    least = np.array([_least_p_value(random, [0.53, 0.47], [0.5, 0.5]) for _ in range(100)])

    assert (least < MISMATCH).mean() > 0.95


def test_planned_shares_need_not_add_up() -> None:
    assert mismatch_p_value([510, 490], [0.1, 0.1]) == mismatch_p_value([510, 490], [0.5, 0.5])


@pytest.mark.parametrize(("people", "is_mismatch"), [((821_588, 815_482), True), ((0, 0), False)])
def test_a_mismatch_is_told(people: tuple[int, int], is_mismatch: bool) -> None:
    assert shared_out([Stratum(people, (0.5, 0.5))]).is_mismatch is is_mismatch


def _three_times(random: np.random.Generator, truth: list[list[float]]) -> list[list[int]]:
    """Return who came in each of three times, a row for each look."""
    times = np.repeat([0, 1, 2], [20, 30, 50])
    return [random.multinomial(_A_LOOK, truth[at]).tolist() for at in times]


_HELD = [(0.4, 0.4, 0.0), (0.4, 0.4, 0.2), (0.1, 0.1, 0.8)]


def _looked_at(came: list[list[int]]) -> list[list[Stratum]]:
    """Return the strata at each look, by the shares that held when people came."""
    sums = np.array(came)
    ends = [20, 50, 100]
    return [
        [
            Stratum(tuple(sums[begin : min(end, look)].sum(axis=0).tolist()), held)
            for begin, end, held in zip([0, *ends], ends, _HELD, strict=False)
            if begin < look
        ]
        for look in range(1, _LOOKS + 1)
    ]


def test_shares_that_changed_raise_hardly_any_alarm_where_each_is_held_to_those_of_its_time() -> (
    None
):
    random = np.random.default_rng(9)
    truth = [[share / sum(held) for share in held] for held in _HELD]

    runs = [_three_times(random, truth) for _ in range(200)]

    least = np.array([min(map(mismatch_of_all, _looked_at(came))) for came in runs])
    assert (least < 0.05).mean() <= 0.05
    everybody = np.array([np.sum(came, axis=0) for came in runs]).tolist()
    as_if_always = [mismatch_p_value(people, _HELD[1]) for people in everybody]
    assert max(as_if_always) < MISMATCH


def test_people_who_are_missing_at_one_of_several_times_are_noticed() -> None:
    random = np.random.default_rng(10)
    lost = [[0.5, 0.5, 0.0], [0.43, 0.37, 0.2], [0.1, 0.1, 0.8]]

    found = [mismatch_of_all(_looked_at(_three_times(random, lost))[-1]) for _ in range(100)]

    assert (np.array(found) < MISMATCH).mean() > 0.95


def test_strata_of_several_times_are_told_with_what_was_expected_of_them_together() -> None:
    found = shared_out([Stratum((50, 50, 0), (0.4, 0.4, 0.0)), Stratum((0, 0, 300), (0, 0, 0.2))])

    assert found.people == (50, 50, 300)
    assert found.shares == pytest.approx((0.125, 0.125, 0.75))
    assert not found.is_mismatch


def test_somebody_in_a_group_of_nobody_is_a_mismatch() -> None:
    assert mismatch_of_all([Stratum((400, 400, 1), (0.5, 0.5, 0.0))]) == 0.0
