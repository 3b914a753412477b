"""Check as the edge sees it: which offers the shipped rules keep, and why not the others."""

from __future__ import annotations

import grpc
import pytest

from tests.grpc.rules.rules_kit import (
    DAY_US,
    FREE_SHIPPING,
    GUIDE,
    HELP,
    LAPTOP,
    LAPTOP_AND_MORE,
    LAPTOP_PROMO,
    LAPTOP_RED,
    MAIL_ONLY,
    MILK,
    MILK_PROMO,
    MINUTE_US,
    NEWSLETTER,
    RUNNING_PROMO,
    SHOES,
    SOLD_OUT,
    SURVEY,
    TOMORROW,
    WINE,
    WINE_PROMO,
    WITHDRAWN,
    Rules,
    ann,
    codes,
    kept,
    minutes,
)
from touchpoint.common.v1.decision_pb2 import PlacementAsk, Recipient
from touchpoint.common.v1.snapshot_pb2 import Declined as DeclinedColumns
from touchpoint.common.v1.snapshot_pb2 import Disliked, Owned
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as pb


async def test_what_nothing_speaks_against_is_kept_for_every_placement(rules: Rules) -> None:
    context = rules.context("web.home.banner", "web.gift")
    response = await rules.check(LAPTOP, GUIDE, FREE_SHIPPING, person=ann(), context=context)
    assert list(response.kept) == [0, 1, 2]
    assert list(response.placement_bits) == [0b11, 0b11, 0b01]
    assert response.versions.bundle_hash == context.bundle_hash
    assert response.versions.catalogue_version == 1


async def test_a_kind_that_no_placement_shows_is_on_the_wrong_channel(rules: Rules) -> None:
    context = rules.context("web.gift")
    response = await rules.check(SURVEY, GUIDE, person=ann(), context=context)
    assert codes(response) == {SURVEY: "WRONG_CHANNEL"}


async def test_each_offer_is_removed_for_its_own_reason(rules: Rules) -> None:
    unknown = 999
    offers = (SOLD_OUT, MAIL_ONLY, TOMORROW, WITHDRAWN, NEWSLETTER, WINE, SHOES, unknown, GUIDE)
    context = rules.context(excluded_offer_nos=[SHOES])
    response = await rules.check(*offers, person=ann(age=17), context=context)
    assert codes(response) == {
        SOLD_OUT: "OUT_OF_STOCK",
        MAIL_ONLY: "WRONG_CHANNEL",
        TOMORROW: "OUT_OF_SCHEDULE",
        WITHDRAWN: "OUT_OF_SCHEDULE",
        NEWSLETTER: "NO_CONSENT",
        WINE: "AGE_RESTRICTED",
        SHOES: "EXCLUDED_BY_CALLER",
        unknown: "NOT_KNOWN_YET",
    }
    assert kept(response, *offers) == [GUIDE]


@pytest.mark.parametrize(
    ("age", "codes_"), [(17, {"AGE_RESTRICTED"}), (0, {"AGE_RESTRICTED"}), (18, set())]
)
async def test_goods_for_adults_and_promotions_of_them_are_for_who_is_known_to_be_one(
    rules: Rules, age: int, codes_: set[str]
) -> None:
    for channel, placement in (
        (Channel.WEB, "web.home.banner"),
        (Channel.EMAIL, "email.body"),
        (Channel.CALL_CENTER, "agent.prompt"),
        (Channel.STORE, "store.associate"),
    ):
        context = rules.context(placement, channel=channel)
        response = await rules.check(
            WINE, WINE_PROMO, MILK_PROMO, person=ann(age=age), context=context
        )
        found = codes(response)
        assert {found.get(WINE), found.get(WINE_PROMO)} - {None} == codes_
        assert MILK_PROMO not in found
    unanswered = codes(await rules.check(WINE, WINE_PROMO))
    assert {unanswered[WINE], unanswered[WINE_PROMO]} == {"AGE_RESTRICTED"}


