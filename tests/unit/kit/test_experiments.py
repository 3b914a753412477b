"""Who is in which variant: always the same, independent of all else, and only the personalised."""

import uuid
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arms import assign_arm, assign_variants
from shared.experiments import ExperimentPlan, experiment_plan, moved_by, shares_of
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant
from touchpoint.rules.v1.rules_pb2 import Bundle

PEOPLE = [str(uuid.UUID(int=number << 64 | 7)) for number in range(20_000)]
shares = st.floats(0.01, 1.0)


def experiment(name="one", share=1.0, parts=(0.5, 0.5), salt="", **times):
    made = Experiment(
        experiment=name,
        share=share,
        salt=salt,
        variants=[ExperimentVariant(variant=f"v{at}", share=each) for at, each in enumerate(parts)],
    )
    for field, seconds in times.items():
        getattr(made, field).seconds = seconds
    return made


def plan(*experiments, **parameters):
    return experiment_plan(Bundle(parameters=parameters, experiments=experiments))


def variant(found, person):
    """Return the variant of the only experiment; empty: none."""
    return "".join(each.variant for each in assign_variants(found, person))


@given(st.text(min_size=1), shares, shares, st.lists(st.floats(0.01, 0.2), min_size=2, max_size=5))
def test_a_larger_share_adds_people_and_moves_nobody(person, one, other, parts):
    smaller, larger = (plan(experiment(share=share, parts=parts)) for share in sorted((one, other)))
    if before := variant(smaller, person):
        assert variant(larger, person) == before


@given(
    st.text(min_size=1),
    st.lists(st.floats(0.01, 0.2), min_size=2, max_size=4),
    st.lists(st.floats(0.01, 0.2), min_size=2, max_size=4),
    shares,
    shares,
)
def test_what_is_said_to_move_nobody_moves_nobody(person, parts, others, one, other):
    before, after = experiment(share=one, parts=parts), experiment(share=other, parts=others)
    if not moved_by(shares_of(before), shares_of(after)):
        was = variant(plan(before), person)
        assert not was or variant(plan(after), person) == was


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (experiment(share=0.4), "the share goes from 0.5 down to 0.4"),
        (experiment(share=0.5, salt="other"), "another salt draws other people"),
        (experiment(share=0.5, parts=(1.0,)), "the variant v1 is gone"),
        (experiment(share=0.5, parts=(0.4, 0.6)), "the variant v0 is another part of the people"),
    ],
)
def test_what_would_move_somebody_is_told(after, said):
    assert said in moved_by(shares_of(experiment(share=0.5)), shares_of(after))


def test_a_variant_behind_the_others_moves_nobody():
    before, after = experiment(parts=(0.3, 0.3)), experiment(parts=(0.3, 0.4, 0.3))
    assert not moved_by(shares_of(before), shares_of(after))


def test_each_variant_gets_its_share_of_those_who_take_part():
    found = plan(experiment(share=0.6, parts=(0.2, 0.5)))
    counted = [variant(found, person) for person in PEOPLE]
    for name, expected in (("v0", 0.12), ("v1", 0.30), ("", 0.58)):
        assert counted.count(name) / len(PEOPLE) == pytest.approx(expected, abs=0.015)


def test_experiments_know_nothing_of_each_other():
    found = plan(experiment("one"), experiment("two"))
    both = [tuple(each.variant for each in assign_variants(found, person)) for person in PEOPLE]
    for combination in (("v0", "v0"), ("v0", "v1"), ("v1", "v0"), ("v1", "v1")):
        assert both.count(combination) / len(PEOPLE) == pytest.approx(0.25, abs=0.015)


def test_only_the_personalised_take_part():
    found = plan(experiment(), holdout="30%", static="20%")
    for person in PEOPLE[:2_000]:
        is_personalised = assign_arm(found.arm_plan, person) == Arm.PERSONALISED
        assert bool(variant(found, person)) is is_personalised


def test_nobody_known_is_in_nothing():
    assert not assign_variants(plan(experiment()), "")


def test_who_is_in_which_variant_never_changes_from_release_to_release():
    found = plan(experiment("fewer_surveys", 0.7))
    people = ("ann", "bob", "eve", "fay", "gus", "hal")
    assert [variant(found, person) for person in people] == ["v1", "v1", "", "", "v0", "v1"]


def test_it_runs_from_its_start_until_just_before_its_end():
    found = plan(experiment(starts_time=10, ends_time=20))
    seen = [bool(variant(found.at(seconds * 1_000_000), "ann")) for seconds in (9, 10, 19, 20)]
    assert seen == [False, True, True, False]


def test_a_plan_in_which_all_are_running_is_the_plan_itself():
    found = plan(experiment("one"), experiment("two", ends_time=20))
    assert found.at(0) is found
    assert [each.name for each in found.at(20_000_000).experiments] == ["one"]


def test_without_experiments_nobody_is_in_any():
    assert not assign_variants(ExperimentPlan(), "ann")


@given(st.lists(st.floats(0.01, 0.1), min_size=2, max_size=10))
def test_parts_follow_one_another(parts):
    found = shares_of(experiment(parts=parts))
    told = [found.part(f"v{at}") for at in range(len(parts))]
    assert told[0][0] == 0.0
    assert all(one[1] == other[0] for one, other in pairwise(told))
    assert found.part("another") is None
