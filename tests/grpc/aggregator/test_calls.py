"""A call as the edge hears it: what an IVR is answered, and what an agent is given to say."""

from dataclasses import replace
from xml.etree import ElementTree

import grpc
import pytest

from shared.clock import to_us
from shared.errors import DeadlineExceeded, Unavailable
from tests.unit.aggregator.edge import (
    ASSOCIATE,
    MENU,
    PAN,
    PC_1,
    PC_2,
    PCS,
    TV,
    candidates,
    everything_kept,
    row,
    snapshot,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    RecommendRequest,
    WatchCustomerRequest,
)
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, RemovalCode, Source
from touchpoint.profile.v1.profile_service_pb2 import (
    GetProfileResponse,
    GetSnapshotResponse,
    WatchProfileResponse,
)
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysResponse

MINUTE_US = 60_000_000
PHONE = [{"kind": "phone", "value": "+12025550123"}]


@pytest.fixture
def caller(edge):
    """Let somebody call who spent twenty minutes on PCs on the web; a test may change them."""
    now_us = to_us(edge.clock.now())
    person = snapshot()
    session = person.session
    session.category, session.minutes, session.last_offer_no = PCS, 20.2, PC_1
    session.last_us, session.channel = now_us - 2 * MINUTE_US, Channel.WEB
    person.call.start_us = person.call.last_us = now_us - MINUTE_US

    def known(request):
        return GetSnapshotResponse(
            snapshot=person.SerializeToString(), person_ids=person.person_ids, arm=person.arm
        )

    edge.peers.profile.GetSnapshot.answer = known
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse(snapshot=person)
    return person


def viewed(stub, **more):
    return stub.GetCustomerView(GetCustomerViewRequest(identities=PHONE, **more))


async def lines(stub, **more):
    return [action.line for action in (await viewed(stub, **more)).next_best_actions]


def answered(stub, **more):
    request = RecommendRequest(
        identities=PHONE, channel=Channel.IVR, placements=[{"placement": MENU}], **more
    )
    return stub.Recommend(request)


async def test_what_is_named_on_the_call_leads_at_once(stub, edge, caller):
    caller.session.category, caller.session.is_said = "Home", True
    caller.session.minutes, caller.session.last_offer_no = 0.0, 0
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(PC_1, PAN, TV)
    )
    view = await viewed(stub)
    first = view.next_best_actions[0]
    assert first.offer_id == "pan-1"
    assert first.line.startswith("Asks about Home: May I suggest Cake pan?")
    assert view.session.is_said


async def test_what_a_call_is_about_is_told_before_anything_is_offered(stub, caller):
    caller.call.choice = "orders"
    assert (await lines(stub))[0] == "Asks about orders"
    caller.call.topic = "where is my order"
    view = await viewed(stub)
    assert view.next_best_actions[0].line == "Asks about where is my order"
    assert (view.call.choice, view.call.topic) == ("orders", "where is my order")
    assert view.call.start_time.ToMicroseconds() == caller.call.start_us
    assert (await lines(stub, locale="de"))[0] == "Fragt nach where is my order"


async def test_an_open_complaint_is_told_first_and_nothing_of_their_interests(stub, caller):
    caller.complaint_open = True
    caller.complaint_us = caller.session.last_us - 3 * 60 * MINUTE_US
    view = await viewed(stub)
    assert view.complaint_open
    assert view.complaint_time.ToMicroseconds() == caller.complaint_us
    first, *others = view.next_best_actions
    assert (first.offer_id, first.line) == ("", "Complained 3 hours ago, and it is still open")
    assert not any("Spent" in action.line for action in others)


