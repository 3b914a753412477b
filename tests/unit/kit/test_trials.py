"""Who is in the share of a trial: always the same, ever more, and exactly as many as was said."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arms import assign_arm
from shared.trials import is_in_trial
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import ArmPlan

PEOPLE = [str(uuid.UUID(int=number << 64 | 7)) for number in range(40_000)]
shares = st.floats(0.0, 1.0)


def trial(share, salt="salt"):
    return Trial(bundle_hash="b", share=share, salt=salt)


@given(st.text(min_size=1), st.text(), shares, shares)
def test_a_growing_share_only_adds_people(person, salt, one, other):
    smaller, larger = sorted((one, other))
    if is_in_trial(trial(smaller, salt), person):
        assert is_in_trial(trial(larger, salt), person)


@given(st.text(min_size=1), st.text(), shares)
def test_the_same_person_always_gets_the_same(person, salt, share):
    copy = Trial.FromString(trial(share, salt).SerializeToString())
    assert is_in_trial(trial(share, salt), person) == is_in_trial(copy, person)


def test_who_is_in_it_never_changes_from_release_to_release():
    people = ("ann", "bob", "cid", "dan", "eve")
    assert [person for person in people if is_in_trial(trial(0.5), person)] == ["ann", "dan"]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_as_large_as_it_was_said(share):
    within = sum(is_in_trial(trial(share), person) for person in PEOPLE) / len(PEOPLE)
    # Five standard deviations: a fair coin errs so far once in two million tries.
    assert abs(within - share) < 5 * (share * (1 - share) / len(PEOPLE)) ** 0.5


def test_another_trial_has_other_people_and_arms_are_spread_in_both_alike():
    first = {person for person in PEOPLE if is_in_trial(trial(0.1, "one"), person)}
    both = sum(is_in_trial(trial(0.1, "two"), person) for person in first) / len(first)
    assert 0.07 < both < 0.13
    plan = ArmPlan(salt="touchpoint", holdout_share=0.2)
    held_out = sum(assign_arm(plan, person) == Arm.HOLDOUT for person in first) / len(first)
    assert 0.16 < held_out < 0.24


def test_nobody_known_is_in_no_trial_and_no_trial_has_nobody():
    assert not is_in_trial(trial(0.999999), "")
    assert not is_in_trial(Trial(share=1.0), "ann")
