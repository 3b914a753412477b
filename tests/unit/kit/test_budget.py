"""The budget as a value on a clock that the test holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.budget import Budget, split


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


def test_steps_share_by_weight_and_the_last_gets_everything() -> None:
    shares = split(Budget.of(1.0, now=0.0), {"profile": 1, "rules": 2, "ranker": 1})
    assert shares.share("profile", now=0.0).remaining_s(now=0.0) == pytest.approx(0.25)
    assert shares.share("ranker", now=0.9).remaining_s(now=0.9) == pytest.approx(0.1)


def test_what_a_step_leaves_unspent_goes_to_the_later_ones() -> None:
    shares = split(Budget.of(1.0, now=0.0), {"profile": 1, "rules": 1, "ranker": 2})
    in_time = shares.share("rules", now=0.25).remaining_s(now=0.25)
    early = shares.share("rules", now=0.05).remaining_s(now=0.05)
    assert in_time == pytest.approx(0.25)
    assert early == pytest.approx(0.95 / 3)


@given(
    weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=6),
    spent=st.lists(st.floats(0, 1), min_size=6, max_size=6),
)
def test_steps_that_keep_to_their_shares_never_outlive_the_budget(
    weights: list[float], spent: list[float]
) -> None:
    shares = split(Budget.of(1.0, now=0.0), {str(at): weight for at, weight in enumerate(weights)})
    now = 0.0
    for at in range(len(weights)):
        now += shares.share(str(at), now=now).remaining_s(now=now) * spent[at]
    assert now <= 1.0 + 1e-9


def test_a_weight_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rules"):
        split(Budget.of(1.0), {"profile": 1.0, "rules": 0.0})
