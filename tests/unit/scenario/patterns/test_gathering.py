"""Events become columns as they are read, and people what is known of them."""

import numpy as np

from services.scenario.domain.patterns.gathering import Gathering, KnownGathering, Slice

NOTHING = [""] * 4


def told(person_ids, times_us, types=None, categories=NOTHING):
    count = len(person_ids)
    zero = np.zeros(count, np.int64)
    return Slice(
        person_ids,
        types or ["view"] * count,
        np.array(times_us, np.int64),
        categories,
        zero.astype(np.uint8),
        ["WEB"] * count,
        zero,
        np.ones(count),
        zero,
        [""] * count,
        zero,
    )


def gathered():
    gathering = Gathering(10, 20, {"ann": "ada"})
    gathering.take(
        told(["ada", "bob", "ann", ""], [10, 11, 19, 12], categories=["A > B", "C", "A", ""])
    )
    return gathering


def test_persons_of_a_set_are_one_and_nobody_is_nobody():
    log = gathered().log()
    assert log.deeds.person.tolist() == [0, 1, 0]
    assert log.persons == 2


def test_a_category_is_its_top_level():
    log = gathered().log()
    assert [log.categories[each] for each in log.deeds.category] == ["A", "C", "A"]


def test_what_lies_outside_of_the_time_is_left_out():
    gathering = Gathering(10, 20, {})
    gathering.take(told(["ada"] * 4, [9, 10, 19, 20]))
    assert gathering.log().deeds.time_us.tolist() == [10, 19]


def test_the_latest_purchase_before_the_time_is_kept():
    gathering = gathered()
    gathering.bought(["ann", "ada", "bob", ""], [5, 3, 15, 4])
    assert gathering.log().bought_us.tolist() == [5, 0]


def test_the_last_word_on_a_segment_counts_and_of_strangers_none():
    known = KnownGathering(gathered(), ["new", "keen"])
    for person_id, segment, is_in, changed_us in (
        ("ada", "keen", True, 1),
        ("ada", "keen", False, 2),
        ("bob", "new", False, 1),
        ("bob", "new", True, 2),
        ("eve", "new", True, 3),
        ("bob", "gone", True, 3),
    ):
        known.member(person_id, segment, is_in=is_in, changed_us=changed_us)
    found = known.known()
    assert found.segments == ("keen", "new")
    assert (found.member.tolist(), found.segment.tolist()) == ([1], [1])
    assert found.since_us.tolist() == [2]


def test_attributes_and_ages_are_words_by_person():
    known = KnownGathering(gathered(), [])
    known.attribute("tier", ["gold", "tin"], ["bob", "eve", "ann"], [2, 1, 1])
    known.ages(["ada", "bob"], [0, 40])
    age, tier = known.known().attributes
    assert (tier.name, tier.place.tolist()) == ("tier", [1, 2])
    assert [age.words[each - 1] if each else "" for each in age.place] == ["", "35-44"]
