"""The contact limit is checked for whoever it is, with a profile and without."""

from __future__ import annotations

from services.rules.domain.changes import Declined, Identified
from tests.grpc.rules.rules_kit import (
    DAY_US,
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    LAPTOP_PROMO,
    LAPTOP_RED,
    NEWSLETTER,
    RUNNING_PROMO,
    SHOES,
    SURVEY,
    Rules,
    ann,
    codes,
    key,
)
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


async def test_contacts_beyond_the_balance_are_removed_where_they_would_count(
    rules: Rules,
) -> None:
    for offer_no in (FREE_SHIPPING, RUNNING_PROMO, SURVEY):
        await rules.commit(offer_no)
    offers = (LAPTOP_PROMO, GUIDE, LAPTOP)
    response = await rules.check(*offers, person=ann())
    assert codes(response) == {LAPTOP_PROMO: "CONTACT_LIMIT"}
    assert list(response.removed.rules) == ["contacts.marketing"]
    balance, of_survey = response.balances
    assert (balance.policy, balance.used, balance.limit) == ("marketing", 3, 3)
    assert (of_survey.rule, of_survey.offer_no) == ("contacts.surveys", SURVEY)
    assert balance.free_time.ToMicroseconds() == rules.clock.now_us() + 7 * DAY_US


async def test_an_offer_that_counts_already_in_this_session_stays(rules: Rules) -> None:
    for offer_no in (FREE_SHIPPING, RUNNING_PROMO, SURVEY):
        await rules.commit(offer_no, context=rules.context(session_id="visit"))
    context = rules.context(session_id="visit", context_digest=b"another page")
    response = await rules.check(FREE_SHIPPING, LAPTOP_PROMO, person=ann(), context=context)
    assert codes(response) == {LAPTOP_PROMO: "CONTACT_LIMIT"}


async def test_what_is_left_of_the_limit_is_a_constraint_on_the_slate(rules: Rules) -> None:
    await rules.commit(FREE_SHIPPING)
    context = rules.context(context_digest=b"another page")
    response = await rules.check(RUNNING_PROMO, LAPTOP_PROMO, person=ann(), context=context)
    found = {
        (each.attribute, each.value, each.placement): each.at_most for each in response.constraints
    }
    assert found["KIND", "PROMOTION", ""] == 2
    assert found["KIND", "SURVEY", ""] == 2
    assert found["KIND", "PROMOTION", "web.home.banner"] == 1


async def test_without_a_profile_declines_and_contacts_are_known_by_pseudonym(
    rules: Rules,
) -> None:
    now_us = rules.clock.now_us()
    caller = key("phone of ann")
    await rules.ledger.note(
        [
            Identified(caller.key, "ann", ("ann",), 1, False),
            Declined("ann", LAPTOP_RED, LAPTOP, now_us - DAY_US),
        ]
    )
    for offer_no in (FREE_SHIPPING, RUNNING_PROMO, SURVEY):
        await rules.commit(offer_no)
    context = rules.context(identity_keys=[caller])
    offers = (LAPTOP, LAPTOP_PROMO, NEWSLETTER, RUNNING_PROMO, SHOES, GUIDE)
    response = await rules.check(*offers, context=context)
    assert codes(response) == {
        LAPTOP: "DECLINED",
        LAPTOP_PROMO: "DECLINED",
        NEWSLETTER: "NO_CONSENT",
        RUNNING_PROMO: "CONTACT_LIMIT",
    }
    assert list(response.person_ids) == ["ann"]
    stranger = rules.context(identity_keys=[key("nobody's")])
    response = await rules.check(*offers, context=stranger)
    assert codes(response) == {LAPTOP_PROMO: "OWNED", NEWSLETTER: "NO_CONSENT"}


async def test_nobody_known_is_not_the_same_as_no_profile(rules: Rules) -> None:
    visitor = PersonSnapshot(as_of_us=rules.clock.now_us())
    response = await rules.check(LAPTOP_PROMO, LAPTOP, person=visitor)
    assert not codes(response)
    assert not response.person_ids
