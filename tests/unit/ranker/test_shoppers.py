"""Simulated shoppers of a known taste: the ranker learns it, also from answers that come late."""

import pytest

from bench.quality.shoppers.learners import EpsilonGreedy, LinUcb, Ours
from bench.quality.shoppers.measured import EPSILON, RIDGE, WIDTH
from bench.quality.shoppers.running import run

DECISIONS = 1_500
SEED = 1


@pytest.fixture(scope="module")
def ours():
    return run(Ours, SEED, DECISIONS)


def test_the_same_shoppers_make_the_same_course():
    one, again = (run(Ours, SEED, 60) for _ in range(2))
    assert one.earned.tolist() == again.earned.tolist()


def test_it_misses_less_than_epsilon_greedy_and_no_more_than_linucb(ours):
    greedy = run(lambda _: EpsilonGreedy(RIDGE, EPSILON), SEED, DECISIONS)
    assert ours.regret < 0.6 * greedy.regret
    assert ours.regret < run(lambda _: LinUcb(RIDGE, WIDTH), SEED, DECISIONS).regret


def test_it_earns_most_of_what_there_is_to_be_earned(ours):
    assert ours.earned_share(0, 20) < 0.7
    assert ours.earned_share(DECISIONS - 500, 500) > 0.8


@pytest.mark.long
def test_answers_that_come_late_cost_less_than_a_quarter_of_what_is_earned(ours):
    late = run(Ours, SEED, DECISIONS, late=300)
    assert late.earned.sum() > 0.75 * ours.earned.sum()


@pytest.mark.long
def test_after_a_change_of_taste_it_notices_and_learns_the_new_one():
    changes_at = 2_500
    changed = run(Ours, 2, changes_at + 1_500, changes_at=changes_at)
    assert changed.earned_share(changes_at, 100) < 0.4
    assert changed.earned_share(changes_at + 1_000, 500) > 0.65
