"""Whether people were shared out as planned, looked at every day."""

from __future__ import annotations

import numpy as np
import pytest

from services.ranker.domain.experiments.comparing import shared_out
from services.ranker.domain.experiments.shares import MISMATCH, mismatch_p_value

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
    assert shared_out(people, (0.5, 0.5)).is_mismatch is is_mismatch
