"""Candidates as the edge gets them, over a real server."""

from dataclasses import replace
from datetime import timedelta

import grpc
import numpy as np
import pytest

from services.retrieval.definitions import Definitions, Place
from services.retrieval.storage.in_memory import InMemoryCatalogue
from tests.grpc.retrieval.replicas import CANDIDATES, Retrieval, item, promotion
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk, Trial
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


async def test_while_nobody_knows_by_which_bundle_it_is_decided_what_either_shows_is_found(
    retrieval,
):
    await retrieval.offers(promotion("for-some", kind=OfferKind.CONTENT))
    trial = Trial(bundle_hash="tried", share=0.5, salt="salt")
    place = Place(frozenset({OfferKind.CONTENT}), Channel.WEB)
    retrieval.bundles.tried = Definitions({"web.home.banner": place}, np.zeros(0, np.uint32))
    _, found = await retrieve(retrieval, trial=trial)
    assert {"for-some", "tv", "for-all"} <= found.keys()
    _, without_trial = await retrieve(retrieval)
    _, known = await retrieve(retrieval, snapshot_of(retrieval), trial=trial)
    assert "for-some" not in without_trial.keys() | known.keys()


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
        "AS_ASKED_FOR": "",
        "GIFT": "",
        "GOES_WITH_CART": "",
        "INSTEAD_OF": "",
        "BUY_AGAIN": "",
        "IN_SESSION": "",
        "FOR_YOU": "",
        "ALSO_BOUGHT": "",
        "BOUGHT_NEXT": "",
        "PEOPLE_LIKE_YOU": "",
        "SIMILAR": "",
        "OFFER": "",
        "TRENDING": "",
        "POPULAR": "",
    }
    assert response.versions.catalogue_version == 2


async def test_a_request_keeps_within_categories_and_keeps_others_out(retrieval):
    async def left(**fence):
        return set((await retrieve(retrieval, snapshot_of(retrieval), **fence))[1])

    everything = {"milk", "big-tv", "dvd", "tv-sale", "for-all", "tv", "spade"}
    assert await left(within_categories=["Video"]) == everything - {"milk", "spade"}
    assert await left(within_categories=["Video > TV", "Garden"]) == {
        "big-tv",
        "tv",
        "spade",
        "for-all",
    }
    assert await left(without_categories=["Video > TV"]) == everything - {"tv", "big-tv"}
    fence = {"within_categories": ["Video"], "without_categories": ["Video > TV"]}
    assert await left(**fence) == {"dvd", "tv-sale", "for-all"}
    await retrieval.items(item("vcr", category="Video"), item("hoe", category="Garden"))
    assert await left(**fence) == {"dvd", "tv-sale", "for-all", "vcr"}
    assert await left(within_categories=["Nowhere"]) == {"for-all"}


@pytest.mark.parametrize(
    ("fence", "path"),
    [
        ({"within_categories": ["Video"] * 17}, "context.within_categories"),
        ({"without_categories": [""]}, "context.without_categories[0]"),
    ],
)
async def test_a_fence_that_means_nothing_is_refused_with_its_path(retrieval, fence, path):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await retrieve(retrieval, **fence)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert path in refused.value.details()


async def test_a_shop_without_anything_in_it_has_no_candidates_and_no_failure(in_memory_bus, clock):
    async with Retrieval(InMemoryCatalogue(), in_memory_bus, clock).serving() as empty:
        snapshot = PersonSnapshot(person_ids=["p"], persona="gardeners", age=30)
        snapshot.session.offer_nos.append(1)
        snapshot.session.last_offer_no = 1
        snapshot.session.last_us = empty.clock.now_us()
        request = ask(empty, snapshot, item_nos=[1], cart=[{"offer_no": 2, "quantity": 1}])
        request.context.attributes.update({"colour": "red", "price": "<= 20"})
        for is_gift in (False, True):
            if is_gift:
                request.context.recipient.interests.append("garden")
            answer = await empty.stub.Retrieve(request, timeout=5)
            assert not answer.candidates.offer_nos
            assert {each.failure for each in answer.sources} == {""}


