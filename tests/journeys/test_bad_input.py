"""Bad input is refused with the path of its field, and nothing of it is stored."""

import asyncio
import http.client
import json
import uuid
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from tests.journeys.channels import identities
from tests.journeys.modes import APART_AND_TOGETHER
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem, Context, PlacementRequest
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel

pytestmark = APART_AND_TOGETHER

RECOMMEND = "/touchpoint.aggregator.v1.AggregatorService/Recommend"


def recommend(**changes):
    asked = {
        "identities": [Identity(kind="customer", value="c-1")],
        "channel": Channel.WEB,
        "placements": [PlacementRequest(placement="web.home.banner")],
    }
    return pb.RecommendRequest(**asked | changes)


BAD_RECOMMENDS = {
    "identities": recommend(identities=[]),
    "identities[0].kind": recommend(identities=[Identity(kind="shoe_size", value="42")]),
    "identities[0].value": recommend(identities=[Identity(kind="customer", value="")]),
    "channel": recommend(channel=Channel.UNSPECIFIED),
    "placements": recommend(placements=[]),
    "placements[0].placement": recommend(placements=[PlacementRequest(placement="web.moon")]),
    "placements[0].limit": recommend(
        placements=[PlacementRequest(placement="web.home.banner", limit=5000)]
    ),
    "context.cart[0].quantity": recommend(
        context=Context(cart=[CartItem(item_id="tv-1", quantity=-1)])
    ),
    "context.cart[0].price.amount": recommend(
        context=Context(cart=[CartItem(item_id="tv-1", price=Money(amount="a lot"))])
    ),
}


@pytest.mark.parametrize("path", BAD_RECOMMENDS)
async def test_a_bad_question_is_refused_with_the_path_of_its_field(channels, path):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channels.edge.Recommend(BAD_RECOMMENDS[path], timeout=1)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert path in refused.value.details()


def event(person, **changes):
    made = Event(
        event_id=changes.pop("event_id", str(uuid.uuid4())),
        type=changes.pop("type", "view"),
        identities=identities(person),
        channel=Channel.WEB,
    )
    made.time.FromDatetime(changes.pop("time", datetime.now(UTC)))
    made.MergeFrom(Event(**changes))
    return made


BAD_EVENTS = {
    "event_id": {"event_id": ""},
    "type": {"type": ""},
    "quantity": {"quantity": -2},
    "time": {"time": datetime.now(UTC) + timedelta(days=400)},
    "value.amount": {"value": Money(amount="12,50", currency="USD")},
    "value.currency": {"value": Money(amount="12.50", currency="Dollars")},
    "duration_s": {"duration_s": -1},
    "identities[4].kind": {"identities": [Identity(kind="shoe_size", value="42")]},
}


@pytest.mark.parametrize("path", BAD_EVENTS)
async def test_a_bad_event_is_rejected_by_itself_and_leaves_no_trace(channels, somebody, path):
    ada = somebody("ada")
    request = pb.TrackRequest(events=[event(ada, **BAD_EVENTS[path]), event(ada, item_id="tv-2")])
    answer = await channels.edge.Track(request, timeout=5)
    assert (answer.accepted, [refused.index for refused in answer.rejected]) == (1, [0])
    assert path in answer.rejected[0].message
    assert [seen.item_id for seen in (await channels.view(ada)).recent] == ["tv-2"]


async def test_the_same_event_twice_counts_once(channels, somebody):
    ada = somebody("ada")
    request = pb.TrackRequest(events=[event(ada, item_id="tv-2")])
    assert (await channels.edge.Track(request, timeout=5)).accepted == 1
    assert (await channels.edge.Track(request, timeout=5)).duplicates == 1
    assert len((await channels.view(ada)).recent) == 1


async def test_the_same_id_with_other_content_is_rejected_and_the_first_stands(channels, somebody):
    ada = somebody("ada")
    first = event(ada, item_id="tv-2")
    other = event(ada, item_id="tv-1", event_id=first.event_id)
    await channels.edge.Track(pb.TrackRequest(events=[first]), timeout=5)
    answer = await channels.edge.Track(pb.TrackRequest(events=[other]), timeout=5)
    assert [refused.code for refused in answer.rejected] == ["CONTENT_DIFFERS"]
    assert [seen.item_id for seen in (await channels.view(ada)).recent] == ["tv-2"]


async def test_too_many_events_at_once_are_refused_whole(channels, somebody):
    ada = somebody("ada")
    request = pb.TrackRequest(events=[event(ada) for _ in range(1001)])
    with pytest.raises(grpc.aio.AioRpcError, match="events") as refused:
        await channels.edge.Track(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert not (await channels.view(ada)).recent


def post(channels, body, headers=()):
    """Call the edge over HTTP as a browser would, and return status and JSON."""
    host, _, port = channels.suite.web.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request(
            "POST",
            RECOMMEND,
            body if isinstance(body, str) else json.dumps(body),
            {"Content-Type": "application/json", **dict(headers)},
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


QUESTION = {
    "identities": [{"kind": "visitor", "value": "browser-1"}],
    "channel": "WEB",
    "placements": [{"placement": "web.home.banner"}],
    "preview": True,
}


async def asked(channels, body, **more):
    return await asyncio.to_thread(post, channels, body, **more)


async def test_http_answers_in_lower_camel_case_with_short_enum_values(channels):
    status, answer = await asked(channels, QUESTION)
    assert status == 200
    first = answer["placements"][0]["recommendations"][0]
    assert answer["decisionId"]
    assert first["kind"] in {"PRODUCT", "PROMOTION", "CONTENT", "SERVICE", "SURVEY"}
    assert first["reasons"][0]["text"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({**QUESTION, "placement": "web.cart"}, "placement"),
        ({**QUESTION, "channel": "TELEPATHY"}, "channel"),
        ({**QUESTION, "placements": "web.cart"}, "placements"),
        ('{"identities": [', ""),
    ],
    ids=["unknown field", "unknown channel", "wrong type", "broken JSON"],
)
async def test_http_refuses_json_that_does_not_fit_and_names_the_field(channels, body, named):
    status, answer = await asked(channels, body)
    assert status == 400
    assert answer["code"] == "invalid_argument"
    assert named in answer["message"]


async def test_a_deadline_that_has_passed_is_said_to_have(channels):
    status, answer = await asked(channels, QUESTION, headers={"Connect-Timeout-Ms": "0"}.items())
    assert status in {408, 504}
    assert answer["code"] == "deadline_exceeded"
