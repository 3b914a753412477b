"""The single customer view on a real server."""

import asyncio

import grpc
import pytest

from services.aggregator.domain.quality import Qualities
from shared.clock import to_us
from shared.errors import Unavailable
from tests.unit.aggregator.edge import (
    PAN,
    PC_1,
    PC_2,
    PCS,
    PERSON,
    PROMO,
    candidates,
    known_person,
    snapshot,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    WatchCustomerRequest,
)
from touchpoint.common.v1.catalogue_pb2 import Creative, PromisedTerms
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, Doubt, PurchaseStage
from touchpoint.profile.v1.profile_service_pb2 import (
    GetProfileResponse,
    GetSnapshotResponse,
    WatchProfileResponse,
)
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.rules.v1.rules_service_pb2 import GetContactsResponse
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysResponse

MINUTE_US = 60_000_000
PHONE = [{"kind": "phone", "value": "+12025550123"}]


def asked(**facts):
    return GetCustomerViewRequest(identities=PHONE, **facts)


@pytest.fixture
def shopper(edge):
    """Let the caller have spent twenty minutes on PCs on the web."""
    now_us = to_us(edge.clock.now())
    person = snapshot()
    person.session.category = PCS
    person.session.minutes = 20.2
    person.session.last_offer_no = PC_1
    person.session.last_us = now_us - 2 * MINUTE_US
    person.session.channel = Channel.WEB
    person.traits.value_tier = "high"
    person.traits.monetary_micros = 1_250_500_000
    person.traits.categories.append(PCS)
    person.traits.category_affinities.append(0.5)
    person.segments.append("gamers")
    person.cart.value_micros = 999_000_000
    person.recent.types.extend(["decline", "view"])
    person.recent.times_us.extend([now_us - MINUTE_US, now_us - 3 * MINUTE_US])
    person.recent.channels.extend([Channel.WEB, Channel.WEB])
    person.recent.offer_nos.extend([PROMO, PC_1])
    person.recent.categories.extend(["", PCS])
    person.recent.session_ids.extend(["s", "s"])
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse(
        snapshot=person,
        name="Ada",
        identities=[{"kind": "phone", "masked_value": "+1…23"}, {"kind": "visitor"}],
        consents=[{"purpose": "marketing", "granted": True}],
    )
    return person


async def test_the_view_names_category_minutes_and_last_item_and_leads_with_them(stub, shopper):
    view = await stub.GetCustomerView(asked())
    assert view.session.category == PCS
    assert view.session.minutes == pytest.approx(20.2)
    assert view.session.last_item_id == "pc-1"
    assert view.session.last_item_title == "Aurora 15"
    first = view.next_best_actions[0]
    assert first.line.startswith(
        "Spent 20 minutes on PCs on the web just now, last looked at Aurora 15: "
    )
    assert first.offer_id in {"pc-1", "pc-2"}


async def test_without_that_interest_no_line_speaks_of_it(stub):
    view = await stub.GetCustomerView(asked())
    assert view.next_best_actions
    assert not any("Spent" in action.line for action in view.next_best_actions)


async def test_the_last_item_leads_when_nothing_else_is_about_it(stub, edge, shopper):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PAN, PROMO, PC_2, PC_1)
    )
    edge.peers.ranker.Rank.answer = _only_first_two(edge.peers.ranker.Rank.answer)
    first = (await stub.GetCustomerView(asked())).next_best_actions[0]
    assert (first.offer_id, first.item_id) == ("pc-1", "pc-1")
    assert "last looked at Aurora 15: May I suggest Aurora 15?" in first.line


def _only_first_two(answer):
    def ranked(request):
        response = answer(request)
        del response.placements[0].chosen[2:]
        return response

    return ranked


async def test_what_was_said_leads_to_the_first_of_it_that_rules_let_pass(stub, edge, shopper):
    shopper.session.is_said, shopper.session.last_offer_no = True, 0
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PAN, PROMO, PC_2, PC_1)
    )
    edge.peers.ranker.Rank.answer = _only_first_two(edge.peers.ranker.Rank.answer)
    first, *others = (await stub.GetCustomerView(asked())).next_best_actions
    assert (first.offer_id, first.item_id) == ("pc-2", "pc-2")
    assert first.line.startswith("Asks about PCs")
    assert [each.offer_id for each in others] == ["pan-1", "promo-1"]


