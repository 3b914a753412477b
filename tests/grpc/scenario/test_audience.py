"""Whom to tell of an offer, over a real server, before peers that say what a test tells them to."""

import asyncio
from dataclasses import dataclass

import grpc
import pytest

from services.scenario.validation import VALIDATORS
from shared.arms import assign_arm
from shared.binding import bind
from shared.call import CALLER
from shared.clock import from_us
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.background import until
from shared.testing.clock import FakeClock
from shared.testing.grpc import grpc_service
from tests.grpc.scenario.audience_peers import AudiencePeers, limit, serving
from tests.grpc.scenario.conftest import audiences_of, servicer_of
from tests.unit.scenario.playing import DAY_US, HOUR_US, NOON_US
from tests.unit.scenario.shop import OneBundle, bundle, catalogue
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind, RemovalCode
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.scenario.v1 import audience_pb2
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

EMAIL, SMS, CALL = Channel.EMAIL, Channel.SMS, Channel.CALL_CENTER


def definitions():
    made = bundle()
    for name, channel in (("email.body", EMAIL), ("sms.body", SMS), ("agent.prompt", CALL)):
        made.placements.add(placement=name, channel=channel, kinds=[OfferKind.PROMOTION])
    made.placements.add(placement="web.cart", channel=Channel.WEB, kinds=[OfferKind.PROMOTION])
    made.parameters["contact_cost.email"] = "0.01"
    terms = made.offer_terms.add(offer_id="come_back")
    terms.budget.each.amount, terms.budget.each.currency = "5", "EUR"
    return made


@dataclass
class Shop:
    stub: ScenarioServiceStub
    peers: AudiencePeers
    bundles: OneBundle
    clock: FakeClock

    async def answers(self, caller="cli", **asked):
        request = audience_pb2.FindAudienceRequest(
            **{"offer_id": "come_back", "channel": EMAIL, "limit": 100, **asked}
        )
        stream = self.stub.FindAudience(request, timeout=10, metadata=((CALLER, caller),))
        return [answer async for answer in stream]

    async def find(self, **asked):
        """Return what came of it, and whom to tell."""
        answers = await self.answers(**asked)
        [audience] = [each.audience for each in answers if each.HasField("audience")]
        return audience, [who for each in answers for who in each.people]

    async def refusal(self, **asked):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await self.answers(**asked)
        return failed.value


@pytest.fixture
async def shop():
    peers, clock, bundles = AudiencePeers(), FakeClock(from_us(NOON_US)), OneBundle(definitions())
    ends_us = NOON_US + 30 * DAY_US
    only = {"channels": [EMAIL, SMS, CALL, Channel.WEB], "ends_us": ends_us}
    offers = catalogue(come_back=only, free_shipping={"starts_us": NOON_US + DAY_US})
    contract = pb.DESCRIPTOR.services_by_name["ScenarioService"]
    hooks = Hooks(authenticate=by_name((), {"cli"}))
    async with serving(peers) as behind:
        audiences = audiences_of(behind, offers, bundles, clock)
        servicer = servicer_of(audiences=audiences)
        binding = bind(contract, servicer, validators=VALIDATORS)
        async with grpc_service(binding, hooks=hooks) as channel:
            yield Shop(ScenarioServiceStub(channel), peers, bundles, clock)


def person(name, *, kinds=("customer", "email", "phone"), consents=("marketing",), **more):
    return PersonSnapshot(person_ids=[name], identity_kinds=kinds, consents=consents, **more)


def fell_out(audience):
    return {(each.code, each.rule): each.people for each in audience.fell_out}


async def test_the_best_are_listed_and_everybody_else_counted_at_the_first_obstacle(shop):
    shop.peers.people = [person(f"p{number}") for number in range(5)]
    shop.peers.people += [
        person("unasked", consents=()),
        person("refusing", refusals=["marketing:EMAIL"]),
        person("unreached", kinds=["visitor"], consents=["marketing"]),
        person("neither", kinds=["visitor"], consents=()),
        person("full"),
        person("owner"),
        person("crowded"),
    ]
    shop.peers.likely = {"p3": 0.5, "p1": 0.4}
    shop.peers.closed = {"full": [limit(EMAIL)]}
    shop.peers.removed = {("owner", EMAIL): (RemovalCode.OWNED, "owned")}
    shop.peers.without_room = {"crowded"}
    audience, people = await shop.find(limit=3)
    assert [each.person_id for each in people][:2] == ["p3", "p1"]
    assert len(people) == 3
    assert people[0].expected_value == pytest.approx(10.0)
    assert (audience.people, audience.looked_at, audience.may_be_told) == (12, 12, 5)
    assert fell_out(audience) == {
        ("NO_CONSENT", ""): 3,
        ("NO_ADDRESS", ""): 1,
        ("CONTACT_LIMIT", "contacts.marketing"): 1,
        ("OWNED", "owned"): 1,
        ("NO_ROOM", ""): 1,
    }
    assert audience.looked_at == audience.may_be_told + sum(x.people for x in audience.fell_out)
    assert (audience.model, audience.bundle_hash, audience.currency) == ("m+1", "b", "EUR")


