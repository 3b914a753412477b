"""A key that stands in a page speaks only for its own visitor, and is told nothing of anybody."""

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.aggregator.browsers import NOT_A_SHOPPERS, SHOWN, shown_to_browsers
from services.aggregator.visitor_caps import VisitorCaps
from shared.call import Caller
from shared.callers.visitors import VisitorIds
from shared.client import from_rpc_error
from shared.clock import to_us
from shared.errors import DeadlineExceeded, Overloaded, PermissionDenied, Unavailable
from tests.grpc.aggregator.callers import as_caller, guarded
from tests.unit.aggregator.edge import BANNER, PC_1, PROMPT, TV, Ticking, candidates, with_evidence
from tests.unit.callers.signing import NOW_S, claims, signed
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb

CUSTOMER = {"kind": "customer", "value": "C1"}


@pytest.fixture
async def page(edge):
    async with guarded(edge) as channel:
        yield AggregatorServiceStub(channel)


def visitor(edge):
    return {"kind": "visitor", "value": edge.identification.visitors.issue()}


async def recommended(page, *identities, customer="", **asked):
    told = {"channel": Channel.WEB, "placements": [{"placement": BANNER}]} | asked
    request = pb.RecommendRequest(identities=identities, **told)
    return await page.Recommend(request, timeout=1.0, metadata=as_caller("page", customer))


async def refused(page, *identities, customer="", **asked):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await recommended(page, *identities, customer=customer, **asked)
    return caught.value.code(), from_rpc_error(caught.value).reason


async def test_a_browser_without_a_visitor_is_issued_one_and_speaks_for_it(page, edge):
    issued = await page.NewVisitor(pb.NewVisitorRequest(), metadata=as_caller("page"))
    own = {"kind": "visitor", "value": issued.visitor_id}
    answer = await recommended(page, own)
    assert answer.placements[0].recommendations
    (asked,) = edge.peers.profile.GetSnapshot.request.identities
    # Known by its id alone, so that a backend that names it without the signature means the same.
    assert issued.visitor_id.startswith(f"{asked.value}.")


@pytest.mark.parametrize(
    "foreign",
    [
        {"kind": "visitor", "value": "v-1"},
        {"kind": "visitor", "value": "tpv_AAAAAAAAAAAAAAAAAAAAAA"},
        {"kind": "visitor", "value": "tpv_AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"},
        {"kind": "visitor", "value": VisitorIds(b"o" * 32).issue()},
        CUSTOMER,
        {"kind": "email", "value": "ada@shop.example"},
        {"kind": "phone", "value": "+14155550101"},
        {"kind": "loyalty_card", "value": "4711"},
        {"kind": "passport", "value": "4711"},
    ],
)
async def test_a_browser_speaks_for_nobody_that_it_did_not_prove_to_be(page, edge, foreign):
    refusal = (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOURS")
    assert await refused(page, foreign) == refusal
    assert await refused(page, visitor(edge), foreign) == refusal
    assert not edge.peers.profile.GetSnapshot.requests


async def test_a_customer_is_proved_by_a_token_of_the_shops(page, edge):
    answer = await recommended(page, visitor(edge), CUSTOMER, customer=signed(claims(sub="C1")))
    assert answer.placements[0].recommendations


async def test_a_token_proves_its_own_customer_only(page):
    code, reason = await refused(page, CUSTOMER, customer=signed(claims(sub="C2")))
    assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOURS")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (signed(claims(iat=NOW_S - 900, exp=NOW_S - 60)), "TOKEN_EXPIRED"),
        (signed(claims(), private=ed25519.Ed25519PrivateKey.generate()), "TOKEN_INVALID"),
        (signed(claims(iss="https://login.example")), "TOKEN_INVALID"),
        ("C1", "TOKEN_INVALID"),
    ],
)
async def test_an_expired_or_re_signed_token_proves_nobody(page, token, reason):
    found = await refused(page, CUSTOMER, customer=token)
    assert found == (grpc.StatusCode.UNAUTHENTICATED, reason)


async def test_a_token_of_a_customer_is_no_key(edge, page):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await page.NewVisitor(pb.NewVisitorRequest(), metadata=as_caller(signed(claims())))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("asked", [{"explain": True}, {"on_behalf": {"person_id": "p"}}])
async def test_what_is_the_staffs_is_refused(page, edge, asked):
    code, reason = await refused(page, visitor(edge), **asked)
    assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_FOR_BROWSERS")


def event(edge, at, **facts):
    made = Event(
        event_id=f"e-{at}", **({"type": "view", "channel": Channel.WEB, "item_id": "pc-1"} | facts)
    )
    made.time.FromMicroseconds(to_us(edge.clock.now()))
    return made


