"""Proposals out of people: laid out as a table, named, and short enough to be read."""

import numpy as np
import pytest

from services.profile.domain.event import Event
from services.profile.domain.personas.distinctions import Distinction, strongest
from services.profile.domain.personas.evidence import CHANNEL_NAMES, Evidence
from services.profile.domain.personas.naming import name_kinds
from services.profile.domain.personas.proposals import NothingToProposeError, propose
from services.profile.domain.personas.sample import Collector
from services.profile.domain.personas.table import lay_out
from services.profile.domain.state import State, describe, merge
from tests.unit.profile.happenings import NOON_US, state_of
from touchpoint.common.v1.vocabulary_pb2 import Channel

TOLD = lambda *_: None  # noqa: E731


def person(number, liked, gender, channel=1):
    rng = np.random.default_rng(number)
    state = state_of(
        *(
            Event(NOON_US + n, "view", channel, category=f"{rng.choice(liked)} > {rng.integers(4)}")
            for n in range(9)
        )
    )
    describe(state, {"gender": gender, "age": str(20 + number % 50), "id": f"c{number}"}, 1)
    return state


def crowd(people=160):
    """Return two kinds of people: men after tools and garden by the web, women after books."""
    return [
        person(n, ("Garden", "Garden", "Tools"), ("male", "male", "female")[n % 3])
        if n % 2
        else person(n, ("Books", "Books", "Toys"), ("female", "female", "male")[n % 3], channel=10)
        for n in range(people)
    ]


def sampled(states, tier="low"):
    collector = Collector()
    for state in states:
        collector.add(Evidence(state, NOON_US, lambda: tier))
    return collector.sample()


def test_two_kinds_are_proposed_with_names_people_and_definitions():
    found = propose(sampled(crowd()), 1, TOLD)
    assert [each.people for each in found.proposals] == [80, 80]
    assert found.unassigned == 0
    by_name = {each.persona.name: each for each in found.proposals}
    assert set(by_name) == {"garden_and_tools", "books_and_toys"}
    gardeners = by_name["garden_and_tools"]
    assert gardeners.name.title == "Garden and Tools: gender male, channel WEB"
    assert "They look for Garden" in gardeners.name.description
    assert gardeners.persona.weight == pytest.approx(0.5, abs=0.01)
    assert sum(gardeners.persona.categories.values()) <= 1.0
    assert {path.split(" > ")[0] for path in gardeners.persona.categories} == {"Garden", "Tools"}
    assert gardeners.persona.attributes["gender"]["male"] > 0.6
    assert {"categories", "channels", "attribute:gender"} <= set(found.telling)
    assert "attribute:age" not in found.telling


def test_a_value_that_too_few_people_share_is_not_even_looked_at():
    states = crowd()
    for state in states[:4]:
        describe(state, {"gender": "rare"}, 2)
    found = {family.name: family.labels for family in lay_out(sampled(states)).families}
    assert "attribute:id" not in found
    assert set(found["attribute:gender"]) == {"female", "male", ""}


def test_too_few_people_are_refused_with_what_to_do():
    with pytest.raises(NothingToProposeError, match=r"only 40 people .* import history"):
        propose(sampled(crowd(40)), 1, TOLD)


def test_people_who_are_all_alike_are_refused():
    alike = [person(n, ("Books", "Toys"), "female") for n in range(120)]
    with pytest.raises(NothingToProposeError, match="no kinds that can be told apart"):
        propose(sampled(alike), 1, TOLD)


def test_who_only_passed_by_is_not_learned_from():
    passing = state_of(Event(NOON_US, "view", 1, category="Books"))
    assert sampled([passing, State(), *crowd(4)]).people == 4


def test_a_set_of_persons_is_learned_from_as_one():
    one, other = crowd(2)
    assert sampled([merge([one, other])]).people == 1


def test_numbers_become_ranges_of_about_as_many_people():
    table = lay_out(sampled(crowd()))
    ages = next(family for family in table.families if family.name == "attribute:age")
    held = table.observed.counts[:, ages.columns].sum(axis=0)
    assert all("-" in label for label in ages.labels)
    assert len(ages.labels) == 5
    assert held.min() > 0.5 * held.max()


def test_many_categories_are_cut_where_few_enough_are_left():
    states = [
        state_of(
            *(
                Event(NOON_US + n, "view", 1, category=f"A > {(person + n) % 20} > {person} > {n}")
                for n in range(6)
            )
        )
        for person in range(60)
    ]
    table = lay_out(sampled(states))
    categories = next(family for family in table.families if family.name == "categories")
    assert set(categories.labels) == {f"A > {n}" for n in range(20)}


def test_channels_are_named_as_the_vocabulary_names_them():
    for number, name in enumerate(CHANNEL_NAMES[1:], 1):
        assert Channel.Value.Name(number) == name
    assert len(CHANNEL_NAMES) == len(Channel.Value.keys())


def told(*shares):
    return [Distinction(family, value, share, rest) for family, value, share, rest in shares]


def test_a_name_is_given_only_once():
    running = [("categories", "Sport > Running", 0.5, 0.05), ("categories", "Books", 0.1, 0.2)]
    female = ("attribute:gender", "female", 0.9, 0.5)
    names = name_kinds([told(*running), told(*running, female), told(*running)])
    assert [name.persona for name in names] == ["running", "running_gender_female", "running_2"]
    assert names[1].title == "Running: gender female"


def test_who_differs_by_no_category_is_named_by_what_else_they_are():
    in_the_store = told(("channels", "STORE", 0.9, 0.1), ("categories", "Books", 0.2, 0.2))
    assert name_kinds([in_the_store])[0].persona == "channel_store"


def test_categories_are_told_at_the_level_that_says_most():
    found = strongest(
        told(
            ("categories", "Sport > Running > Shoes", 0.3, 0.03),
            ("categories", "Sport > Running > Watches", 0.3, 0.03),
            ("categories", "Sport > Tennis", 0.01, 0.3),
            ("brands", "Aerolite", 0.1, 0.1),
        )
    )
    assert [each.value for each in found[:2]] == ["Sport > Running", "Sport > Tennis"]
    assert found[0].lift == pytest.approx(10.0)
    assert len(found) == 2


def test_names_of_long_things_can_be_accepted_and_are_told_apart():
    kinds = [[Distinction("categories", f"{'Very long ' * 20}{n}", 0.9, 0.1)] for n in range(3)]
    names = [name.persona for name in name_kinds(kinds)]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 64