IMPERSONAL = {"AS_ASKED_FOR", "GIFT", "OFFER", "TRENDING", "POPULAR"}
"""Sources that follow the moment and nobody."""


async def most_popular(retrieval, snapshot):
    _, found = await retrieve(retrieval, snapshot)
    return next(offer_id for offer_id, source in found.items() if source == Source.POPULAR)


async def test_popular_is_what_people_alike_buy_and_what_is_taken_here(retrieval):
    now_us = retrieval.clock.now_us()
    snapshot = PersonSnapshot(person_ids=["p"], persona="gardeners")
    assert await most_popular(retrieval, snapshot) != "spade"
    for _ in range(40):
        retrieval.crowds.note("p", "purchase", retrieval.no("spade"), "", now_us)
        retrieval.popularity.note(retrieval.no("milk"), "purchase", now_us)
    await retrieval.shelves.restack()
    await retrieval.crowd_lifts.look()
    assert await most_popular(retrieval, snapshot) == "spade"
    assert await most_popular(retrieval, PersonSnapshot(person_ids=["q"])) == "milk"
    for _ in range(40):
        retrieval.crowds.note("q", "accept", retrieval.no("dvd"), "web.home.banner", now_us)
    await retrieval.crowd_lifts.look()
    asked = pb.GetPopularRequest(bundle_hash="b", placements=["web.home.banner"])
    [banner] = (await retrieval.stub.GetPopular(asked, timeout=5)).lists
    assert retrieval.ids(banner.candidates)[0] == "dvd"


async def test_who_refused_profiling_is_counted_among_nobody_but_served_as_everybody(retrieval):
    now_us, spade = retrieval.clock.now_us(), retrieval.no("spade")
    gardener = {"person_ids": ["p"], "persona": "gardeners"}
    await retrieve(retrieval, PersonSnapshot(**gardener))
    refuses = PersonSnapshot(**gardener, refusals=["profiling"])
    await retrieve(retrieval, refuses)
    for _ in range(40):
        retrieval.crowds.note("p", "purchase", spade, "", now_us)
        retrieval.popularity.note(retrieval.no("milk"), "purchase", now_us)
    assert not retrieval.crowds.among
    await retrieve(retrieval, PersonSnapshot(person_ids=["q"], persona="gardeners"))
    for _ in range(40):
        retrieval.crowds.note("q", "purchase", spade, "", now_us)
    await retrieval.shelves.restack()
    await retrieval.crowd_lifts.look()
    assert await most_popular(retrieval, refuses) == "spade"


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_the_holdout_gets_nothing_personal(retrieval, arm):
    response, found = await retrieve(retrieval, snapshot_of(retrieval), arm=arm)
    assert set(found.values()) == {Source.POPULAR, Source.OFFER}
    assert "tv-sale" not in found
    assert {report.source for report in response.sources} == IMPERSONAL


async def test_nothing_is_sought_in_the_history_of_somebody_who_is_only_guessed(retrieval):
    guessed = snapshot_of(retrieval)
    guessed.is_guessed = True
    _, found = await retrieve(retrieval, guessed)
    _, of_nobody = await retrieve(retrieval)
    _, of_them = await retrieve(retrieval, snapshot_of(retrieval))
    assert found == of_nobody != of_them


async def test_a_gift_is_not_sought_in_the_givers_own_history(retrieval):
    recipient = {"relationship": "mother"}
    _, found = await retrieve(retrieval, snapshot_of(retrieval), recipient=recipient)
    assert set(found.values()) == {Source.POPULAR, Source.OFFER}
    view = {"recipient": recipient, "item_nos": [retrieval.no("tv")]}
    _, found = await retrieve(retrieval, snapshot_of(retrieval), **view)
    assert found["big-tv"] == Source.IN_SESSION


