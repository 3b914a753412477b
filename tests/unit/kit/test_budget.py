"""The budget as a value on a clock that the test holds."""

from __future__ import annotations

import pytest

from shared.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_budget_runs_down_with_its_clock_and_never_below_zero() -> None:
    clock = Clock()
    budget = Budget.of(0.1, monotonic=clock)
    assert budget.remaining_s() == pytest.approx(0.1)
    clock.now_s += 0.06
    assert budget.remaining_s() == pytest.approx(0.04)
    assert not budget.expired()
    clock.now_s += 5
    assert budget.remaining_s() == 0.0
    assert budget.expired()


def test_a_margin_is_kept_back() -> None:
    assert Budget.of(0.1, now=0.0).less(0.01).remaining_s(now=0.0) == pytest.approx(0.09)


def test_at_most_shortens_and_never_lengthens() -> None:
    budget = Budget.of(0.1, now=0.0)
    assert budget.at_most(0.04, now=0.0).remaining_s(now=0.0) == pytest.approx(0.04)
    assert budget.at_most(5.0, now=0.0) is budget