async def test_the_last_item_is_not_offered_when_rules_did_not_let_it_pass(stub, edge, shopper):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=candidates(PAN))
    first = (await stub.GetCustomerView(asked())).next_best_actions[0]
    assert first.offer_id == ""
    assert first.line.endswith("last looked at Aurora 15")


async def test_the_view_tells_who_it_is_and_what_is_known_of_them(stub, edge, shopper):
    view = await stub.GetCustomerView(asked())
    assert (view.who.person_id, view.who.name, view.who.known) == (PERSON, "Ada", True)
    assert [one.masked_value for one in view.who.identities] == ["+1…23", ""]
    assert view.value_tier == "high"
    assert (view.traits.monetary.amount, view.traits.monetary.currency) == ("1250.50", "EUR")
    assert [(one.name, one.affinity) for one in view.traits.categories] == [(PCS, 0.5)]
    assert list(view.segments) == ["gamers"]
    assert view.session.cart_value.amount == "999"
    assert [(one.purpose, one.granted) for one in view.consent] == [("marketing", True)]
    assert [(one.type, one.item_id, one.title) for one in view.recent] == [
        ("decline", "promo-1", "Free shipping"),
        ("view", "pc-1", "Aurora 15"),
    ]


async def test_the_view_tells_what_a_person_did_adds_up_to(stub, shopper):
    traits = shopper.traits
    traits.promotion_share, traits.return_share, traits.complaints = 0.5, 0.25, 2
    kept = {"categories": [PCS], "names": ["size"], "values": ["15"], "shares": [0.75]}
    traits.variants.MergeFrom(type(traits.variants)(**kept))
    traits.channels.append(Channel.STORE)
    traits.channel_shares.append(1.0)
    traits.hours.append(18)
    traits.bought_categories.categories.append(PCS)
    for column in ("last_minutes", "times", "cycle_days"):
        getattr(traits.bought_categories, column).append(30)
    traits.answers.channels.append(Channel.EMAIL)
    traits.answers.shown.append(4.0)
    traits.answers.accepted_shares.append(0.5)
    traits.answers.email_open_share, traits.answers.email_click_share = 0.5, -1.0
    traits.stages.categories.append(PCS)
    traits.stages.stages.append(PurchaseStage.COMPARING)
    shopper.disliked.brands.append("Acme")
    shopper.disliked.soft_family_nos.append(PC_1)
    shopper.disliked.soft_family_strengths.append(0.5)
    shopper.session.hesitating, shopper.session.doubt = True, Doubt.RETURNS
    view = await stub.GetCustomerView(asked())
    found = view.traits
    assert (found.promotion_share, found.return_share, found.complaints) == (0.5, 0.25, 2)
    assert [(each.name, each.value, each.share) for each in found.variants] == [
        ("size", "15", 0.75)
    ]
    assert [(each.channel, each.share) for each in found.channels] == [(Channel.STORE, 1.0)]
    assert list(found.hours) == [18]
    assert [each.last_time.seconds for each in found.bought_categories] == [1800]
    assert [(each.shown, each.accepted_share) for each in found.answers] == [(4.0, 0.5)]
    assert (found.emails.open_share, found.emails.click_share) == (0.5, -1.0)
    assert [each.stage for each in found.stages] == [PurchaseStage.COMPARING]
    assert [(each.brand, each.title, each.strength, each.stated) for each in found.dislikes] == [
        ("Acme", "", 1.0, True),
        ("", "Aurora 15", 0.5, False),
    ]
    assert view.session.doubt == Doubt.RETURNS


