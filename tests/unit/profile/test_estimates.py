"""Counts out of a sample hold the truth as often as they say."""

import numpy as np

from services.profile.domain.estimates import estimate


def test_of_everybody_a_count_is_exact():
    assert estimate(247, 2_469, 2_469) == (247, 247, 247, 247 / 2_469)


def test_of_nobody_there_is_nobody():
    assert estimate(0, 0, 0) == (0, 0, 0, 0.0)


def test_the_interval_holds_the_truth_about_nineteen_times_of_twenty():
    chance, people, looked_at = np.random.default_rng(5), 20_000, 1_000
    for true_share in (0.002, 0.1, 0.5, 0.97):
        members = round(people * true_share)
        held = 0
        # So many are members of a sample without putting back.
        for found in chance.hypergeometric(members, people - members, looked_at, 400).tolist():
            counted = estimate(found, looked_at, people)
            assert counted.at_least <= counted.people <= counted.at_most
            held += counted.at_least <= members <= counted.at_most
        assert held >= 370, true_share


def test_more_people_looked_at_tell_more():
    few, many = estimate(10, 100, 100_000), estimate(1_000, 10_000, 100_000)
    assert many.at_most - many.at_least < few.at_most - few.at_least


def test_those_seen_are_a_bound():
    counted = estimate(999, 1_000, 1_001)
    assert (counted.at_least, counted.at_most) == (999, 1_000)
