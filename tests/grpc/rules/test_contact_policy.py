"""How often and when somebody may be approached, from YAML to what is shown and what is granted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from services.rules.domain.changes import Contacted, Declined, Identified, Seen
from shared.clock import to_us
from tests.grpc.rules.rules_kit import (
    CART_SURVEY,
    DAY_US,
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    LAPTOP_PROMO,
    MILK_PROMO,
    RUNNING_PROMO,
    SURVEY,
    Rules,
    ann,
    codes,
    key,
    offer,
)
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.decision_pb2 import CartLine, DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import ContactBalance, DefinitionFile

HOUR_US = 3_600_000_000
RECEIPT, SUMMER_1, SUMMER_2, WINTER = 30, 31, 32, 33
NIGHT = 'quiet_hours:\n  - {from: "21:00", until: "8:00"}\n'
LOOSE = "3 per 7d", "100 per 7d"
COOLING_OFF = "cooling_off: 3 declines in 7d rest 2d"


async def apply(rules: Rules, text: str, *changed: tuple[str, str]) -> None:
    """Apply the shipped definitions with these added, and parameters changed."""
    files = read_folder(shipped_definitions())
    for file in files:
        for old, new in changed:
            file.text = file.text.replace(old, new)
    checked, *_ = await rules.definitions.apply(
        [*files, DefinitionFile(path="more.yaml", text=text)]
    )
    assert not checked.problems, checked.problems


def limits(*lines: str) -> str:
    return "contact_limits:\n" + "".join(f"  - {{policy: marketing, {line}}}\n" for line in lines)


def add_offers(rules: Rules) -> None:
    promotion, version = OfferKind.PROMOTION, rules.catalogue.version
    summer = {"attributes": {"group": "summer"}}
    rows = [
        offer(RECEIPT, promotion, attributes={"contact_policy": "transactional"}),
        offer(SUMMER_1, promotion, **summer),
        offer(SUMMER_2, promotion, **summer),
        offer(WINTER, promotion, attributes={"group": "winter"}),
    ]
    rules.catalogue.apply(CatalogueBatch(previous_version=version, version=version + 1, rows=rows))


def mail(rules: Rules, **more: Any) -> DecisionContext:
    """Return the context of an e-mail of its own."""
    made = rules.context("email.body", channel=Channel.EMAIL, **more)
    made.context_digest = made.decision_id.encode()
    return made


def page(rules: Rules, **more: Any) -> DecisionContext:
    made = rules.context(**more)
    made.context_digest = made.decision_id.encode()
    return made


async def reserve(rules: Rules, contact_id: str, **more: Any) -> pb.ReserveContactResponse:
    given = {"person_ids": ["ann"], "channel": Channel.EMAIL, "contact_id": contact_id}
    return await rules.stub.ReserveContact(pb.ReserveContactRequest(**{**given, **more}), timeout=5)


async def balances(rules: Rules, **more: Any) -> dict[str, ContactBalance]:
    request = pb.GetContactsRequest(person_ids=["ann"], **more)
    answered = await rules.stub.GetContacts(request, timeout=5)
    return {each.rule: each for each in answered.balances}


async def test_at_night_nothing_is_sent_and_it_is_told_from_when_on(rules: Rules) -> None:
    await apply(rules, NIGHT)
    # Noon in London is nine in the evening in Tokyo.
    response = await rules.check(
        FREE_SHIPPING, person=ann(time_zone="Asia/Tokyo"), context=mail(rules)
    )
    assert codes(response) == {FREE_SHIPPING: "QUIET_HOURS"}
    assert list(response.removed.rules) == ["quiet_hours"]
    assert list(response.removed.free_us) == [rules.clock.now_us() + 11 * HOUR_US]
    here = await rules.check(FREE_SHIPPING, person=ann(), context=mail(rules))
    web = await rules.check(FREE_SHIPPING, person=ann(time_zone="Asia/Tokyo"), context=page(rules))
    assert codes(here) == codes(web) == {}


async def test_without_a_zone_of_their_own_the_usual_one_counts(rules: Rules) -> None:
    await apply(rules, NIGHT + "parameters:\n  time_zone: Asia/Tokyo\n")
    for person in (ann(), ann(time_zone="Mars/Olympus")):
        response = await rules.check(FREE_SHIPPING, person=person, context=mail(rules))
        assert codes(response) == {FREE_SHIPPING: "QUIET_HOURS"}


async def test_what_somebody_is_owed_is_held_back_by_nothing(rules: Rules) -> None:
    await apply(rules, NIGHT + "parameters:\n  time_zone: Asia/Tokyo\n")
    add_offers(rules)
    night = await rules.check(RECEIPT, WINTER, person=ann(), context=mail(rules))
    assert codes(night) == {WINTER: "QUIET_HOURS"}
    for offer_no in (FREE_SHIPPING, RUNNING_PROMO, SURVEY):
        await rules.commit(offer_no)
    full = await rules.check(RECEIPT, WINTER, person=ann(), context=page(rules))
    assert codes(full) == {WINTER: "CONTACT_LIMIT"}
    shown = await rules.commit(RECEIPT, WINTER, context=page(rules))
    assert [each.offer_no for each in shown.placements[0].chosen] == [RECEIPT]
    assert (await reserve(rules, "bill", policy="transactional")).granted
    assert (await reserve(rules, "bill-2", offer_no=RECEIPT)).granted
    assert not (await reserve(rules, "letter")).granted
    assert (await balances(rules))["contacts.marketing"].used == 3


async def test_an_offer_comes_back_only_so_often(rules: Rules) -> None:
    often = "cart_survey.window: 30d", "cart_survey.window: 36h"
    await apply(rules, limits("limit: 1 per 2d, per: OFFER, name: again"), LOOSE, often)
    await rules.commit(SURVEY, context=mail(rules))
    rules.clock.advance(timedelta(hours=36))
    response = await rules.check(SURVEY, RUNNING_PROMO, LAPTOP, person=ann(), context=page(rules))
    assert codes(response) == {SURVEY: "CONTACT_LIMIT"}
    assert list(response.removed.rules) == ["contacts.again"]
    assert list(response.removed.free_us) == [rules.clock.now_us() + 12 * HOUR_US]
    raced = await rules.commit(SURVEY, RUNNING_PROMO, context=page(rules))
    assert codes(raced) == {SURVEY: "CONTACT_LIMIT"}
    assert not (await reserve(rules, "mail", offer_no=SURVEY)).granted
    assert (await reserve(rules, "mail", offer_no=MILK_PROMO)).granted
    later = mail(rules, now_us=rules.clock.now_us() + 2 * DAY_US)
    assert not codes(await rules.check(SURVEY, person=ann(), context=later))


async def test_offers_of_a_group_count_together(rules: Rules) -> None:
    add_offers(rules)
    await apply(rules, limits("limit: 1 per 7d, per: GROUP"), LOOSE)
    await rules.commit(SUMMER_1, context=page(rules))
    await rules.commit(WINTER, context=page(rules))
    raced = await rules.commit(SUMMER_2, context=page(rules))
    assert codes(raced) == {SUMMER_2: "CONTACT_LIMIT"}
    response = await rules.check(SUMMER_2, WINTER, FREE_SHIPPING, person=ann(), context=page(rules))
    assert codes(response) == {SUMMER_2: "CONTACT_LIMIT", WINTER: "CONTACT_LIMIT"}
    used = [each for each in (await balances(rules)).values() if each.group]
    assert [(each.used, each.limit) for each in used] == [(1, 1)]


async def test_a_channel_has_a_limit_of_its_own(rules: Rules) -> None:
    await apply(rules, limits("limit: 1 per day, direction: OUTBOUND, name: outbound"), LOOSE)
    assert (await reserve(rules, "call", channel=Channel.CALL_CENTER)).granted
    refused = await reserve(rules, "text", channel=Channel.SMS)
    assert (refused.granted, refused.rule) == (False, "contacts.outbound")
    assert refused.reason == RemovalCode.CONTACT_LIMIT
    assert refused.free_time.ToMicroseconds() == rules.clock.now_us() + 12 * HOUR_US
    by_mail = await rules.check(FREE_SHIPPING, person=ann(), context=mail(rules))
    on_page = await rules.check(FREE_SHIPPING, person=ann(), context=page(rules))
    assert (codes(by_mail), codes(on_page)) == ({FREE_SHIPPING: "CONTACT_LIMIT"}, {})
    found = (await balances(rules))["contacts.outbound"]
    assert (found.used, found.limit) == (1, 1)
    assert Channel.EMAIL in found.channels
    assert Channel.WEB not in found.channels


async def test_a_day_begins_where_the_person_lives(rules: Rules) -> None:
    await apply(rules, limits("limit: 1 per day"), LOOSE)
    tokyo = "Asia/Tokyo"
    await rules.commit(FREE_SHIPPING, context=page(rules), time_zone=tokyo)
    later = {"now_us": rules.clock.now_us() + 4 * HOUR_US}  # past midnight there
    assert not codes(
        await rules.commit(RUNNING_PROMO, context=page(rules, **later), time_zone=tokyo)
    )
    here = await rules.commit(SURVEY, context=page(rules, **later), time_zone="Europe/London")
    assert codes(here) == {SURVEY: "CONTACT_LIMIT"}


async def test_a_session_has_a_limit_of_its_own(rules: Rules) -> None:
    await apply(rules, limits("limit: 1 per session"), LOOSE)
    visit = {"session_id": "visit"}
    await rules.commit(FREE_SHIPPING, context=page(rules, **visit))
    again = await rules.check(
        FREE_SHIPPING, RUNNING_PROMO, person=ann(), context=page(rules, **visit)
    )
    assert codes(again) == {RUNNING_PROMO: "CONTACT_LIMIT"}
    other = await rules.check(RUNNING_PROMO, person=ann(), context=page(rules, session_id="next"))
    assert not codes(other)


async def test_after_so_many_declines_there_is_a_rest_with_a_profile_and_without(
    rules: Rules,
) -> None:
    await apply(rules, "", (COOLING_OFF, "cooling_off: 2 declines in 30d rest 14d"))
    now_us, caller = rules.clock.now_us(), key("phone of ann")
    declines = [(LAPTOP_PROMO, now_us - 5 * DAY_US), (MILK_PROMO, now_us - DAY_US)]
    await rules.ledger.note([Identified(caller.key, "ann", ("ann",), 1, False)])
    await rules.ledger.note([Declined("ann", number, number, at) for number, at in declines])
    person = ann()
    for number, at in declines:
        person.declined.offer_nos.append(number)
        person.declined.family_nos.append(number)
        person.declined.times_us.append(at)
    for known, context in (
        (person, page(rules)),
        (None, page(rules, identity_keys=[caller])),
    ):
        response = await rules.check(FREE_SHIPPING, GUIDE, LAPTOP, person=known, context=context)
        assert codes(response) == {FREE_SHIPPING: "CONTACT_LIMIT"}
        assert list(response.removed.rules) == ["contacts.cooling_off"]
        assert list(response.removed.free_us) == [now_us + 13 * DAY_US]
    refused = await reserve(rules, "mail")
    assert (refused.granted, refused.rule) == (False, "contacts.cooling_off")
    assert refused.free_time.ToMicroseconds() == now_us + 13 * DAY_US
    assert (await reserve(rules, "bill", policy="transactional")).granted
    found = (await balances(rules))["contacts.cooling_off"]
    assert (found.used, found.limit) == (2, 2)
    rules.clock.advance(timedelta(days=13))
    assert (await reserve(rules, "mail")).granted


async def test_who_turned_down_three_offers_within_a_week_is_left_alone_for_two_days(
    rules: Rules,
) -> None:
    now_us, person = rules.clock.now_us(), ann()
    for number, days in ((LAPTOP_PROMO, 6), (MILK_PROMO, 1), (RUNNING_PROMO, 0)):
        before = await rules.check(FREE_SHIPPING, person=person, context=page(rules))
        assert not codes(before)
        person.declined.offer_nos.append(number)
        person.declined.family_nos.append(number)
        person.declined.times_us.append(now_us - days * DAY_US)
    for context in (page(rules), mail(rules)):
        response = await rules.check(FREE_SHIPPING, person=person, context=context)
        assert list(response.removed.rules) == ["contacts.cooling_off"]
        assert list(response.removed.free_us) == [now_us + 2 * DAY_US]
    # What they look for themselves is no contact.
    assert not codes(await rules.check(LAPTOP, GUIDE, person=person, context=page(rules)))


async def test_a_survey_that_was_shown_and_ignored_rests_on_every_channel(rules: Rules) -> None:
    cart = {"cart": [CartLine(offer_no=LAPTOP, quantity=1, price_micros=3_000_000_000)]}
    first = page(rules, **cart)
    await rules.commit(CART_SURVEY, context=first)
    await rules.ledger.note([Seen("ann", first.decision_id, CART_SURVEY, "")])
    for days in (1, 28):
        rules.clock.advance(timedelta(days=days))
        for context in (
            page(rules, **cart),
            mail(rules, **cart),
            rules.context("agent.prompt", channel=Channel.CALL_CENTER, **cart),
            rules.context("ivr.menu", channel=Channel.IVR, **cart),
        ):
            response = await rules.check(CART_SURVEY, SURVEY, person=ann(), context=context)
            assert codes(response) == {CART_SURVEY: "CONTACT_LIMIT"}
            assert list(response.removed.rules) == ["contacts.surveys"]
            context.context_digest = context.decision_id.encode()
            raced = await rules.commit(CART_SURVEY, context=context)
            assert list(raced.refused.rules) == ["contacts.surveys"]
    rules.clock.advance(timedelta(days=1))
    response = await rules.check(CART_SURVEY, person=ann(), context=page(rules, **cart))
    assert not codes(response)


async def test_nobody_is_called_at_night_unless_it_was_granted_before(rules: Rules) -> None:
    await apply(rules, NIGHT)
    call = {"channel": Channel.CALL_CENTER, "time_zone": "Europe/London"}
    assert (await reserve(rules, "call", **call)).granted
    rules.clock.advance(timedelta(hours=10))
    assert (await reserve(rules, "call", **call)).granted
    refused = await reserve(rules, "call-2", **call)
    assert (refused.granted, refused.rule) == (False, "quiet_hours")
    assert refused.reason == RemovalCode.QUIET_HOURS
    assert refused.free_time.ToMicroseconds() == to_us(rules.clock.now() + timedelta(hours=10))
    assert (await reserve(rules, "call-2", **{**call, "time_zone": "America/New_York"})).granted


async def test_one_offer_may_have_a_limit_of_its_own(rules: Rules) -> None:
    text = "  - {offer_id: offer-10, kind: PROMOTION, title: Free shipping}\n"
    await apply(rules, f"offers:\n{text}" + limits("limit: 1 per 7d, offer: offer-10"), LOOSE)
    await rules.commit(FREE_SHIPPING, RUNNING_PROMO)
    response = await rules.check(FREE_SHIPPING, RUNNING_PROMO, person=ann(), context=page(rules))
    assert codes(response) == {FREE_SHIPPING: "CONTACT_LIMIT"}


@pytest.mark.parametrize("left", [1, 2])
async def test_what_is_owed_takes_no_place_from_what_is_left(rules: Rules, left: int) -> None:
    add_offers(rules)
    await apply(rules, limits(f"limit: {left} per 7d"), LOOSE)
    response = await rules.check(RECEIPT, WINTER, person=ann(), context=page(rules))
    assert not [
        each for each in response.constraints if each.attribute == "KIND" and not each.placement
    ]


async def suppressed(rules: Rules, *asks: dict[str, Any], **more: Any) -> list[tuple[Any, ...]]:
    """Return who is not to be approached: whose, the rule, channels, offer, group, until when."""
    given = {"asks": asks, "channels": [Channel.EMAIL, Channel.SMS]}
    request = pb.ListSuppressionsRequest(**{**given, **more})
    answered = await rules.stub.ListSuppressions(request, timeout=5)
    now_us = rules.clock.now_us()
    return [
        (
            each.ask,
            each.rule,
            [Channel.Value.Name(channel) for channel in each.channels],
            each.offer_no,
            each.group,
            (each.free_time.ToMicroseconds() - now_us) // HOUR_US,
        )
        for each in answered.suppressions
    ]


async def test_other_systems_are_told_whom_not_to_approach_with_what_and_why(
    rules: Rules,
) -> None:
    add_offers(rules)
    policy = limits(
        "limit: 1 per day, direction: OUTBOUND, channels: [SMS], name: texts",
        "limit: 1 per 2d, per: OFFER, name: again",
        "limit: 1 per 3d, per: GROUP, name: theme",
    )
    resting = COOLING_OFF, "cooling_off: 1 declines in 30d rest 14d"
    await apply(rules, policy + NIGHT, LOOSE, resting)
    await rules.commit(SUMMER_1)
    await reserve(rules, "text", channel=Channel.SMS)
    await rules.ledger.note([Declined("bob", GUIDE, GUIDE, rules.clock.now_us())])
    people = (
        {"person_ids": ["new", "ann"]},
        {"person_ids": ["bob"]},
        {"person_ids": ["cat"]},
        {"person_ids": ["dan"], "time_zone": "Asia/Tokyo"},
    )
    both = ["EMAIL", "SMS"]
    assert await suppressed(rules, *people) == [
        (0, "contacts.again", both, SUMMER_1, "", 48),
        (0, "contacts.theme", both, 0, "summer", 72),
        (0, "contacts.texts", ["SMS"], 0, "", 12),
        (1, "contacts.cooling_off", both, 0, "", 14 * 24),
        (3, "quiet_hours", both, 0, "", 11),
    ]
    assert await suppressed(rules, *people, policy="transactional") == []


async def test_who_was_mailed_by_another_system_is_on_the_list_until_the_first_is_a_week_old(
    rules: Rules,
) -> None:
    now_us = rules.clock.now_us()
    sent = [
        Contacted(
            f"imported/ann/{days}", f"m{days}", "ann", "", Channel.EMAIL, 0, "",
            now_us - days * DAY_US, is_imported=True,
        )
        for days in (1, 3, 5)
    ]  # fmt: skip
    await rules.ledger.note(sent)
    both = ["EMAIL", "SMS"]
    people = {"person_ids": ["ann"]}, {"person_ids": ["bob"]}
    assert await suppressed(rules, *people) == [(0, "contacts.marketing", both, 0, "", 48)]
    assert not (await reserve(rules, "mail")).granted
    rules.clock.advance(timedelta(days=2))
    assert await suppressed(rules, *people) == []


async def test_what_is_asked_of_nobody_or_nowhere_is_refused(rules: Rules) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="channels"):
        await suppressed(rules, {"person_ids": ["ann"]}, channels=[])
    with pytest.raises(grpc.aio.AioRpcError, match=r"asks\[1\]"):
        await suppressed(rules, {"person_ids": ["ann"]}, {})


async def test_what_a_race_refuses_names_the_limit_that_was_full(rules: Rules) -> None:
    await apply(
        rules,
        limits(
            "name: promotions, limit: 1 per 7d, kinds: [PROMOTION]",
            "name: letters, limit: 2 per 7d, direction: OUTBOUND",
        ),
        LOOSE,
    )
    one_too_many = await rules.commit(SURVEY, FREE_SHIPPING, RUNNING_PROMO, context=page(rules))
    assert dict(zip(one_too_many.refused.offer_nos, one_too_many.refused.rules, strict=True)) == {
        RUNNING_PROMO: "contacts.promotions"
    }
    for _ in range(2):
        await rules.commit(GUIDE, context=mail(rules))
    letter = await rules.commit(GUIDE, LAPTOP, context=mail(rules))
    assert list(letter.refused.rules) == ["contacts.letters"] * 2
    assert list(letter.refused.offer_nos) == [GUIDE, LAPTOP]


@pytest.mark.parametrize("channel", [99, -(1 << 31)])
async def test_what_holds_back_on_a_channel_that_there_is_not_is_not_told(
    rules: Rules, channel: int
) -> None:
    request = pb.ListSuppressionsRequest()
    request.channels.extend([Channel.WEB, channel])  # type: ignore[list-item]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rules.stub.ListSuppressions(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "channels[1]" in refused.value.details()