async def test_what_is_expected_and_what_it_costs_is_told_of_all_and_of_those_listed(shop):
    shop.peers.people = [person("a"), person("b")]
    shop.peers.likely = {"a": 0.5}
    audience, _ = await shop.find(limit=1)
    listed, of_all = audience.of_listed, audience.of_all
    assert (listed.people, of_all.people) == (1, 2)
    assert listed.acceptances == pytest.approx(0.5)
    assert listed.value == pytest.approx(10.0)
    assert listed.cost == pytest.approx(0.01 + 0.5 * 5.0)
    assert of_all.acceptances == pytest.approx(0.6)
    assert not of_all.cost_is_partial
    assert [(way.channel, way.placement, way.listed) for way in audience.ways] == [
        (EMAIL, "email.body", 1)
    ]


async def test_it_is_asked_as_a_preview_by_ourselves_of_somebody_we_address(shop):
    shop.peers.people = [person("a", time_zone="Europe/Berlin", locale="de")]
    await shop.find()
    [checked], [ranked] = shop.peers.checked, shop.peers.ranked
    for asked in (checked, ranked):
        assert asked.context.preview
        assert asked.context.now_us == NOON_US
        assert asked.context.locale == "de"
        assert [each.placement for each in asked.context.placements] == ["email.body"]
    assert not ranked.tried


async def test_without_a_channel_each_is_told_by_the_best_one_that_is_open(shop):
    on_sms = person("texter")
    on_sms.traits.channels.append(SMS)
    on_sms.traits.channel_shares.append(1.0)
    barred = person("barred")
    barred.CopyFrom(on_sms)
    barred.person_ids[:] = ["barred"]
    shop.peers.people = [
        on_sms,
        barred,
        person("limited"),
        person("mailless", kinds=["phone"]),
        person("closed"),
    ]
    shop.peers.removed = {("barred", SMS): (RemovalCode.WRONG_CHANNEL, "no_texts")}
    every = [EMAIL, SMS, CALL]
    shop.peers.closed = {"limited": [limit(EMAIL)], "closed": [limit(*every)]}
    audience, people = await shop.find(channel=Channel.UNSPECIFIED)
    told = {each.person_id: each.channel for each in people}
    assert told == {"texter": SMS, "barred": EMAIL, "limited": SMS, "mailless": SMS}
    [texter] = [each for each in people if each.person_id == "texter"]
    assert "100% of what they do is there" in texter.channel_why
    assert {each.person_id: each.channel_why.partition("; ")[2] for each in people} == {
        "texter": "rather than EMAIL 10%, CALL_CENTER 10%",
        "barred": "rather than CALL_CENTER 10%; not SMS: WRONG_CHANNEL",
        "limited": "rather than CALL_CENTER 10%; "
        "not EMAIL: approached as often as the contact limit allows",
        "mailless": "rather than CALL_CENTER 10%; not EMAIL: no address",
    }
    assert fell_out(audience) == {("CONTACT_LIMIT", "contacts.marketing"): 1}
    assert {way.channel: way.listed for way in audience.ways} == {EMAIL: 1, SMS: 3, CALL: 0}


async def test_quiet_hours_put_it_off_and_keep_nobody_out(shop):
    opens_us = NOON_US + 9 * HOUR_US
    quiet = limit(EMAIL, code=RemovalCode.QUIET_HOURS, rule="quiet_hours", free_us=opens_us)
    shop.peers.people, shop.peers.closed = [person("a"), person("b")], {"a": [quiet]}
    audience, _ = await shop.find()
    assert (audience.may_be_told, audience.of_all.later) == (2, 1)
    assert {each.context.now_us for each in shop.peers.checked} == {NOON_US, opens_us}


async def test_a_limit_of_other_offers_or_kinds_is_none_of_this_one(shop):
    shop.peers.people = [person("a"), person("b"), person("c")]
    shop.peers.closed = {
        "a": [limit(EMAIL, offer_no=3)],
        "b": [limit(EMAIL, kinds=[OfferKind.SURVEY])],
        "c": [limit(EMAIL, kinds=[OfferKind.PROMOTION])],
    }
    audience, people = await shop.find()
    assert {each.person_id for each in people} == {"a", "b"}
    assert fell_out(audience) == {("CONTACT_LIMIT", "contacts.marketing"): 1}


async def test_nobody_of_the_arms_that_get_nothing_personal_is_told(shop):
    made = ArmPlan(salt="s", holdout_share=0.5)
    shop.bundles.active.plan.arm_plan.CopyFrom(made)
    shop.peers.people = [person(f"p{number}") for number in range(20)]
    audience, people = await shop.find()
    held = [each for each in shop.peers.people if assign_arm(made, each.person_ids[0])]
    held = [each for each in held if assign_arm(made, each.person_ids[0]) == Arm.HOLDOUT]
    assert 0 < len(held) < 20
    assert fell_out(audience) == {("HOLDOUT", ""): len(held)}
    assert len(people) == 20 - len(held)