@pytest.mark.parametrize("assurance", [Assurance.ANONYMOUS, Assurance.CLAIMED])
@pytest.mark.parametrize("locale", ["", "de"])
async def test_a_caller_who_is_not_made_sure_of_hears_nothing_of_the_person(
    stub, edge, caller, assurance, locale
):
    verified = await lines(stub, locale=locale)
    edge.definitions.placements["agent.prompt"]
    object.__setattr__(edge.definitions, "personal_needs", int(Assurance.VERIFIED))
    found = candidates(PC_2, PAN, source=Source.BUY_AGAIN)
    found.evidence_counts[:] = [4, 4]
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=found)
    caller.assurance = assurance
    caller.complaint_open, caller.call.topic = True, "a divorce"
    said = await lines(stub, locale=locale)
    assert said
    for telltale in ("20", "Aurora 15", "bought", "gekauft", "complain", "beschwert", "divorce"):
        assert not any(telltale.lower() in line.lower() for line in said), telltale
    assert any("20" in line for line in verified)


async def test_why_something_is_missing_is_not_told_to_whoever_calls(stub, edge, caller):
    def owning_a_tv(request):
        response = everything_kept(request)
        at = list(request.candidates.offer_nos).index(TV)
        del response.kept[at], response.placement_bits[at]
        response.removed.CopyFrom(Removals(offer_nos=[TV], codes=[RemovalCode.OWNED]))
        return response

    edge.peers.rules.Check.answer = owning_a_tv
    caller.assurance = Assurance.ANONYMOUS
    (removed,) = (await answered(stub, explain=True)).removed
    assert removed.code == RemovalCode.OWNED
    assert removed.text == "We need to know for sure who you are before we speak of this."


@pytest.mark.parametrize(
    ("assurance", "said"),
    [
        (Assurance.VERIFIED, "You already have this, perhaps in another version."),
        (Assurance.ANONYMOUS, "We need to know for sure who you are before we speak of this."),
    ],
)
async def test_an_agent_can_be_told_why_something_is_not_offered(
    stub, edge, caller, assurance, said
):
    def owning_a_tv(request):
        response = everything_kept(request)
        at = list(request.candidates.offer_nos).index(TV)
        del response.kept[at], response.placement_bits[at]
        response.removed.CopyFrom(Removals(offer_nos=[TV], codes=[RemovalCode.OWNED]))
        return response

    edge.peers.rules.Check.answer = owning_a_tv
    caller.assurance = assurance
    (removed,) = (await viewed(stub, explain=True)).removed
    assert (removed.offer_id, removed.text) == ("tv-1", said)
    assert not (await viewed(stub)).removed


async def test_an_ivr_is_answered_with_speech_and_keys_in_the_order_to_be_read_out(stub, caller):
    answer = await answered(stub)
    (menu,) = answer.placements
    assert [one.menu_key for one in menu.recommendations] == [1, 2]
    for one in menu.recommendations:
        root = ElementTree.fromstring(one.creative.ssml)
        assert root.tag == "{http://www.w3.org/2001/10/synthesis}speak"
        assert root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "en"


async def test_a_voice_is_told_the_language_of_what_it_reads_out(stub, edge, caller):
    object.__setattr__(edge.definitions, "own_language", "sv")
    for locale in ("", "de"):
        (menu,) = (await answered(stub, locale=locale)).placements
        assert all('xml:lang="sv"' in one.creative.ssml for one in menu.recommendations)


async def test_keys_are_counted_over_all_places_and_there_are_nine(stub, edge, caller):
    menu = edge.definitions.placements[MENU]
    edge.definitions.placements["ivr.more"] = replace(menu, name="ivr.more")
    more = [row(20 + at, f"more-{at}", OfferKind.CONTENT, f"More {at}") for at in range(12)]
    edge.catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=more))
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(*(each.offer_no for each in more))
    )
    places = [{"placement": MENU, "limit": 6}, {"placement": "ivr.more", "limit": 6}]
    request = RecommendRequest(identities=PHONE, channel=Channel.IVR, placements=places)
    pressed = [
        [each.menu_key for each in place.recommendations]
        for place in (await stub.Recommend(request)).placements
    ]
    assert pressed == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 0, 0]]


