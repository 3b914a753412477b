"""Off-policy estimates: their formulas, their intervals, and when the log cannot support them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.quality.shoppers_log import OFFERS, logs, policies
from services.ranker.domain.intervals import mean_of, student_t
from services.ranker.domain.off_policy import Caution, Logged, Target, evaluate

RUNS = 200
ROWS = 400


def column(*values):
    return np.array(values, np.float64)


def ample(probability=0.5, policy=0.5, rewards=None):
    """Return a log in which half of what was shown was taken."""
    taken = np.arange(ROWS) % 2.0 if rewards is None else rewards
    logged = Logged(taken, np.full(ROWS, probability))
    return evaluate(logged, Target(np.full(ROWS, policy)))


def test_the_estimates_are_those_of_their_formulas():
    logged = Logged(column(1, 0, 1, 0), column(0.5, 0.25, 0.2, 1.0))
    found = evaluate(
        logged,
        Target(
            column(0.25, 0.5, 0.1, 1.0),
            predicted=column(0.4, 0.1, 0.6, 0.2),
            expected=column(0.3, 0.2, 0.5, 0.2),
        ),
    )
    weights = [0.5, 2.0, 0.5, 1.0]
    assert found.logged.value == pytest.approx(0.5)
    assert found.ips.value == pytest.approx((0.5 + 0.5) / 4)
    assert found.snips.value == pytest.approx(1.0 / 4.0)
    assert found.direct.value == pytest.approx(0.3)
    robust = [0.3 + 0.5 * 0.6, 0.2 - 2.0 * 0.1, 0.5 + 0.5 * 0.4, 0.2 - 0.2]
    assert found.doubly_robust.value == pytest.approx(sum(robust) / 4)
    assert found.change.value == pytest.approx(sum(robust) / 4 - 0.5)
    assert found.best is found.doubly_robust
    assert found.effective_rows == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
    assert found.largest_weight == 2.0


def test_the_policy_that_showed_it_earns_what_was_earned():
    found = ample()
    assert found.ips == found.snips == found.logged
    assert found.change.value == pytest.approx(0.0)
    assert found.effective_rows == ROWS
    assert found.is_supported


def test_without_a_model_the_change_is_that_of_the_self_normalised_estimate():
    random = np.random.default_rng(3)
    rewards = (random.random(ROWS) < 0.3).astype(np.float64)
    probabilities = random.uniform(0.2, 1.0, ROWS)
    found = evaluate(Logged(rewards, probabilities), Target(random.uniform(0.2, 1.0, ROWS)))
    assert found.change.value == pytest.approx(found.snips.value - found.logged.value)


def test_a_row_that_stands_for_three_counts_as_often():
    some = Logged(column(1, 0, 1), column(0.5, 0.25, 0.2), counts=column(3, 1, 1))
    each = Logged(column(1, 1, 1, 0, 1), column(0.5, 0.5, 0.5, 0.25, 0.2))
    one = evaluate(some, Target(column(0.4, 0.5, 0.1)))
    other = evaluate(each, Target(column(0.4, 0.4, 0.4, 0.5, 0.1)))
    for name in ("logged", "ips", "snips", "change"):
        assert getattr(one, name).value == pytest.approx(getattr(other, name).value)
    assert one.effective_rows < other.effective_rows


def test_what_is_told_twice_of_one_unit_makes_no_interval_narrower():
    random = np.random.default_rng(1)
    rewards = (random.random(ROWS) < 0.3).astype(np.float64)
    once = evaluate(Logged(rewards, np.full(ROWS, 0.5)), Target(np.full(ROWS, 0.5)))
    twice = evaluate(
        Logged(np.tile(rewards, 2), np.full(2 * ROWS, 0.5), np.tile(np.arange(ROWS), 2)),
        Target(np.full(2 * ROWS, 0.5)),
    )
    assert twice.logged.low == pytest.approx(once.logged.low)
    assert twice.logged.high == pytest.approx(once.logged.high)


def test_what_could_never_be_shown_widens_the_interval_by_as_much_as_it_may_be_worth():
    told = evaluate(
        Logged(np.arange(ROWS) % 2.0, np.full(ROWS, 0.5)),
        Target(np.full(ROWS, 0.48), unsupported=np.full(ROWS, 0.04)),
    )
    sure = evaluate(
        Logged(np.arange(ROWS) % 2.0, np.full(ROWS, 0.5)),
        Target(np.full(ROWS, 0.48), unsupported=np.zeros(ROWS)),
    )
    assert told.snips.low == pytest.approx(sure.snips.low - 0.04 * 0.5)
    assert told.snips.high == pytest.approx(sure.snips.high + 0.04 * 0.5)
    assert told.ips.low == sure.ips.low
    assert told.unsupported_share == pytest.approx(0.04)
    assert told.is_supported


@pytest.mark.parametrize(
    ("found", "caution"),
    [
        (evaluate(Logged(column(), column()), Target(column())), Caution.NO_ROWS),
        (ample(policy=0.0), Caution.NO_OVERLAP),
        (ample(policy=0.4), Caution.UNSUPPORTED),
        (ample(probability=1.0, policy=1.0), Caution.NOT_EXPLORED),
        (ample(rewards=np.eye(1, ROWS)[0]), Caution.FEW_REWARDED),
        (
            evaluate(Logged(column(1, 0, 1), column(0.5, 0.5, 0.5)), Target(column(0.5, 0.5, 0.5))),
            Caution.FEW_ROWS,
        ),
        (
            evaluate(
                Logged(np.ones(ROWS), np.r_[np.full(ROWS - 1, 0.5), 0.001]),
                Target(np.full(ROWS, 0.5)),
            ),
            Caution.HEAVY_ROW,
        ),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_a_log_that_cannot_support_the_answer_says_why(found, caution):
    assert caution in found.cautions
    assert not found.is_supported


def test_what_cannot_be_computed_is_not_told():
    nothing = ample(policy=0.0)
    assert nothing.snips is None
    assert nothing.best is None
    assert nothing.change is None
    one = evaluate(Logged(column(1), column(0.5)), Target(column(0.5)))
    assert one.snips.low == -math.inf
    assert one.snips.high == math.inf


@pytest.mark.parametrize(
    ("logged", "target", "reason"),
    [
        (
            Logged(column(1), column(0.0)),
            Target(column(0.5)),
            "logged probabilities: not all above",
        ),
        (Logged(column(1), column(1.1)), Target(column(0.5)), "at most 1"),
        (Logged(column(1), column(0.5)), Target(column(-0.1)), "probabilities: not all from 0"),
        (
            Logged(column(math.nan), column(0.5)),
            Target(column(0.5)),
            "rewards: not all are numbers",
        ),
        (
            Logged(column(1), column(0.5), counts=column(0.0)),
            Target(column(0.5)),
            "counts: not all",
        ),
        (Logged(column(1), column(0.5)), Target(column(0.5, 0.5)), "probabilities: 2 for 1 rows"),
    ],
)
def test_columns_that_make_no_sense_are_refused(logged, target, reason):
    with pytest.raises(ValueError, match=reason):
        evaluate(logged, target)


def test_quantiles_are_those_of_the_tables():
    for degrees, quantile in [(1, 12.706), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042)]:
        assert student_t(degrees) == pytest.approx(quantile, abs=4e-3)
    assert student_t(math.inf) == pytest.approx(1.959964)


def test_a_mean_of_what_is_normal_has_the_interval_of_the_textbook():
    values = np.random.default_rng(5).standard_normal(10_000)
    found = mean_of(values, np.arange(len(values)))
    half = 1.96 * values.std(ddof=1) / 100.0
    assert found.high - found.value == pytest.approx(half, rel=1e-2)


@pytest.mark.long
def test_the_truth_lies_within_the_intervals_of_93_of_100_runs_of_thompson_sampling():
    held: dict[str, list[bool]] = {}
    vouched: dict[str, list[bool]] = {}
    random = np.random.default_rng(11)
    for log in logs(RUNS, seed=11):
        for name, policy in policies(log, random):
            found = evaluate(log.logged(), log.target(policy))
            is_true = found.best.holds(log.worth(policy))
            held.setdefault(name, []).append(is_true)
            if found.is_supported:
                vouched.setdefault(name, []).append(is_true)
    assert len(held) >= 7
    assert np.mean(list(held.values())) >= 0.93
    often = {name: each for name, each in vouched.items() if len(each) >= RUNS // 4}
    assert len(often) >= 4
    assert {
        name: round(np.mean(each), 3) for name, each in often.items() if np.mean(each) < 0.93
    } == {}


def test_a_policy_outside_of_what_was_logged_is_never_told_without_a_warning():
    random = np.random.default_rng(7)
    for log in logs(30, seed=7):
        never = np.zeros_like(log.probabilities)
        never[np.arange(len(never)), log.probabilities.argmin(axis=1)] = 1.0
        found = evaluate(log.logged(), log.target(never))
        assert Caution.UNSUPPORTED in found.cautions or Caution.NO_OVERLAP in found.cautions
        some = random.dirichlet(np.ones(OFFERS), size=len(never))
        assert Caution.UNSUPPORTED in evaluate(log.logged(), log.target(some)).cautions