async def test_what_was_answered_to_a_question_about_items_counts_until_asked_otherwise(retrieval):
    await retrieval.items(
        item("pink-tv", attributes={"colour": "pink"}),
        item("red-tv", attributes={"colour": "red"}),
    )
    asked = replace(retrieval.bundles.definitions, asked={"likes_colour": "colour"})
    retrieval.bundles.definitions = asked
    snapshot = PersonSnapshot(person_ids=["p"], attributes={"likes_colour": "Red", "x": "pink"})
    _, found = await retrieve(retrieval, snapshot)
    assert [name for name in found if found[name] == Source.AS_ASKED_FOR] == ["red-tv"]
    _, found = await retrieve(retrieval, snapshot, attributes={"colour": "pink"})
    assert [name for name in found if found[name] == Source.AS_ASKED_FOR] == ["pink-tv"]
    _, found = await retrieve(retrieval, snapshot, recipient={"relationship": "friend"})
    assert Source.AS_ASKED_FOR not in found.values()


async def test_whoever_gives_the_same_is_proposed_for_the_same_recipient(retrieval):
    await retrieval.items(
        item("necklace", attributes={"gender": "female"}),
        item("cufflinks", attributes={"gender": "male"}),
        item("cookbook", category="Books > Cooking"),
        item("old-toy", category="Toys", attributes={"age": "3-6"}),
    )
    recipient = {"relationship": "mother", "age": 60, "interests": ["cooking"]}
    answers = [
        await retrieve(retrieval, snapshot, recipient=recipient)
        for snapshot in (None, snapshot_of(retrieval))
    ]
    (first, found), (second, _) = answers
    assert first.candidates == second.candidates
    gifts = {name for name, source in found.items() if source == Source.GIFT}
    assert gifts == {"necklace", "cookbook"}
    assert {"necklace", "tv"} < set(found)
    assert not {"cufflinks", "old-toy"} & set(found)


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


async def test_what_was_asked_for_is_found_by_its_attributes_for_visitors_too(retrieval):
    await retrieval.items(item("pink-tv", attributes={"colour": "pink", "inches": "40"}))
    attributes = {"colour": "Pink", "inches": {"most": 50}, "age": float("nan")}
    response, found = await retrieve(retrieval, attributes=attributes)
    assert found["pink-tv"] == Source.AS_ASKED_FOR
    at = retrieval.ids(response.candidates).index("pink-tv")
    evidence = response.candidates.evidence_counts[at], response.candidates.evidence_totals[at]
    assert evidence == (2, 2)
    attributes = {"colour": "Pink", "inches": {"least": 50}, "price": "< 200"}
    await retrieval.items(item("big-pink-tv", attributes={"colour": "pink"}))
    response, found = await retrieve(retrieval, attributes=attributes)
    at = retrieval.ids(response.candidates).index("big-pink-tv")
    assert response.candidates.evidence_texts[at] == "inches"
    assert "pink-tv" not in [name for name in found if found[name] == Source.AS_ASKED_FOR]


async def test_at_a_lower_quality_fewer_are_looked_for_and_enough_to_fill_the_places(retrieval):
    await retrieval.items(*(item(f"pot-{number}") for number in range(100)))

    async def found(quality, places=3):
        request = ask(
            retrieval, placements=[PlacementAsk(placement="web.home.banner", limit=places)]
        )
        request.limit, request.quality = 100, quality
        return len((await retrieval.stub.Retrieve(request, timeout=5)).candidates.offer_nos)

    assert await found(0.0) == await found(1.0) == 100
    assert await found(0.4) == 40
    assert await found(0.25, places=20) == 80


async def test_where_a_request_does_not_say_how_many_as_many_are_looked_for_as_is_set(retrieval):
    await retrieval.items(*(item(f"pot-{number}") for number in range(CANDIDATES + 20)))
    response = await retrieval.stub.Retrieve(ask(retrieval), timeout=5)
    assert len(response.candidates.offer_nos) == CANDIDATES


@pytest.mark.parametrize("quality", [-0.1, 1.1, float("nan")])
async def test_a_quality_that_means_nothing_is_refused(retrieval, quality):
    request = ask(retrieval)
    request.quality = quality
    with pytest.raises(grpc.aio.AioRpcError, match="quality") as refused:
        await retrieval.stub.Retrieve(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
