"""Everybody is told once of an offer under a campaign, whoever they turn out to be."""

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.campaigns import (
    STANDS_US,
    Campaign,
    Taken,
    keys_of,
    message,
    new_ones,
)
from tests.unit.scenario.playing import ADA, BOB, NOON_US

EMAIL = 4
SPRING = Campaign("spring", "coupon")
ORDER = MessageOrder((EMAIL,), "hello", offer_ids=("coupon",))


def to(*persons, ends_us=0):
    return [message(SPRING, each, ORDER, NOON_US, ends_us) for each in persons]


def alone(*persons):
    return {each: (each,) for each in persons}


def test_the_key_is_the_same_for_the_same_person_offer_and_campaign_and_no_other():
    keys = {
        campaign.key(person)
        for campaign in (SPRING, Campaign("spring", "other"), Campaign("autumn", "coupon"))
        for person in (ADA, BOB)
    }
    assert len(keys) == 6
    assert Campaign("spring", "coupon").key(ADA) == SPRING.key(ADA)


def test_whoever_was_told_is_not_told_again_under_whichever_of_their_ids():
    sets = {ADA: (ADA, "cy"), "cy": (ADA, "cy"), BOB: (BOB,)}
    new, taken = new_ones(SPRING, to(BOB, ADA, "cy"), sets, ())
    assert [each.person_id for each in new] == [BOB, ADA]
    assert taken == Taken(ordered=2, told_already=1)
    new, taken = new_ones(SPRING, to(ADA), sets, keys_of(SPRING, ["cy"]))
    assert (new, taken) == ([], Taken(told_already=1))


def test_the_erased_are_gone_and_not_told_already():
    assert new_ones(SPRING, to(ADA, BOB), alone(BOB), ())[1] == Taken(ordered=1, gone=1)


def test_a_message_stands_for_days_but_not_beyond_its_offer():
    [found] = to(ADA)
    assert (found.due_us, found.expires_us) == (NOON_US, NOON_US + STANDS_US)
    assert (found.campaign, found.journey_id, found.order) == ("spring", "", ORDER)
    [found] = to(ADA, ends_us=NOON_US + 5)
    assert found.expires_us == NOON_US + 5