async def test_of_what_a_browser_tells_its_own_is_recorded_and_the_rest_refused(page, edge):
    own = visitor(edge)
    events = [
        event(edge, 0, identities=[own]),
        event(edge, 1, identities=[{"kind": "visitor", "value": "v-2"}]),
        event(edge, 2, identities=[own, CUSTOMER], type="login"),
        event(edge, 3, identities=[own], channel=Channel.IVR),
        event(edge, 4, identities=[own], channel=0),
        event(edge, 5, identities=[own], type="purchase"),
    ]
    answer = await page.Track(pb.TrackRequest(events=events), metadata=as_caller("page"))
    assert answer.accepted == 2
    assert [(each.index, each.code) for each in answer.rejected] == [
        (1, "NOT_ALLOWED"),
        (2, "NOT_ALLOWED"),
        (3, "NOT_ALLOWED"),
        (4, "NOT_ALLOWED"),
    ]
    recorded = edge.peers.profile.RecordEvents.request
    assert [each.event_id for each in recorded.events] == ["e-0", "e-5"]


@pytest.mark.parametrize("name", ["web.hoem", PROMPT])
async def test_a_browser_is_told_of_no_placement_that_it_did_not_name(page, edge, name):
    asked = {"channel": Channel.WEB, "placements": [{"placement": name}]}
    request = pb.RecommendRequest(identities=[visitor(edge)], **asked)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await page.Recommend(request, timeout=5.0, metadata=as_caller("page"))
    (wrong,) = from_rpc_error(caught.value).violations
    assert (wrong.field, wrong.description) == (
        "placements[0].placement",
        "is no placement of this channel",
    )
    with pytest.raises(grpc.aio.AioRpcError, match=BANNER if name != PROMPT else "CALL_CENTER"):
        await page.Recommend(request, timeout=5.0, metadata=as_caller("everything"))


@pytest.mark.parametrize("channel", [Channel.WEB, 0])
@pytest.mark.parametrize("name", ["web.hoem", PROMPT])
async def test_naming_a_placement_twice_tells_a_browser_no_more_of_it(page, edge, name, channel):
    asked = {"channel": channel, "placements": [{"placement": name}] * 2}
    request = pb.RecommendRequest(identities=[visitor(edge)], **asked)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await page.Recommend(request, timeout=5.0, metadata=as_caller("page"))
    wrong = from_rpc_error(caught.value).violations
    assert [each.description for each in wrong if each.field.startswith("placements")] == [
        "is no placement of this channel",
        "is no placement of this channel",
    ]


async def test_a_placement_that_a_browser_may_fill_is_named_when_it_is_asked_for_twice(page, edge):
    asked = {"channel": Channel.WEB, "placements": [{"placement": BANNER}] * 2}
    request = pb.RecommendRequest(identities=[visitor(edge)], **asked)
    with pytest.raises(grpc.aio.AioRpcError, match="asked for twice"):
        await page.Recommend(request, timeout=5.0, metadata=as_caller("page"))


async def told(page, edge, *events, by="page", customer=""):
    edge.peers.profile.RecordEvents.requests.clear()
    metadata = as_caller(by, customer)
    await page.Track(pb.TrackRequest(events=events), metadata=metadata, timeout=5.0)
    return [keys.owner_key for keys in edge.peers.profile.RecordEvents.request.keys]


async def test_the_ids_of_events_belong_to_the_visitor_whom_a_browser_tells_them_of(page, edge):
    ann, bob = visitor(edge), visitor(edge)
    token = signed(claims(sub="C1"))
    events = [
        event(edge, 0, identities=[ann]),
        event(edge, 0, identities=[bob]),
        event(edge, 1, identities=[CUSTOMER, ann], type="login"),
        event(edge, 2, identities=[CUSTOMER]),
    ]
    anns, bobs, logged_in, customers = await told(page, edge, *events, customer=token)
    assert len({anns, bobs, customers}) == 3
    assert logged_in == anns
    assert all(len(owner) == 32 for owner in (anns, bobs, customers))


async def test_the_ids_of_events_that_a_backend_tells_are_its_own(page, edge):
    (owner,) = await told(page, edge, event(edge, 0, identities=[CUSTOMER]), by="shop")
    assert owner == b""


def capped(edge, **per_minute):
    """Let visitors do so much a minute, of a clock that stands still."""
    edge.ticking = Ticking()
    edge.caps = VisitorCaps(**per_minute, monotonic=edge.ticking)
    return guarded(edge)


