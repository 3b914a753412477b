"""Traits that rise in those who buy, found where they were planted, and nowhere else."""

import numpy as np
import pytest

from services.scenario.domain.patterns.log import Known, SharedWord
from services.scenario.domain.patterns.rising import rising_of
from services.scenario.domain.patterns.traits import Trait
from services.scenario.domain.patterns.visits import visits_of
from tests.unit.scenario.patterns.histories import BEGIN_US, VIEW, Did, anything, history

TVS = 2


def lookers(person, random):
    """One in four looks at TVs all the time."""
    return Did(VIEW, TVS) if person % 4 == 0 and random.random() < 0.7 else anything(random)


def tvs_sell(done, own):
    watched = sum(each.type == VIEW and each.category == TVS for each in done)
    return own * 2.5 if watched >= 3 else own / 3


def shop(seed):
    return history(seed, people=900, keenness=0.05, hazard=tvs_sell, habits=lookers, remembers=True)


def found(log, known=None):
    return rising_of(log, visits_of(log), known or Known(log.persons), 20)


def plain(people):
    return Known(
        people,
        ("keen", "other"),
        np.arange(people, dtype=np.int32),
        (np.arange(people) % 4 != 0).astype(np.int32),
        np.full(people, BEGIN_US - 1, np.int64),
        (SharedWord("tier", ("gold", "tin"), (1 + np.arange(people) // 4 % 2).astype(np.uint8)),),
    )


def test_looking_at_what_makes_people_buy_rises_in_those_who_buy():
    log = shop(1)
    told = found(log)
    assert Trait("category", "TVs", 3) in [each.trait for each in told.risers]
    assert not any(each.trait.value in ("PCs", "Garden") for each in told.risers)
    riser = told.risers[0]
    times, low, high = riser.times_as_often
    assert 1.0 < low < times < high
    assert riser.share > riser.share_of_others
    assert 5 <= riser.people <= told.buyers
    assert riser.worth_micros >= riser.people * 100_000_000


def test_the_segment_of_those_who_buy_rises_and_an_attribute_without_meaning_does_not():
    log = shop(2)
    traits = [each.trait for each in found(log, plain(900)).risers]
    assert Trait("segment", "keen") in traits
    assert Trait("segment", "other") not in traits
    assert not any(each.kind == "attribute" for each in traits)


def test_who_came_into_a_segment_after_the_visit_was_not_in_it():
    log = shop(2)
    known = plain(900)
    late = Known(900, known.segments, known.member, known.segment, known.since_us + 10**15)
    assert not any(each.trait.kind == "segment" for each in found(log, late).risers)


@pytest.mark.long
def test_in_noise_hardly_ever_anything_rises():
    rose = [seed for seed in range(12) if found(history(300 + seed), plain(400)).risers]
    assert len(rose) <= 1


def test_who_bought_within_the_year_before_is_no_new_buyer():
    log = history(4, people=50)
    bought = log.having(log.deeds)
    bought.bought_us[:] = BEGIN_US - 1
    told = found(bought)
    assert (told.buyers, told.others) == (0, 0)