async def test_what_was_shown_stands_with_its_answer_and_contacts_with_their_limit(
    stub, edge, shopper
):
    shown = {"offer_no": PROMO, "placement": "web.home.banner", "channel": Channel.WEB}
    answered = GetContactsResponse(
        presented=[shown, {"offer_no": PC_2}],
        balances=[
            {"policy": "service", "used": 9},
            {"policy": "marketing", "used": 1, "limit": 1, "rule": "o", "offer_no": PROMO},
            {"policy": "marketing", "used": 2, "limit": 3, "rule": "contacts.marketing"},
            {"policy": "marketing", "used": 2, "limit": 5},
            {"policy": "marketing", "limit": 1, "offer_no": edge.catalogue.size},
        ],
        promises=[{"offer_no": PROMO}],
    )
    edge.peers.rules.GetContacts.answer = lambda _: answered
    edge.peers.scenario.ListJourneys.answer = lambda _: ListJourneysResponse(
        journeys=[{"scenario": "cart", "stage": "reminded"}]
    )
    view = await stub.GetCustomerView(asked())
    assert [(one.offer_id, one.answer) for one in view.presented] == [
        ("promo-1", "decline"),
        ("pc-2", ""),
    ]
    assert (view.contacts.used, view.contacts.limit) == (2, 3)
    assert view.contacts.rule == "contacts.marketing"
    assert [one.used for one in view.contacts.limits] == [9, 1, 2, 2, 0]
    assert (view.contacts.limits[1].rule, view.contacts.limits[1].offer_id) == ("o", "promo-1")
    assert view.contacts.limits[4].offer_id == ""
    assert [one.offer_id for one in view.open_promises] == ["promo-1"]
    assert [(one.scenario, one.stage) for one in view.journeys] == [("cart", "reminded")]
    assert list(edge.peers.rules.GetContacts.request.person_ids) == [PERSON]


async def test_a_promise_is_told_to_agents_on_the_terms_it_was_made_on(stub, edge, shopper):
    terms = PromisedTerms(
        offer_no=PROMO,
        title="Shipping from 20",
        creative=Creative(text="Free from 20 on", link="https://shop/20"),
        about_nos=[PAN],
        about_categories=[PCS],
        attributes={"from": "20"},
    )
    edge.peers.rules.GetContacts.answer = lambda _: GetContactsResponse(
        promises=[{"offer_no": PROMO, "terms": terms, "sold_out": True}]
    )
    decide = edge.peers.rules.Check.answer

    def on_terms(request):
        verdict = decide(request)
        verdict.promised_terms.append(terms)
        return verdict

    edge.peers.rules.Check.answer = on_terms
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=candidates(PROMO))
    view = await stub.GetCustomerView(asked())
    [promise] = view.open_promises
    assert promise.title == "Shipping from 20"
    assert (promise.creative.text, promise.creative.link) == ("Free from 20 on", "https://shop/20")
    assert dict(promise.attributes) == {"from": "20"}
    assert promise.sold_out
    assert (list(promise.about_items), list(promise.about_categories)) == (["pan-1"], [PCS])
    [line] = [each.line for each in view.next_best_actions if each.offer_id == "promo-1"]
    assert "Shipping from 20" in line


async def test_the_view_says_by_which_arm_and_variants_the_actions_came_about(stub, edge, shopper):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=Arm.HOLDOUT)
    view = await stub.GetCustomerView(asked(), timeout=5)
    assert (view.arm, list(view.variants)) == (Arm.HOLDOUT, [])


@pytest.mark.parametrize(
    ("arm", "decided"), [(Arm.HOLDOUT, ["pc-1", "pc-2", "tv-1"]), (Arm.STATIC, ["hello"])]
)
async def test_what_they_shopped_for_does_not_lead_where_nothing_personal_decides(
    stub, edge, shopper, arm, decided
):
    edge.peers.profile.GetSnapshot.answer = lambda request: known_person(request, arm=arm)
    shopper.session.is_said, shopper.session.last_offer_no = True, 0
    view = await stub.GetCustomerView(asked())
    assert [action.offer_id for action in view.next_best_actions] == decided
    assert not any("Asks" in action.line for action in view.next_best_actions)


async def test_looking_at_a_person_leaves_no_trace(stub, edge, shopper):
    await stub.GetCustomerView(asked())
    assert edge.peers.rules.Commit.requests == []
    assert not edge.peers.profile.GetSnapshot.request.keep_unknown


async def test_an_ambiguous_number_answers_choices_and_nothing_else(stub, edge):
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse(
        ambiguous=True,
        choices=[{"person_id": "a", "description": "A… B…"}, {"person_id": "b"}],
    )
    edge.peers.profile.GetSnapshot.answer = lambda _: GetSnapshotResponse(ambiguous=True)
    view = await stub.GetCustomerView(asked())
    assert view.who.ambiguous
    assert [choice.person_id for choice in view.who.choices] == ["a", "b"]
    assert not view.next_best_actions
    assert not view.value_tier
    assert edge.peers.rules.GetContacts.requests == []


