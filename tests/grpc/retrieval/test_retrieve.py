"""Candidates as the edge gets them, over a real server."""

from datetime import timedelta

import grpc
import pytest

from services.retrieval.storage.in_memory import InMemoryCatalogue
from tests.grpc.retrieval.replicas import Retrieval, item, promotion
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind, Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb

DAY_MINUTES = 1440


@pytest.fixture
async def retrieval(in_memory_bus, clock):
    async with Retrieval(InMemoryCatalogue(), in_memory_bus, clock).serving() as opened:
        await opened.items(
            item("milk", category="Food"),
            item("tv", category="Video > TV", price=500),
            item("big-tv", category="Video > TV", price=600),
            item("dvd", category="Video", price=10),
            item("spade", category="Garden", price=20),
        )
        await opened.offers(
            promotion("tv-sale", about_categories=["Video"]),
            promotion("for-all"),
            promotion("call-me", kind=OfferKind.SERVICE, channels=[Channel.IVR]),
        )
        yield opened


def snapshot_of(retrieval):
    """Somebody who buys milk every week, last nine days ago, and was just looking at a TV."""
    now_us = retrieval.clock.now_us()
    snapshot = PersonSnapshot(person_ids=["p"], as_of_us=now_us)
    snapshot.owned.family_nos.append(retrieval.no("milk"))
    snapshot.owned.last_minutes.append(now_us // 60_000_000 - 9 * DAY_MINUTES)
    snapshot.owned.times.append(6)
    snapshot.owned.cycle_days.append(7.0)
    snapshot.session.category = "Video > TV"
    snapshot.session.last_offer_no = retrieval.no("tv")
    snapshot.session.offer_nos.append(retrieval.no("tv"))
    snapshot.session.last_us = now_us - 60_000_000
    return snapshot


def ask(retrieval, snapshot=None, **context):
    fields = {
        "bundle_hash": "b",
        "now_us": retrieval.clock.now_us(),
        "channel": Channel.WEB,
        "placements": [PlacementAsk(placement="web.home.banner", limit=3)],
        "arm": Arm.PERSONALISED,
        **context,
    }
    return pb.RetrieveRequest(
        context=DecisionContext(**fields),
        snapshot=snapshot.SerializeToString() if snapshot else b"",
    )


async def retrieve(retrieval, *args, **context):
    response = await retrieval.stub.Retrieve(ask(retrieval, *args, **context), timeout=5)
    found = zip(retrieval.ids(response.candidates), response.candidates.sources, strict=True)
    return response, dict(found)


async def test_each_candidate_says_where_it_comes_from_and_why(retrieval):
    response, found = await retrieve(retrieval, snapshot_of(retrieval))
    assert found == {
        "milk": Source.BUY_AGAIN,
        "big-tv": Source.IN_SESSION,
        "dvd": Source.IN_SESSION,
        "tv-sale": Source.OFFER,
        "for-all": Source.OFFER,
        "tv": Source.POPULAR,
        "spade": Source.POPULAR,
    }
    candidates = response.candidates
    at = {name: place for place, name in enumerate(retrieval.ids(candidates))}
    assert candidates.evidence_counts[at["milk"]] == 6
    assert candidates.evidence_nos[at["big-tv"]] == retrieval.no("tv")
    assert {len(column) for _, column in candidates.ListFields()} == {7}
    assert {report.source: report.failure for report in response.sources} == {
        "BUY_AGAIN": "",
        "IN_SESSION": "",
        "FOR_YOU": "",
        "ALSO_BOUGHT": "",
        "PEOPLE_LIKE_YOU": "",
        "SIMILAR": "",
        "OFFER": "",
        "POPULAR": "",
    }
    assert response.versions.catalogue_version == 2


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_the_holdout_gets_nothing_personal(retrieval, arm):
    response, found = await retrieve(retrieval, snapshot_of(retrieval), arm=arm)
    assert set(found.values()) == {Source.POPULAR, Source.OFFER}
    assert "tv-sale" not in found
    assert {report.source for report in response.sources} == {"POPULAR", "OFFER"}


async def test_a_gift_is_not_sought_in_the_givers_own_history(retrieval):
    recipient = {"relationship": "mother"}
    _, found = await retrieve(retrieval, snapshot_of(retrieval), recipient=recipient)
    assert set(found.values()) == {Source.POPULAR, Source.OFFER}
    view = {"recipient": recipient, "item_nos": [retrieval.no("tv")]}
    _, found = await retrieve(retrieval, snapshot_of(retrieval), **view)
    assert found["big-tv"] == Source.IN_SESSION


async def test_a_gift_costs_no_more_than_was_said(retrieval):
    recipient = {"max_price": {"amount": "100", "currency": "USD"}}
    _, found = await retrieve(retrieval, recipient=recipient)
    assert set(found) == {"milk", "dvd", "spade", "for-all"}
    with pytest.raises(grpc.aio.AioRpcError, match=r"recipient\.max_price"):
        await retrieve(retrieval, recipient={"max_price": {"amount": "cheap"}})


async def test_a_gift_is_nothing_that_its_recipient_is_too_young_for(retrieval):
    await retrieval.items(item("thriller", attributes={"min_age": "16"}))
    for age, is_proposed in ((15, False), (16, True), (0, True)):
        _, found = await retrieve(retrieval, recipient={"age": age})
        assert ("thriller" in found) is is_proposed


async def test_nobody_known_gets_what_is_popular_and_near_the_moment(retrieval):
    _, found = await retrieve(retrieval, attributes={"category": "Garden"})
    assert found["spade"] == Source.IN_SESSION
    assert "tv-sale" not in found
    line = [{"offer_no": retrieval.no("tv"), "quantity": 1}]
    _, found = await retrieve(retrieval, cart=line)
    assert found["tv-sale"] == Source.OFFER


async def test_a_visit_of_this_morning_is_over(retrieval):
    snapshot = snapshot_of(retrieval)
    retrieval.clock.advance(timedelta(hours=3))
    _, found = await retrieve(retrieval, snapshot)
    assert Source.IN_SESSION not in found.values()


async def test_the_cart_that_was_tracked_counts_where_the_caller_sends_none(retrieval):
    snapshot = snapshot_of(retrieval)
    snapshot.ClearField("session")
    _, without = await retrieve(retrieval, snapshot)
    snapshot.cart.offer_nos.append(retrieval.no("tv"))
    _, found = await retrieve(retrieval, snapshot)
    assert ("tv-sale" in without, "tv-sale" in found) == (False, True)
    other = [{"offer_no": retrieval.no("milk"), "quantity": 1}]
    _, found = await retrieve(retrieval, snapshot, cart=other)
    assert "tv-sale" not in found


async def test_kinds_are_those_of_the_placements_asked_for(retrieval):
    asks = [PlacementAsk(placement="ivr.menu", limit=1)]
    _, found = await retrieve(retrieval, placements=asks, channel=Channel.IVR)
    assert found == {"call-me": Source.OFFER}


async def test_numbers_this_replica_does_not_know_do_no_harm(retrieval):
    snapshot = snapshot_of(retrieval)
    snapshot.session.offer_nos.insert(0, 99_999)
    snapshot.session.last_offer_no = 99_998
    snapshot.owned.family_nos[0] = 99_997
    line = [{"offer_no": 0, "quantity": 1}, {"offer_no": 99_996, "quantity": 1}]
    _, found = await retrieve(retrieval, snapshot, item_nos=[99_995], cart=line)
    assert found["big-tv"] == Source.IN_SESSION


async def test_the_limit_is_kept(retrieval):
    request = ask(retrieval)
    request.limit = 2
    response = await retrieval.stub.Retrieve(request, timeout=5)
    assert len(response.candidates.offer_nos) == 2


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"bundle_hash": "other"}, "UNAVAILABLE", "not loaded"),
        ({"placements": []}, "INVALID_ARGUMENT", "context.placements"),
        ({"placements": [PlacementAsk(placement="no.such")]}, "INVALID_ARGUMENT", "not defined"),
        ({"channel": 77}, "INVALID_ARGUMENT", "context.channel"),
        ({"item_nos": range(1, 102)}, "INVALID_ARGUMENT", "context.item_nos"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_its_reason(retrieval, change, code, told):
    with pytest.raises(grpc.aio.AioRpcError, match=told) as refused:
        await retrieve(retrieval, **change)
    assert refused.value.code().name == code


async def test_a_broken_snapshot_is_refused(retrieval):
    request = ask(retrieval)
    request.snapshot = b"\xff\xff"
    with pytest.raises(grpc.aio.AioRpcError, match="snapshot"):
        await retrieval.stub.Retrieve(request, timeout=5)


async def test_what_is_popular_is_told_per_placement(retrieval):
    response = await retrieval.stub.GetPopular(pb.GetPopularRequest(bundle_hash="b"), timeout=5)
    lists = {each.placement: retrieval.ids(each.candidates) for each in response.lists}
    assert lists["ivr.menu"] == ["call-me"]
    assert set(lists["web.home.banner"]) == {"milk", "tv", "big-tv", "dvd", "spade", "for-all"}
    asked = pb.GetPopularRequest(bundle_hash="b", placements=["web.home.banner"], limit=2)
    [only] = (await retrieval.stub.GetPopular(asked, timeout=5)).lists
    assert len(only.candidates.offer_nos) == 2


async def test_an_unknown_placement_has_no_popular_list(retrieval):
    asked = pb.GetPopularRequest(bundle_hash="b", placements=["ivr.menu", "no.such"])
    with pytest.raises(grpc.aio.AioRpcError, match=r"placements\[1\]"):
        await retrieval.stub.GetPopular(asked, timeout=5)


async def test_erasing_a_person_leaves_nothing_remembered_of_them(retrieval):
    retrieval.seen.is_new("ada", 7)
    answer = await retrieval.stub.ErasePerson(pb.ErasePersonRequest(person_ids=["ada"]), timeout=5)
    assert answer.rows == 0
    assert retrieval.seen.is_new("ada", 1)
