"""Check as the edge sees it: the shipped rules, the contact limit, and what stands."""

from __future__ import annotations

import grpc
import pytest

from services.rules.domain.changes import Declined, Identified
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
    WITHDRAWN,
    Rules,
    ann,
    codes,
    kept,
    key,
    minutes,
)
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import Declined as DeclinedColumns
from touchpoint.common.v1.snapshot_pb2 import Disliked, Owned, PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source
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


@pytest.mark.parametrize(
    ("consents", "refusals", "is_kept"),
    [
        (["marketing"], [], True),
        (["marketing:EMAIL"], [], True),
        (["marketing:SMS"], [], False),
        ([], [], False),
        (["marketing"], ["marketing:EMAIL"], False),
        (["marketing:EMAIL"], ["marketing"], False),
        (["marketing", "marketing:SMS"], ["marketing:SMS"], True),
        (["marketing:EMAIL"], ["newsletter"], True),
    ],
)
async def test_an_email_needs_consent_to_marketing_that_no_refusal_outranks(
    rules: Rules, consents: list[str], refusals: list[str], is_kept: bool
) -> None:
    person = ann(consents=consents, refusals=refusals)
    context = rules.context("email.body", channel=Channel.EMAIL)
    response = await rules.check(LAPTOP, GUIDE, person=person, context=context)
    assert bool(response.kept) is is_kept
    assert set(codes(response).values()) == (set() if is_kept else {"NO_CONSENT"})


@pytest.mark.parametrize(
    ("consents", "refusals", "is_kept"),
    [
        (["newsletter"], [], True),
        (["newsletter:WEB"], [], True),
        (["newsletter:EMAIL"], [], False),
        ([], [], False),
        (["newsletter"], ["newsletter:WEB"], False),
        (["newsletter"], ["newsletter:EMAIL"], True),
        (["newsletter:WEB"], ["newsletter"], False),
        (["newsletter"], ["marketing"], True),
    ],
)
async def test_an_offer_that_needs_a_consent_has_it_on_this_channel(
    rules: Rules, consents: list[str], refusals: list[str], is_kept: bool
) -> None:
    person = ann(consents=consents, refusals=refusals)
    response = await rules.check(NEWSLETTER, person=person)
    assert codes(response) == ({} if is_kept else {NEWSLETTER: "NO_CONSENT"})


async def test_a_default_offer_carries_no_rule(rules: Rules) -> None:
    declined = DeclinedColumns(offer_nos=[HELP], family_nos=[HELP], times_us=[rules.clock.now_us()])
    response = await rules.check(HELP, person=ann(declined=declined))
    assert kept(response, HELP) == [HELP]
    excluded = rules.context(excluded_offer_nos=[HELP])
    response = await rules.check(HELP, person=ann(), context=excluded)
    assert codes(response) == {HELP: "EXCLUDED_BY_CALLER"}


async def test_contacts_beyond_the_balance_are_removed_where_they_would_count(
    rules: Rules,
) -> None:
    for offer_no in (FREE_SHIPPING, RUNNING_PROMO, SURVEY):
        await rules.commit(offer_no)
    offers = (LAPTOP_PROMO, GUIDE, LAPTOP)
    response = await rules.check(*offers, person=ann())
    assert codes(response) == {LAPTOP_PROMO: "CONTACT_LIMIT"}
    assert list(response.removed.rules) == ["contacts.marketing"]
    [balance] = response.balances
    assert (balance.policy, balance.used, balance.limit) == ("marketing", 3, 3)
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


async def test_a_decision_stands_for_the_same_question(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, next_best=(SHOES,), context=context)
    again = await rules.check(MILK, GUIDE, person=ann())
    assert again.standing_decision_id == context.decision_id
    [order] = again.standing
    assert (list(order.offer_nos), order.exact) == ([LAPTOP, GUIDE, SHOES], True)
    assert list(again.added.offer_nos) == [LAPTOP, SHOES]
    assert list(again.added.sources) == [Source.POPULAR, Source.POPULAR]
    assert kept(again, MILK, GUIDE) == [MILK, GUIDE, LAPTOP, SHOES]


async def test_a_makeshift_decision_stands_only_for_a_repeated_request(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, context=context, degraded=True)
    again = await rules.check(GUIDE, person=ann())
    assert again.standing_decision_id == context.decision_id
    later = rules.context(now_us=rules.clock.now_us() + 2 * MINUTE_US)
    assert not (await rules.check(GUIDE, person=ann(), context=later)).standing


async def test_without_a_profile_what_stands_is_left_standing(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, context=context)
    await rules.commit(SHOES, person=ann(standing_token=0), context=rules.context())
    again = await rules.check(GUIDE, person=ann())
    assert again.standing_decision_id == context.decision_id


async def test_what_stands_is_checked_anew(rules: Rules) -> None:
    await rules.commit(LAPTOP, GUIDE)
    bought = minutes(rules.clock.now_us())
    owned = Owned(family_nos=[LAPTOP], last_minutes=[bought], times=[1], cycle_days=[0])
    again = await rules.check(person=ann(owned=owned))
    assert codes(again) == {LAPTOP: "OWNED"}
    assert kept(again) == [GUIDE]


@pytest.mark.parametrize("changed", ["token", "context", "limit", "definitions", "time", "person"])
async def test_a_changed_question_frees_a_standing_decision(rules: Rules, changed: str) -> None:
    await rules.commit(LAPTOP, GUIDE)
    person, context = ann(), rules.context()
    match changed:
        case "token":
            person = ann(standing_token=8)
        case "context":
            context = rules.context(context_digest=b"another context")
        case "limit":
            context = rules.context(placements=[PlacementAsk(placement="web.home.banner", limit=2)])
        case "definitions":
            await rules.definitions.apply(await changed_definitions(rules))
            context = rules.context()
        case "time":
            context = rules.context(now_us=rules.clock.now_us() + 30 * MINUTE_US)
        case "person":
            person = ann(person_ids=["bob"])
    response = await rules.check(GUIDE, person=person, context=context)
    assert response.standing_decision_id == ""
    assert not any(order.exact for order in response.standing)


async def changed_definitions(rules: Rules) -> list:
    bundle = (
        await rules.stub.GetBundle(
            pb.GetBundleRequest(bundle_hash=rules.bundles.active_hash), timeout=5
        )
    ).bundle
    for file in bundle.files:
        file.text = file.text.replace("declined_for: 30d", "declined_for: 31d")
    return list(bundle.files)


async def test_what_the_site_showed_leads_on_the_telephone(rules: Rules) -> None:
    shown = rules.context()
    await rules.commit(RUNNING_PROMO, GUIDE, context=shown)
    call = rules.context("agent.prompt", channel=Channel.CALL_CENTER)
    response = await rules.check(LAPTOP, person=ann(), context=call)
    [order] = response.standing
    assert (order.placement, list(order.offer_nos), order.exact) == (
        "agent.prompt",
        [RUNNING_PROMO, GUIDE],
        False,
    )
    assert response.standing_decision_id == ""
    faq = await rules.check(person=ann(), context=rules.context("web.faq"))
    assert (list(faq.added.offer_nos), codes(faq)) == ([GUIDE], {})
    unrelated = rules.context("web.gift", context_digest=b"another")
    assert not (await rules.check(person=ann(), context=unrelated)).standing


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