async def too_fast(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    error = from_rpc_error(caught.value)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.reason == "VISITOR_TOO_FAST"
    return error.retry_after_s


async def test_a_visitor_who_asks_too_much_is_refused_for_a_while_and_others_are_not(edge):
    async with capped(edge, requests_per_minute=3) as channel:
        page, own = AggregatorServiceStub(channel), visitor(edge)
        for _ in range(3):
            await recommended(page, own)
        retry_s = await too_fast(recommended(page, own))
        assert 0.0 < retry_s <= 20.0
        await recommended(page, visitor(edge))
        edge.ticking.now += retry_s
        await recommended(page, own)
        await too_fast(recommended(page, own))


async def test_a_customer_written_in_another_way_is_charged_as_the_same(edge):
    async with capped(edge, requests_per_minute=3) as channel:
        page, token = AggregatorServiceStub(channel), signed(claims(sub="Ren\u00e9"))
        for written in ("Ren\u00e9", " Ren\u00e9 ", "Rene\u0301"):
            await recommended(page, CUSTOMER | {"value": written}, customer=token)
        await too_fast(recommended(page, CUSTOMER | {"value": "Ren\u00e9  "}, customer=token))
        asked = pb.NextQuestionRequest(
            identities=[CUSTOMER | {"value": "  Ren\u00e9"}], channel=Channel.WEB
        )
        await too_fast(page.NextQuestion(asked, metadata=as_caller("page", token), timeout=5.0))


async def test_a_visitor_who_tells_too_much_is_refused_and_nothing_of_it_is_recorded(edge):
    async with capped(edge, events_per_minute=4) as channel:
        page, own = AggregatorServiceStub(channel), visitor(edge)
        await told(page, edge, *(event(edge, at, identities=[own]) for at in range(3)))
        two = [event(edge, at, identities=[own]) for at in range(3, 5)]
        other = event(edge, 9, identities=[visitor(edge)])
        assert await too_fast(told(page, edge, *two, other)) == pytest.approx(15.0, abs=0.1)
        assert not edge.peers.profile.RecordEvents.requests
        await told(page, edge, two[0], other)


@pytest.mark.parametrize("error", [Unavailable("away"), Overloaded("busy", retry_after_s=1.0)])
async def test_what_could_not_be_recorded_is_told_again_for_nothing(edge, error):
    async with capped(edge, events_per_minute=2) as channel:
        page, own = AggregatorServiceStub(channel), visitor(edge)
        profile, events = edge.peers.profile, [event(edge, at, identities=[own]) for at in range(2)]
        profile.RecordEvents.error = error
        for _ in range(3):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await told(page, edge, *events)
            assert from_rpc_error(caught.value).reason != "VISITOR_TOO_FAST"
        profile.RecordEvents.error = None
        await told(page, edge, *events)
        await too_fast(told(page, edge, events[0]))


def test_what_came_too_late_was_perhaps_recorded_and_is_given_back_only_if_we_were_slow():
    ticking = Ticking()
    caps = VisitorCaps(events_per_minute=1, monotonic=ticking)
    page = Caller("page", is_browser=True)

    def tell_for(seconds):
        with caps.telling(page, [b"own"]):
            ticking.now += seconds
            raise DeadlineExceeded("late")

    for seconds in (10.0, 0.01):
        with pytest.raises(DeadlineExceeded):
            tell_for(seconds)
    with pytest.raises(Overloaded, match="more than one may"):
        tell_for(0.01)


async def test_a_batch_of_more_than_a_minutes_worth_is_taken_when_nothing_is_owed(edge):
    async with capped(edge, events_per_minute=4) as channel:
        page, own = AggregatorServiceStub(channel), visitor(edge)
        batch = [event(edge, at, identities=[own]) for at in range(8)]
        assert len(await told(page, edge, *batch)) == 8
        edge.ticking.now += 119.0
        assert await too_fast(told(page, edge, *batch)) == pytest.approx(1.0, abs=0.1)


async def test_what_a_backend_asks_and_tells_is_not_counted_by_visitor(edge):
    async with capped(edge, requests_per_minute=1, events_per_minute=1) as channel:
        shop, own = AggregatorServiceStub(channel), visitor(edge)
        for at in range(3):
            await told(shop, edge, event(edge, at, identities=[own]), by="shop")
            request = pb.RecommendRequest(
                identities=[own], channel=Channel.WEB, placements=[{"placement": BANNER}]
            )
            await shop.Recommend(request, metadata=as_caller("shop"), timeout=5.0)


@pytest.mark.parametrize("kind", sorted(NOT_A_SHOPPERS))
async def test_what_staff_and_systems_tell_is_not_told_by_browsers(page, edge, kind):
    told = event(edge, 0, identities=[visitor(edge)], type=kind)
    answer = await page.Track(pb.TrackRequest(events=[told]), metadata=as_caller("page"))
    assert [each.code for each in answer.rejected] == ["NOT_ALLOWED"]


async def test_a_browser_complains_and_does_not_say_that_it_is_settled(page, edge):
    own = {"identities": [visitor(edge)], "type": "complaint"}
    events = [
        event(edge, 0, **own, attributes={"text": "broken"}),
        event(edge, 1, **own, attributes={"status": "resolved"}),
        event(edge, 2, **own, attributes={"resolved": "yes"}),
    ]
    answer = await page.Track(pb.TrackRequest(events=events), metadata=as_caller("page"))
    assert [(each.index, each.code) for each in answer.rejected] == [
        (1, "NOT_ALLOWED"),
        (2, "NOT_ALLOWED"),
    ]


async def test_a_login_that_a_token_proves_links_the_visitor(page, edge):
    told = event(edge, 0, identities=[visitor(edge), CUSTOMER], type="login")
    metadata = as_caller("page", signed(claims(sub="C1")))
    answer = await page.Track(pb.TrackRequest(events=[told]), metadata=metadata)
    assert answer.accepted == 1
    assert edge.peers.profile.RecordEvents.request.may_link


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(Source.Value.values()), min_size=6, max_size=6))
def test_no_answer_to_a_page_tells_more_than_the_page_knows(edge, sources):
    import asyncio

    asyncio.run(_asked(edge, sources))