async def test_callers_without_the_permission_are_told_the_numbers_alone(shop):
    shop.peers.people = [person("a")]
    audience, people = await shop.find(caller="web")
    assert (audience.may_be_told, audience.of_listed.people, people) == (1, 1, [])


async def test_how_far_it_is_is_told_and_of_many_people_a_share_is_looked_at(shop):
    shop.peers.people = [person(f"p{number}") for number in range(7)]
    answers = await shop.answers(look_at=4)
    progress = [each.progress for each in answers if each.HasField("progress")]
    assert (progress[0].done, progress[0].total, progress[0].people) == (0, 4, 7)
    audience, _ = await shop.find(look_at=4)
    assert (audience.people, audience.looked_at) == (7, 4)
    assert shop.peers.asked_at_most == [4, 4]


async def test_one_search_is_made_at_a_time_and_one_that_was_left_is_over(shop):
    shop.peers.people = [person("a")]
    shop.peers.going_on.clear()
    request = audience_pb2.FindAudienceRequest(offer_id="come_back", channel=EMAIL, limit=1)
    first = shop.stub.FindAudience(request, timeout=10)
    await first.read()
    assert (await shop.refusal()).code() is grpc.StatusCode.ABORTED
    first.cancel()
    shop.peers.going_on.set()

    async def is_free():
        answers = await asyncio.gather(shop.answers(), return_exceptions=True)
        return not isinstance(answers[0], grpc.aio.AioRpcError)

    await until(is_free)


async def test_rules_that_does_not_answer_is_asked_again_and_nobody_is_lost(shop):
    shop.peers.people, shop.peers.failures = [person("a"), person("b")], 1
    audience, people = await shop.find()
    assert (audience.looked_at, len(people)) == (2, 2)


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"offer_id": "come_bak"}, "NOT_FOUND", "no offer come_bak; near are come_back"),
        ({"offer_id": ""}, "INVALID_ARGUMENT", "offer_id"),
        ({"limit": 0}, "INVALID_ARGUMENT", "limit"),
        ({"limit": 100_001}, "INVALID_ARGUMENT", "limit"),
        ({"channel": Channel.WEB}, "INVALID_ARGUMENT", "channel"),
        ({"channel": Channel.PUSH}, "FAILED_PRECONDITION", "may use: EMAIL, SMS, CALL_CENTER"),
        ({"placement": "email.bod"}, "INVALID_ARGUMENT", "placement"),
        ({"placement": "web.cart"}, "FAILED_PRECONDITION", "web.cart does not show that on EMAIL"),
        ({"offer_id": "item-3"}, "FAILED_PRECONDITION", "no placement shows that on EMAIL"),
        ({"offer_id": "free_shipping"}, "FAILED_PRECONDITION", "is not offered before 2026-03-03"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_what_to_do(shop, asked, code, said):
    refused = await shop.refusal(**asked)
    assert refused.code().name == code
    assert said in refused.details() or any(
        said in str(value) for _, value in refused.trailing_metadata()
    )
    assert not shop.peers.asked_at_most


async def test_an_offer_that_is_over_or_in_no_definitions_is_refused(shop):
    shop.bundles.replace(bundle(offers=("free_shipping",)))
    assert "is in no definitions" in (await shop.refusal()).details()
    shop.bundles.replace(definitions())
    shop.clock.advance(from_us(31 * DAY_US) - from_us(0))
    assert "was offered until 2026-04-01 12:00 UTC" in (await shop.refusal()).details()


async def test_a_call_is_told_to_as_many_as_agents_can_call_in_a_day(shop):
    shop.peers.needs_agent = True
    shop.peers.people = [person(f"p{number}") for number in range(5)]
    shop.peers.likely = {"p4": 0.5, "p2": 0.4}
    made = definitions()
    made.parameters.update({"calls.agents": "1", "calls.hours_per_day": "2"})
    made.parameters["calls.per_agent_hour"] = "1"
    shop.bundles.replace(made)
    audience, people = await shop.find(channel=CALL)
    assert [each.person_id for each in people] == ["p4", "p2"]
    assert (audience.looked_at, audience.may_be_told) == (5, 2)
    assert fell_out(audience) == {("NO_AGENT", "calls_per_day"): 3}
    assert audience.of_all.people == audience.of_listed.people == 2


async def test_by_letter_nobody_is_promised_a_call_while_no_agent_is_there(shop):
    shop.peers.needs_agent = True
    shop.peers.people = [person("ada")]
    audience, people = await shop.find(channel=EMAIL)
    assert people == []
    assert fell_out(audience) == {("NO_AGENT", "call_needs_agent"): 1}
