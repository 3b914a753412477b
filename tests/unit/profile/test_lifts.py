"""Lifts tell by how much a group differs, and how sure that is."""

import random

from services.profile.domain.lifts import Group, lifts


def group(people, labels=(), numbers=()):
    made = Group()
    for place in range(people):
        mine = [label for label, count in dict(labels).items() if place < count]
        made.add(mine, [(name, of(place)) for name, of in dict(numbers).items()])
    return made


def by_trait(inside, outside):
    return {lift.trait: lift for lift in lifts(inside, outside)}


def test_a_trait_twice_as_frequent_has_a_lift_of_two():
    found = by_trait(group(1_000, {"gardener": 400}), group(9_000, {"gardener": 1_800}))
    lift = found["gardener"]
    assert (lift.inside, lift.outside) == (0.4, 0.2)
    assert 1.95 < lift.lift < 2.05
    assert 1.8 < lift.at_least < lift.lift < lift.at_most < 2.2


def test_few_people_leave_it_open_whether_there_is_a_difference():
    lift = by_trait(group(10, {"gardener": 4}), group(90, {"gardener": 18}))["gardener"]
    assert lift.at_least < 1.0 < lift.at_most


def test_a_trait_that_nobody_else_has_has_a_finite_lift():
    lift = by_trait(group(500, {"diver": 250}), group(500))["diver"]
    assert lift.outside == 0.0
    assert 20 < lift.at_least < lift.at_most < 10_000


def test_means_are_compared_where_both_are_known():
    found = by_trait(
        group(100, numbers={"orders": lambda n: 8.0 + n % 5, "age": lambda n: 30.0}),
        group(100, numbers={"orders": lambda n: 4.0 + n % 3}),
    )
    assert found.keys() == {"orders"}
    assert (found["orders"].inside, found["orders"].lift > 1.9) == (10.0, True)
    assert found["orders"].at_least < 10.0 / 5.0 < found["orders"].at_most


def test_the_most_telling_comes_first_and_what_hardly_anybody_has_is_left_out():
    found = lifts(
        group(500, {"sure": 400, "little": 260, "rare": 2, "lacking": 20}),
        group(500, {"sure": 100, "little": 240, "lacking": 300}),
    )
    assert [lift.trait for lift in found] == ["lacking", "sure", "little"]
    assert not found[0].is_share or found[0].lift < 0.1


def test_the_interval_holds_the_true_ratio_about_nineteen_times_of_twenty():
    chance, held = random.Random(3), 0
    for _ in range(300):
        mine, theirs = Group(), Group()
        for _ in range(200):
            mine.add(["x"] if chance.random() < 0.3 else (), [("spent", chance.expovariate(0.5))])
            theirs.add(["x"] if chance.random() < 0.1 else (), [("spent", chance.expovariate(1))])
        found = by_trait(mine, theirs)
        held += found["x"].at_least <= 3.0 <= found["x"].at_most
        held += found["spent"].at_least <= 2.0 <= found["spent"].at_most
    assert held >= 550