async def test_what_lies_outside_the_callers_fence_is_removed(rules: Rules) -> None:
    within = rules.context(within_categories=["Running"])
    response = await rules.check(SHOES, LAPTOP, person=ann(), context=within)
    assert codes(response) == {LAPTOP: "EXCLUDED_BY_CALLER"}
    without = rules.context(without_categories=["Running"])
    response = await rules.check(SHOES, LAPTOP, person=ann(), context=without)
    assert codes(response) == {SHOES: "EXCLUDED_BY_CALLER"}


async def test_the_same_offers_are_kept_when_their_reasons_are_gone(rules: Rules) -> None:
    person = ann(consents=["marketing", "newsletter"])
    response = await rules.check(NEWSLETTER, WINE, SHOES, person=person)
    assert kept(response, NEWSLETTER, WINE, SHOES) == [NEWSLETTER, WINE, SHOES]


async def test_what_was_bought_an_hour_ago_is_owned_in_every_variant(rules: Rules) -> None:
    bought = minutes(rules.clock.now_us() - 60 * MINUTE_US)
    owner = ann(owned=Owned(family_nos=[LAPTOP], last_minutes=[bought], times=[1], cycle_days=[0]))
    offers = (LAPTOP, LAPTOP_RED, LAPTOP_PROMO, LAPTOP_AND_MORE, SHOES)
    response = await rules.check(*offers, person=owner)
    assert codes(response) == {LAPTOP: "OWNED", LAPTOP_RED: "OWNED", LAPTOP_PROMO: "OWNED"}
    stranger = await rules.check(*offers, person=ann())
    assert kept(stranger, *offers) == list(offers)


async def test_what_the_giver_has_may_be_given_but_not_what_they_declined(rules: Rules) -> None:
    bought = minutes(rules.clock.now_us() - DAY_US)
    giver = ann(
        owned=Owned(
            family_nos=[LAPTOP, MILK], last_minutes=[bought] * 2, times=[1, 9], cycle_days=[0, 7]
        ),
        declined=DeclinedColumns(
            offer_nos=[SHOES], family_nos=[SHOES], times_us=[rules.clock.now_us() - DAY_US]
        ),
    )
    offers = (LAPTOP, LAPTOP_RED, LAPTOP_PROMO, MILK, SHOES)
    gift = rules.context(recipient=Recipient(relationship="mother"))
    assert codes(await rules.check(*offers, person=giver, context=gift)) == {SHOES: "DECLINED"}
    assert codes(await rules.check(*offers, person=giver)) == {
        LAPTOP: "OWNED",
        LAPTOP_RED: "OWNED",
        LAPTOP_PROMO: "OWNED",
        MILK: "NOT_DUE",
        SHOES: "DECLINED",
    }


async def test_a_gift_need_not_wait_until_it_is_known_what_the_giver_has(rules: Rules) -> None:
    gift = rules.context(recipient=Recipient(age=8))
    assert codes(await rules.check(LAPTOP_PROMO, context=gift)) == {}
    assert codes(await rules.check(LAPTOP_PROMO)) == {LAPTOP_PROMO: "OWNED"}


@pytest.mark.parametrize(("days", "code"), [(1, "NOT_DUE"), (6, None)])
async def test_what_is_bought_again_and_again_comes_back_when_due(
    rules: Rules, days: int, code: str | None
) -> None:
    bought = minutes(rules.clock.now_us() - days * DAY_US)
    weekly = Owned(family_nos=[MILK], last_minutes=[bought], times=[9], cycle_days=[7.0])
    response = await rules.check(MILK, person=ann(owned=weekly))
    assert codes(response).get(MILK) == code


@pytest.mark.parametrize(("days", "code"), [(2.9, "NOT_DUE"), (3.1, None)])
async def test_what_is_used_up_is_offered_again_after_a_rest(
    rules: Rules, days: float, code: str | None
) -> None:
    bought = minutes(rules.clock.now_us() - int(days * DAY_US))
    twice = {"last_minutes": [bought] * 2, "times": [2] * 2, "cycle_days": [0] * 2}
    person = ann(owned=Owned(family_nos=[MILK, LAPTOP], **twice))
    response = await rules.check(MILK, MILK_PROMO, LAPTOP, LAPTOP_PROMO, person=person)
    found = codes(response)
    assert (found[LAPTOP], found[LAPTOP_PROMO]) == ("OWNED", "OWNED")
    assert (found.get(MILK), found.get(MILK_PROMO)) == (code, None)


