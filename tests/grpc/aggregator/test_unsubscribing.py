"""A link in a message ends what it says, at once, and nobody makes one up."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest

from services.aggregator.pages import CLICKS, sample_pages
from shared.unsubscribing import VALID_US, Subscription
from tests.unit.aggregator.edge import PERSON, known_person
from touchpoint.aggregator.v1.aggregator_service_pb2 import DESCRIPTOR, UnsubscribeRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

MARKETING = Subscription(PERSON, Channel.EMAIL, "marketing")


def link(edge, subscription=MARKETING):
    token = edge.identification.links.token(subscription, edge.clock.now_us())
    return UnsubscribeRequest(token=token)


async def test_the_consent_that_it_is_about_is_withdrawn(edge, stub):
    answer = await stub.Unsubscribe(link(edge))
    assert (answer.channel, answer.purpose, answer.already) == (Channel.EMAIL, "marketing", False)
    recorded = edge.peers.profile.RecordEvents.request
    (event,), (key,) = recorded.events, recorded.keys
    assert (event.type, key.person_id, len(event.identities)) == ("consent", PERSON, 0)
    assert dict(event.attributes) == {
        "granted": "false",
        "purpose": "marketing",
        "channel": "EMAIL",
        "source": "link in a message",
    }


@pytest.mark.parametrize("refused", ["marketing", "marketing:EMAIL"])
async def test_followed_again_it_changes_nothing(edge, stub, refused):
    edge.peers.profile.GetSnapshot.answer = lambda asked: known_person(asked, refusals=[refused])
    assert (await stub.Unsubscribe(link(edge))).already
    assert not edge.peers.profile.RecordEvents.requests


async def test_what_was_refused_on_another_channel_is_not_refused_here(edge, stub):
    said = ["marketing:SMS"]
    edge.peers.profile.GetSnapshot.answer = lambda asked: known_person(asked, refusals=said)
    assert not (await stub.Unsubscribe(link(edge))).already


async def test_somebody_who_was_forgotten_is_told_the_same(edge, stub):
    edge.peers.profile.GetSnapshot.answer = lambda _: profile_pb.GetSnapshotResponse()
    assert (await stub.Unsubscribe(link(edge))).already
    assert not edge.peers.profile.RecordEvents.requests


async def test_a_token_that_was_not_made_here_is_refused_and_says_so(edge, stub):
    for token in ("", "x", link(edge).token[:-3] + "AAA", "t" * 600):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Unsubscribe(UnsubscribeRequest(token=token))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "token" in refused.value.details()
    assert not edge.peers.profile.GetSnapshot.requests


async def test_a_link_of_long_ago_is_refused_with_what_to_do(edge, stub):
    old = link(edge)
    edge.clock.advance(timedelta(microseconds=2 * VALID_US))
    with pytest.raises(grpc.aio.AioRpcError, match="unsubscribe with a newer message") as refused:
        await stub.Unsubscribe(old)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_what_could_not_be_kept_is_not_said_to_be_done(edge, stub):
    rejected = profile_pb.RecordEventsResponse(rejected=[{"index": 0, "code": "ERASED"}])
    edge.peers.profile.RecordEvents.answer = lambda _: rejected
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.Unsubscribe(link(edge))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_the_address_of_a_link_shows_a_page_and_takes_a_click():
    (method,) = (each for each in CLICKS.values())
    name = method.rpartition("/")[2]
    assert name in DESCRIPTOR.services_by_name["AggregatorService"].methods_by_name
    pages = sample_pages()
    assert all(path in pages for path in CLICKS)
    assert b'src="/unsubscribe.js"' in pages["/unsubscribe"].body