async def test_the_person_that_an_agent_confirmed_is_asked_for(stub, edge):
    await stub.GetCustomerView(asked(confirmed_person_id=PERSON))
    assert edge.peers.profile.GetProfile.request.confirmed_person_id == PERSON
    assert edge.peers.profile.GetSnapshot.request.confirmed_person_id == PERSON


@pytest.mark.parametrize(
    ("service", "rpc"),
    [("rules", "GetContacts"), ("scenario", "ListJourneys"), ("profile", "GetProfile")],
)
async def test_a_part_that_does_not_answer_is_named_and_the_rest_is_there(stub, edge, service, rpc):
    getattr(getattr(edge.peers, service), rpc).error = Unavailable("dead")
    view = await stub.GetCustomerView(asked())
    assert [(one.service, one.reason) for one in view.degraded] == [(service, "UNAVAILABLE")]
    assert view.next_best_actions


async def test_a_record_whose_reading_is_not_written_down_is_not_shown(stub, edge, shopper):
    """Profile knows them and decides by that, but its trail cannot be written just now."""
    whole = await stub.GetCustomerView(asked())
    assert whole.recent
    edge.peers.profile.GetProfile.error = Unavailable("the trail")
    view = await stub.GetCustomerView(asked())
    named = {field.name for field, _ in view.ListFields()}
    assert named == {"next_best_actions", "degraded", "quality"}


async def test_a_person_nobody_knows_still_gets_something_said(stub, edge):
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse()
    edge.peers.profile.GetSnapshot.answer = lambda _: GetSnapshotResponse()
    view = await stub.GetCustomerView(asked())
    assert not view.who.person_id
    assert not view.who.known
    assert view.next_best_actions
    assert edge.peers.rules.GetContacts.requests == []


async def test_without_a_prompt_in_the_definitions_the_view_says_so(stub, edge):
    del edge.definitions.placements["agent.prompt"]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetCustomerView(asked())
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_watcher_gets_the_view_at_once_and_after_every_change(stub, edge, shopper):
    changes = edge.peers.profile.WatchProfile.messages
    updates = stub.WatchCustomer(WatchCustomerRequest(identities=PHONE))
    await changes.put(WatchProfileResponse(seq=7))
    first = await updates.read()
    assert (first.cause, first.view.who.name) == ("", "Ada")
    shopper.session.minutes = 25.0
    await changes.put(WatchProfileResponse(seq=8, cause="view"))
    second = await updates.read()
    assert second.cause == "view"
    assert second.view.session.minutes == 25.0
    await changes.put(None)
    assert await updates.read() is grpc.aio.EOF


async def test_a_burst_of_changes_sends_the_last_view(stub, edge, shopper):
    gate = asyncio.Event()
    answered = edge.peers.profile.GetProfile._answered

    async def held(request, timeout_s):
        await gate.wait()
        return await answered(request, timeout_s)

    edge.peers.profile.GetProfile._answered = held
    changes = edge.peers.profile.WatchProfile.messages
    updates = stub.WatchCustomer(WatchCustomerRequest(identities=PHONE))
    await changes.put(WatchProfileResponse(seq=7))
    while not edge.peers.profile.GetProfile.requests:
        await asyncio.sleep(0)
    for cause in ("view", "search", "add_to_cart"):
        await changes.put(WatchProfileResponse(cause=cause))
    while not changes.empty():
        await asyncio.sleep(0)
    await changes.put(None)
    gate.set()
    assert [update.cause async for update in updates] == ["", "add_to_cart"]


async def test_the_view_says_of_how_much_its_actions_were_made_and_who_was_left_out(
    stub, edge, monkeypatch
):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PAN), sources=[{"source": "FOR_YOU", "failure": "SPARED"}]
    )
    monkeypatch.setattr(Qualities, "quality", lambda *_: 0.5)
    view = await stub.GetCustomerView(asked())
    assert view.quality == 0.5
    assert [(one.source, one.reason) for one in view.sources_left_out] == [("FOR_YOU", "SPARED")]
    assert not view.degraded
    assert view.next_best_actions