async def test_only_on_a_telephone_there_are_keys(stub, caller):
    request = RecommendRequest(
        identities=PHONE, channel=Channel.WEB, placements=[{"placement": "web.category"}]
    )
    (shown,) = (await stub.Recommend(request)).placements
    assert {each.menu_key for each in shown.recommendations} == {0}


async def test_an_ivr_is_told_where_the_call_should_go(stub, edge, caller):
    caller.traits.value_tier = "high"
    caller.locale = "de-AT"
    edge.peers.scenario.ListJourneys.answer = lambda _: ListJourneysResponse(
        journeys=[{"scenario": "abandoned_cart"}]
    )
    routing = (await answered(stub)).routing
    assert (routing.queue, routing.skill, routing.language) == ("sales", "Electronics", "de")
    assert routing.priority == 50
    assert list(routing.reasons) == ["JOURNEY", "VALUE_TIER"]
    caller.call.choice = "returns"
    assert (await answered(stub)).routing.queue == "returns"
    caller.complaint_open = True
    routing = (await answered(stub)).routing
    assert (routing.queue, routing.skill, routing.priority) == ("complaints", "complaints", 80)


async def test_a_call_is_routed_also_while_journeys_are_not_known(stub, edge, caller):
    edge.peers.scenario.ListJourneys.error = Unavailable("dead")
    caller.call.choice = "returns"
    answer = await answered(stub)
    assert answer.routing.queue == "returns"
    assert [(one.service, one.reason) for one in answer.degraded] == [("scenario", "UNAVAILABLE")]
    edge.peers.scenario.GetDue.error = DeadlineExceeded("late")
    answer = await answered(stub)
    assert [(one.service, one.reason) for one in answer.degraded] == [("scenario", "TIMEOUT")]


async def test_a_number_that_proves_nothing_is_routed_by_what_was_chosen_alone(stub, edge, caller):
    guessed = type(caller)(
        person_ids=caller.person_ids, assurance=Assurance.ANONYMOUS, is_guessed=True
    )
    guessed.call.choice = "orders"
    edge.peers.profile.GetSnapshot.answer = lambda _: GetSnapshotResponse(
        snapshot=guessed.SerializeToString(), person_ids=guessed.person_ids
    )
    routing = (await answered(stub)).routing
    assert (routing.queue, routing.priority) == ("orders", 20)
    assert edge.peers.scenario.ListJourneys.requests == []


async def test_only_an_ivr_is_told_where_a_call_should_go(stub, caller):
    request = RecommendRequest(
        identities=PHONE, channel=Channel.CALL_CENTER, placements=[{"placement": "agent.prompt"}]
    )
    assert not (await stub.Recommend(request)).HasField("routing")


async def test_in_a_store_the_view_is_that_of_whoever_serves_there(stub, edge, caller):
    view = await viewed(stub, channel=Channel.STORE)
    context = edge.peers.rules.Check.request.context
    assert context.channel == Channel.STORE
    assert [each.placement for each in context.placements] == [ASSOCIATE]
    assert view.next_best_actions


async def test_a_store_that_watches_is_sent_what_it_may_offer_there(stub, edge, caller):
    changes = edge.peers.profile.WatchProfile.messages
    request = WatchCustomerRequest(identities=PHONE, channel=Channel.STORE)
    updates = stub.WatchCustomer(request)
    await changes.put(WatchProfileResponse(seq=7))
    assert (await updates.read()).view.next_best_actions
    assert edge.peers.rules.Check.request.context.channel == Channel.STORE
    await changes.put(None)


@pytest.mark.parametrize("channel", [Channel.WEB, Channel.IVR, Channel.EMAIL, 99])
async def test_where_nobody_speaks_with_anybody_there_is_no_view(stub, channel):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await viewed(stub, channel=channel)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "channel" in caught.value.details()