async def _asked(edge, sources):
    found = with_evidence(candidates(*range(1, 7)))
    found.sources[:] = sources
    edge.peers.retrieval.Retrieve.answer = lambda _: retrieval_pb.RetrieveResponse(candidates=found)
    async with guarded(edge) as channel:
        page = AggregatorServiceStub(channel)
        asked = {"placements": [{"placement": BANNER, "limit": 6}]}
        blind = await recommended(page, visitor(edge), **asked)
        shown = {"context": {"item_ids": ["tv-1"]}}
        seeing = await recommended(page, visitor(edge), **asked, **shown)
    for answer in (blind, seeing):
        assert {field.name for field, _ in answer.ListFields()} <= SHOWN[pb.RecommendResponse]
    for one in blind.placements[0].recommendations:
        assert not one.acceptance_probability
        (reason,) = one.reasons
        # Every candidate was proposed because of the television, of which this page knows nothing.
        assert "Vista 50" not in reason.text
        assert "bought this" not in reason.text
        assert reason.code not in {Source.BUY_AGAIN, Source.JOURNEY, Source.PEOPLE_LIKE_YOU}
    told = {one.offer_id: one.reasons[0] for one in seeing.placements[0].recommendations}
    for no, source in zip(found.offer_nos, sources, strict=True):
        reason = told.get({PC_1: "pc-1", TV: "tv-1"}.get(no, ""))
        if reason is not None and source == Source.SIMILAR:
            assert "Vista 50" in reason.text


def test_every_field_of_an_answer_is_shown_or_left_behind_and_never_a_persons():
    told = pb.RecommendResponse(
        decision_id="d",
        arm=1,
        notes=["identities[1] is somebody else"],
        bundle_hash="b",
        placements=[
            {
                "placement": BANNER,
                "recommendations": [
                    {
                        "offer_id": "pc-1",
                        "kind": OfferKind.PRODUCT,
                        "acceptance_probability": 0.9,
                        "score": 3.0,
                        "contributions": [{"name": "x", "value": 1.0}],
                        "creative": {"title": "A"},
                    }
                ],
            }
        ],
        removed=[{"offer_id": "tv-1", "text": "You have one of these at home."}],
    )
    expected = pb.RecommendResponse(
        decision_id="d",
        placements=[
            {
                "placement": BANNER,
                "recommendations": [
                    {"offer_id": "pc-1", "kind": OfferKind.PRODUCT, "creative": {"title": "A"}}
                ],
            }
        ],
    )
    assert shown_to_browsers(told) == expected


def test_what_is_not_meant_for_browsers_is_not_answered_to_them():
    with pytest.raises(PermissionDenied):
        shown_to_browsers(pb.GetCustomerViewResponse())


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: kind.DESCRIPTOR.name)
def test_what_is_shown_of_a_message_is_there(kind):
    assert SHOWN[kind] <= set(kind.DESCRIPTOR.fields_by_name)
