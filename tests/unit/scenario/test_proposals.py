"""What journeys propose, kept in memory."""

import itertools
from dataclasses import replace

import pytest

from services.scenario.domain.proposals import KEPT_VERSIONS, Proposals, Standing
from tests.unit.scenario.playing import ADA, BOB, COME_BACK, NOON_US

FIRST = Standing(
    "journey-1", ADA, 1, "abandoned_cart", "web_offer", (COME_BACK,), entered_us=NOON_US
)
OVER = replace(FIRST, version=2, offer_nos=())


def ids(proposals, *person_ids, now_us=NOON_US):
    return [told.journey_id for told in proposals.of(person_ids or (ADA,), now_us)]


@pytest.mark.parametrize("order", [*itertools.permutations([FIRST, OVER, FIRST])])
def test_in_whatever_order_it_is_told_the_newest_word_counts(order):
    proposals = Proposals()
    for told in order:
        proposals.apply(told)
    assert ids(proposals) == []
    assert proposals.offer_nos() == set()


def test_only_news_is_news():
    proposals = Proposals()
    assert proposals.apply(FIRST)
    assert not proposals.apply(FIRST)


def test_of_two_journeys_of_a_scenario_that_a_link_brought_together_the_older_proposes():
    proposals = Proposals()
    proposals.apply(replace(FIRST, journey_id="journey-2", person_id=BOB))
    proposals.apply(FIRST)
    assert ids(proposals, BOB, ADA) == ["journey-1"]
    assert ids(proposals, BOB) == ["journey-2"]


def test_of_two_journeys_of_a_scenario_about_two_items_both_propose():
    proposals = Proposals()
    proposals.apply(replace(FIRST, subject_no=3))
    proposals.apply(replace(FIRST, journey_id="journey-2", subject_no=4))
    assert sorted(ids(proposals)) == ["journey-1", "journey-2"]


def test_of_several_scenarios_the_latest_comes_first():
    proposals = Proposals()
    proposals.apply(FIRST)
    later = replace(FIRST, journey_id="journey-2", scenario="other", entered_us=NOON_US + 1)
    proposals.apply(later)
    assert ids(proposals) == ["journey-2", "journey-1"]


def test_what_is_kept_of_silent_journeys_is_bounded():
    proposals = Proposals()
    for number in range(KEPT_VERSIONS + 1):
        proposals.apply(replace(OVER, journey_id=f"journey-{number}"))
    assert len(proposals._silent) == KEPT_VERSIONS
