"""Each referred person counts once, for the first who referred them, in any order of words."""

from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.referrals import (
    Referral,
    Referred,
    referred_by_person,
    standing,
)

PEOPLE = "abcde"


def said(who, referred, time_us, worth=0, group=""):
    return Referral(who, group or who, time_us, referred, worth)


def links(*words):
    return {(each.group_id, each.referred) for each in standing(words)}


def test_a_referral_counts_and_is_worth_what_came_by_it():
    found = referred_by_person([said("a", "b", 1, 500), said("a", "c", 2, 70)])
    assert found == {"a": Referred(2, 570)}


def test_whoever_is_not_known_yet_counts_without_a_worth():
    assert referred_by_person([said("a", "0a1b", 1)]) == {"a": Referred(1, 0)}


def test_the_same_person_referred_under_two_names_counts_once():
    assert referred_by_person([said("a", "b", 1, 5), said("a", "b", 2, 5)]) == {"a": Referred(1, 5)}


def test_of_two_who_refer_somebody_the_first_counts():
    assert links(said("b", "x", 2), said("a", "x", 1)) == {("a", "x")}


def test_nobody_refers_themselves_also_not_when_that_turns_out_later():
    assert links(said("a", "a", 1)) == set()
    merged = said("a", "a", 1, group="a"), said("b", "a", 0, group="a")
    assert links(*merged) == set()


def test_a_cycle_is_broken_at_its_last_word():
    assert links(said("a", "b", 1), said("b", "a", 2)) == {("a", "b")}
    assert links(said("a", "b", 1), said("b", "c", 2), said("c", "a", 3)) == {
        ("a", "b"),
        ("b", "c"),
    }


def test_a_referral_among_persons_of_a_set_is_told_by_person_and_adds_up_over_the_set():
    found = referred_by_person([said("a", "x", 1, 5, group="g"), said("b", "y", 1, 7, group="g")])
    assert found == {"a": Referred(1, 5), "b": Referred(1, 7)}


@st.composite
def words(draw):
    person = draw(st.sampled_from(PEOPLE))
    other = draw(st.sampled_from((*PEOPLE, "unknown")))
    return said(person, other, draw(st.integers(0, 9)), 1)


@given(st.lists(words(), max_size=12), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_and_never_a_cycle(spoken, chance):
    shuffled = list(spoken)
    chance.shuffle(shuffled)
    assert referred_by_person(shuffled) == referred_by_person(spoken)
    above = {each.referred: each.group_id for each in standing(spoken)}
    for person in above:
        met, at = {person}, above[person]
        while at in above:
            assert at not in met
            met.add(at)
            at = above[at]