@pytest.mark.parametrize(("days", "code"), [(29, "DECLINED"), (31, None)])
async def test_a_decline_counts_for_variants_and_promotions_about_it_alone(
    rules: Rules, days: int, code: str | None
) -> None:
    declined = DeclinedColumns(
        offer_nos=[LAPTOP],
        family_nos=[LAPTOP],
        times_us=[rules.clock.now_us() - days * DAY_US],
    )
    offers = (LAPTOP, LAPTOP_RED, LAPTOP_PROMO, LAPTOP_AND_MORE, FREE_SHIPPING)
    for channel, placement in (
        (Channel.WEB, "web.home.banner"),
        (Channel.EMAIL, "email.body"),
        (Channel.CALL_CENTER, "agent.prompt"),
        (Channel.STORE, "store.associate"),
    ):
        context = rules.context(placement, channel=channel)
        response = await rules.check(*offers, person=ann(declined=declined), context=context)
        found = codes(response)
        assert [found.get(number) for number in offers] == [code, code, code, None, None]


async def test_a_declined_promotion_is_not_repeated_and_its_item_is_not_touched(
    rules: Rules,
) -> None:
    declined = DeclinedColumns(
        offer_nos=[LAPTOP_PROMO],
        family_nos=[LAPTOP_PROMO],
        times_us=[rules.clock.now_us() - MINUTE_US],
    )
    response = await rules.check(LAPTOP_PROMO, LAPTOP, person=ann(declined=declined))
    assert codes(response) == {LAPTOP_PROMO: "DECLINED"}


@pytest.mark.parametrize(
    ("disliked", "removed"),
    [
        (Disliked(family_nos=[LAPTOP]), {LAPTOP, LAPTOP_RED, LAPTOP_PROMO}),
        (Disliked(brands=["Fleet"]), {SHOES}),
        (Disliked(categories=["Electronics"]), {LAPTOP, LAPTOP_RED}),
        (Disliked(categories=["Running"]), {SHOES, RUNNING_PROMO}),
        (Disliked(categories=["Running > Shoes"]), {SHOES}),
        (Disliked(categories=["Nobody knows it"]), set()),
    ],
)
async def test_what_is_not_wanted_is_removed_with_all_below_it(
    rules: Rules, disliked: Disliked, removed: set[int]
) -> None:
    offers = (LAPTOP, LAPTOP_RED, LAPTOP_PROMO, SHOES, RUNNING_PROMO, GUIDE)
    response = await rules.check(*offers, person=ann(disliked=disliked))
    assert set(codes(response)) == removed
    assert set(codes(response).values()) <= {"DISLIKED"}


async def test_a_default_offer_carries_no_rule(rules: Rules) -> None:
    declined = DeclinedColumns(offer_nos=[HELP], family_nos=[HELP], times_us=[rules.clock.now_us()])
    response = await rules.check(HELP, person=ann(declined=declined))
    assert kept(response, HELP) == [HELP]
    excluded = rules.context(excluded_offer_nos=[HELP])
    response = await rules.check(HELP, person=ann(), context=excluded)
    assert codes(response) == {HELP: "EXCLUDED_BY_CALLER"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.CheckRequest(), "context"),
        ({"placements": []}, "context.placements"),
        ({"channel": 0}, "context.channel"),
        (
            {"placements": [PlacementAsk(placement="nowhere", limit=1)]},
            "context.placements[0].placement",
        ),
        (
            {"placements": [PlacementAsk(placement="web.cart", limit=51)]},
            "context.placements[0].limit",
        ),
    ],
)
async def test_bad_requests_are_refused_with_the_field(
    rules: Rules, request_: pb.CheckRequest | dict, field: str
) -> None:
    if isinstance(request_, dict):
        context = rules.context()
        for name in request_:
            context.ClearField(name)
        changes = {name: value for name, value in request_.items() if value}
        context.MergeFrom(type(context)(**changes))
        request_ = pb.CheckRequest(context=context)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rules.stub.Check(request_, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details()
