"""The shipped rules that stand on what an offer is, what the cart is worth and who is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grpc.rules.rules_kit import (
    CALL,
    CART_SURVEY,
    CONTRACT,
    DAY_US,
    FOR_MEMBERS,
    FREE_SHIPPING,
    GUIDE,
    HELP,
    LAPTOP,
    PRICE_LED,
    SHIPPING,
    SURVEY,
    Rules,
    ann,
    codes,
    kept,
    key,
)
from touchpoint.common.v1.decision_pb2 import CartLine, DecisionContext
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.snapshot_pb2 import Cart, PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, Source
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

PERSONAL = (Source.FOR_YOU, Source.BUY_AGAIN, Source.JOURNEY, Source.OFFER, Source.IN_SESSION)
MILLION = 1_000_000


def with_cart(rules: Rules, worth: float, **attributes: Any) -> DecisionContext:
    """Return a context with a cart of two things, worth so much together."""
    line = CartLine(offer_no=LAPTOP, quantity=2, price_micros=round(worth / 2 * MILLION))
    context = rules.context("web.home.banner", cart=[line])
    context.attributes.update(attributes)
    return context


@pytest.mark.parametrize(
    ("worth", "code"), [(999.99, "CART_TOO_SMALL"), (1000, None), (1000.01, None)]
)
async def test_a_call_is_offered_from_a_cart_of_a_thousand_on(
    rules: Rules, worth: float, code: str | None
) -> None:
    context = with_cart(rules, worth, agent_free=True)
    assert codes(await rules.check(CALL, person=ann(), context=context)).get(CALL) == code


@pytest.mark.parametrize(
    ("said", "free_agents", "code"),
    [(None, 0, "NO_AGENT"), (None, 1, None), (True, 0, None), (False, 1, "NO_AGENT")],
)
async def test_a_call_needs_an_agent_who_is_free_and_the_caller_knows_best(
    rules: Rules, said: bool | None, free_agents: int, code: str | None
) -> None:
    context = with_cart(rules, 2000, **({} if said is None else {"agent_free": said}))
    context.free_agents = free_agents
    response = await rules.check(CALL, HELP, person=ann(), context=context)
    assert codes(response) == ({CALL: code} if code else {})


@pytest.mark.parametrize(("worth", "code"), [(2500, "CART_TOO_SMALL"), (2500.01, None)])
async def test_a_survey_about_the_cart_is_for_dearer_carts_alone(
    rules: Rules, worth: float, code: str | None
) -> None:
    context = with_cart(rules, worth)
    response = await rules.check(CART_SURVEY, SURVEY, person=ann(), context=context)
    assert codes(response) == ({CART_SURVEY: code} if code else {})


@pytest.mark.parametrize(("days", "code"), [(29.9, "NOT_DUE"), (30.1, None)])
async def test_a_survey_that_was_answered_comes_again_after_its_window(
    rules: Rules, days: float, code: str | None
) -> None:
    answered_us = rules.clock.now_us() - int(days * DAY_US)
    person = ann(surveys_answered=[SURVEY, CART_SURVEY], survey_times_us=[answered_us] * 2)
    for channel, placement in ((Channel.WEB, "web.home.banner"), (Channel.STORE, "store.till")):
        context = with_cart(rules, 3000)
        context.channel = channel
        context.placements[0].placement = placement
        response = await rules.check(SURVEY, CART_SURVEY, person=person, context=context)
        assert [codes(response).get(each) for each in (SURVEY, CART_SURVEY)] == [code, code]


async def test_a_survey_of_which_nothing_is_left_to_ask_is_not_due(rules: Rules) -> None:
    await rules.apply(DefinitionFile(path="asks.yaml", text=ASKS))
    person = ann(questions_asked=["runs"])
    assert codes(await rules.check(SURVEY, person=person)) == {SURVEY: "NOT_DUE"}
    assert codes(await rules.check(SURVEY, person=ann())) == {}


@pytest.mark.parametrize(("worth", "code"), [(19.99, "CART_TOO_SMALL"), (20, None)])
async def test_free_shipping_starts_at_its_cart_whoever_knows_of_the_cart(
    rules: Rules, worth: float, code: str | None
) -> None:
    person = ann(cart=Cart(offer_nos=[LAPTOP], value_micros=round(worth * MILLION)))
    by_profile = await rules.check(SHIPPING, FREE_SHIPPING, person=person)
    by_caller = await rules.check(
        SHIPPING, FREE_SHIPPING, person=ann(), context=with_cart(rules, worth)
    )
    expected = {SHIPPING: code} if code else {}
    assert (codes(by_profile), codes(by_caller)) == (expected, expected)


@pytest.mark.parametrize(
    ("orders", "share", "code"),
    [
        (6, 0.0, "NOT_SUITABLE"),
        (9, 0.009, "NOT_SUITABLE"),
        (9, 0.02, None),
        (5, 0.0, None),
        (9, -1.0, None),
    ],
)
async def test_who_never_pays_less_is_offered_nothing_about_the_price(
    rules: Rules, orders: int, share: float, code: str | None
) -> None:
    person = ann(traits=Traits(frequency=orders, promotion_share=share))
    response = await rules.check(PRICE_LED, FREE_SHIPPING, person=person)
    assert codes(response) == ({PRICE_LED: code} if code else {})


CARD = IdentityKey(kind="loyalty_card", key=b"c" * 32)


@pytest.mark.parametrize(
    ("known", "named", "is_kept"),
    [
        ({}, [], False),
        ({"identity_kinds": ["customer", "phone"]}, [key("phone")], False),
        ({"identity_kinds": ["customer", "loyalty_card"]}, [key("phone")], True),
        ({}, [CARD], True),
        ({"attributes": {"member": "true"}}, [], True),
        ({"attributes": {"member": "false"}}, [], False),
    ],
)
async def test_an_offer_for_members_is_for_who_holds_a_card_or_is_said_to_be_one(
    rules: Rules, known: dict[str, Any], named: list[IdentityKey], is_kept: bool
) -> None:
    context = rules.context(identity_keys=named)
    response = await rules.check(FOR_MEMBERS, GUIDE, person=ann(**known), context=context)
    assert codes(response) == ({} if is_kept else {FOR_MEMBERS: "MEMBERS_ONLY"})


async def test_without_a_profile_nobody_is_a_member_but_by_the_card_itself(rules: Rules) -> None:
    assert codes(await rules.check(FOR_MEMBERS)) == {FOR_MEMBERS: "MEMBERS_ONLY"}
    context = rules.context(identity_keys=[CARD])
    assert codes(await rules.check(FOR_MEMBERS, context=context)) == {}


@pytest.mark.parametrize("days", [0.1, 30.1, 3650.0])
@pytest.mark.parametrize(
    ("channel", "placement"),
    [(Channel.WEB, "web.home.banner"), (Channel.CALL_CENTER, "agent.prompt")],
)
async def test_after_a_complaint_nothing_is_sold_and_nothing_asked_but_help_is_given(
    rules: Rules, channel: Channel.Value.ValueType, placement: str, days: float
) -> None:
    now_us = rules.clock.now_us()
    cross = ann(complaint_open=True, complaint_us=now_us - int(days * DAY_US), as_of_us=now_us)
    context = rules.context(placement, channel=channel)
    offers = (LAPTOP, FREE_SHIPPING, SURVEY, GUIDE, HELP)
    response = await rules.check(*offers, person=cross, context=context)
    sold = dict.fromkeys((LAPTOP, FREE_SHIPPING, SURVEY), "COMPLAINT_OPEN")
    assert codes(response) == sold


@pytest.mark.parametrize(("days", "is_selling"), [(29.9, False), (30.1, True)])
async def test_a_bound_lets_sell_again_what_nobody_settled(
    rules: Rules, days: float, is_selling: bool
) -> None:
    await rules.apply(change=("complaints.open_for: unlimited", "complaints.open_for: 30d"))
    now_us = rules.clock.now_us()
    cross = ann(complaint_open=True, complaint_us=now_us - int(days * DAY_US), as_of_us=now_us)
    response = await rules.check(LAPTOP, person=cross)
    assert codes(response) == ({} if is_selling else {LAPTOP: "COMPLAINT_OPEN"})


async def test_a_complaint_that_was_settled_keeps_nobody_from_selling(rules: Rules) -> None:
    calm = ann(complaint_open=False, as_of_us=rules.clock.now_us())
    assert codes(await rules.check(LAPTOP, FREE_SHIPPING, SURVEY, person=calm)) == {}


def caller(assurance: Assurance.Value.ValueType) -> PersonSnapshot:
    return ann(assurance=assurance)


@pytest.mark.parametrize("source", PERSONAL)
@pytest.mark.parametrize(
    ("channel", "placement"),
    [(Channel.IVR, "ivr.menu"), (Channel.CALL_CENTER, "agent.prompt")],
)
async def test_a_caller_not_yet_authenticated_hears_nothing_personal(
    rules: Rules,
    channel: Channel.Value.ValueType,
    placement: str,
    source: Source.Value.ValueType,
) -> None:
    context = rules.context(placement, channel=channel)

    async def heard(
        person: PersonSnapshot, source: Source.Value.ValueType
    ) -> tuple[list[int], dict[int, str]]:
        offers = (GUIDE, CONTRACT, HELP)
        response = await rules.check(*offers, person=person, context=context, source=source)
        return kept(response, *offers), dict(codes(response))

    nothing = {GUIDE: "NOT_AUTHENTICATED", CONTRACT: "NOT_AUTHENTICATED"}
    assert await heard(caller(Assurance.ANONYMOUS), source) == ([HELP], nothing)
    only_contract = ([GUIDE, HELP], {CONTRACT: "NOT_AUTHENTICATED"})
    assert await heard(caller(Assurance.ANONYMOUS), Source.POPULAR) == only_contract
    assert await heard(caller(Assurance.CLAIMED), source) == ([GUIDE, CONTRACT, HELP], {})
    assert await heard(PersonSnapshot(seq=1), source) == only_contract


async def test_a_shop_may_ask_for_proof_of_who_calls(rules: Rules) -> None:
    await rules.apply(change=("personal.needs: CLAIMED", "personal.needs: VERIFIED"))
    context = rules.context("ivr.menu", channel=Channel.IVR)
    for assurance, code in ((Assurance.CLAIMED, "NOT_AUTHENTICATED"), (Assurance.VERIFIED, None)):
        response = await rules.check(
            GUIDE, person=caller(assurance), context=context, source=Source.FOR_YOU
        )
        assert codes(response).get(GUIDE) == code


async def test_on_the_site_what_is_near_a_visitor_is_shown(rules: Rules) -> None:
    visitor = caller(Assurance.ANONYMOUS)
    response = await rules.check(GUIDE, person=visitor, source=Source.FOR_YOU)
    assert codes(response) == {}


ASKS = f"""\
offers:
  - {{offer_id: offer-{SURVEY}, kind: SURVEY, title: About your sports, is_journey_only: true}}
questions:
  - question: runs
    survey: offer-{SURVEY}
    text: Do you run?
    why: So that we show you what fits.
    used_for: Choosing what we recommend.
    answers: ["yes", "no"]
"""
