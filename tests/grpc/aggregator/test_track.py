"""Track on a real server: each event stands or falls by itself."""

import grpc
import pytest

from shared.clock import to_us
from shared.errors import Unavailable
from shared.privacy import identity_key
from tests.unit.aggregator.edge import BANNER, KEY
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import RecordEventsResponse, RejectedEvent

MINUTE_US = 60_000_000


def event(clock, ahead_us=0, **facts):
    given = {
        "event_id": "e-1",
        "type": "view",
        "identities": [{"kind": "visitor", "value": "v"}],
        "channel": Channel.WEB,
        "item_id": "pc-1",
    }
    made = Event(**(given | facts))
    made.time.FromMicroseconds(to_us(clock.now()) + ahead_us)
    return made


async def test_good_events_are_recorded_with_normal_identities_and_pseudonyms(stub, edge):
    sent = event(edge.clock, identities=[{"kind": "email", "value": " A@Shop.Example "}])
    answer = await stub.Track(
        TrackRequest(events=[sent]), metadata=(("x-touchpoint-caller", "shop"),)
    )
    assert (answer.accepted, answer.duplicates, list(answer.rejected)) == (1, 0, [])
    recorded = edge.peers.profile.RecordEvents.request
    assert (recorded.caller, recorded.may_link) == ("shop", True)
    assert recorded.events[0].identities[0].value == "a@shop.example"
    (key,) = recorded.keys[0].identity_keys
    assert key.key == identity_key(KEY, "email", "a@shop.example")
    assert recorded.events[0].item_id == "pc-1"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"type": ""}, "type"),
        ({"type": "Page View"}, "type"),
        ({"identities": []}, "identities"),
        ({"identities": [{"kind": "passport", "value": "1"}]}, "identities[0].kind"),
        ({"identities": [{"kind": "customer", "value": " "}]}, "identities[0].value"),
        ({"channel": 99}, "channel"),
        ({"placement": "web.nowhere"}, "placement"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": float("nan")}, "quantity"),
        ({"duration_s": -0.5}, "duration_s"),
        ({"value": {"amount": "ten"}}, "value.amount"),
        ({"value": {"amount": "10", "currency": "dollars"}}, "value.currency"),
        ({"query": "q" * 513}, "query"),
        ({"order_id": "o" * 129}, "order_id"),
        ({"attributes": {f"k{n}": 1 for n in range(33)}}, "attributes"),
    ],
)
async def test_a_bad_event_is_rejected_by_its_index_and_field_and_the_others_stand(
    stub, edge, facts, field
):
    events = [event(edge.clock), event(edge.clock, **facts), event(edge.clock, event_id="e-3")]
    answer = await stub.Track(TrackRequest(events=events))
    (rejected,) = answer.rejected
    assert (rejected.index, rejected.code) == (1, "INVALID")
    assert rejected.message.startswith(f"{field}: ")
    sent = edge.peers.profile.RecordEvents.request.events
    assert [one.event_id for one in sent] == ["e-1", "e-3"]


@pytest.mark.parametrize(("ahead_us", "accepted"), [(10 * MINUTE_US, 1), (11 * MINUTE_US, 0)])
async def test_an_event_may_lie_ten_minutes_ahead_and_no_more(stub, edge, ahead_us, accepted):
    answer = await stub.Track(TrackRequest(events=[event(edge.clock, ahead_us)]))
    assert answer.accepted == accepted
    assert [one.message.partition(":")[0] for one in answer.rejected] == ["time"] * (1 - accepted)


async def test_an_event_without_a_time_is_rejected(stub, edge):
    made = event(edge.clock)
    made.ClearField("time")
    (rejected,) = (await stub.Track(TrackRequest(events=[made]))).rejected
    assert rejected.message == "time: must not be empty"


async def test_when_no_event_is_good_profile_is_not_asked(stub, edge):
    await stub.Track(TrackRequest(events=[event(edge.clock, type="")]))
    assert edge.peers.profile.RecordEvents.requests == []


async def test_all_mistakes_of_an_event_are_told_together(stub, edge):
    made = event(edge.clock, event_id="", quantity=-1)
    (rejected,) = (await stub.Track(TrackRequest(events=[made]))).rejected
    assert "event_id: " in rejected.message
    assert "quantity: " in rejected.message


async def test_what_profile_rejects_comes_back_under_the_callers_index(stub, edge):
    edge.peers.profile.RecordEvents.answer = lambda _: RecordEventsResponse(
        accepted=1,
        duplicates=1,
        rejected=[RejectedEvent(index=1, code="CONTENT_DIFFERS", message="differs")],
    )
    events = [
        event(edge.clock, type=""),
        event(edge.clock),
        event(edge.clock, event_id="e-2"),
        event(edge.clock, event_id="e-3", placement=BANNER),
    ]
    answer = await stub.Track(TrackRequest(events=events))
    assert (answer.accepted, answer.duplicates) == (1, 1)
    assert [(one.index, one.code) for one in answer.rejected] == [
        (0, "INVALID"),
        (2, "CONTENT_DIFFERS"),
    ]


async def test_what_profile_did_not_acknowledge_is_not_acknowledged(stub, edge):
    edge.peers.profile.RecordEvents.error = Unavailable("down")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Track(TrackRequest(events=[event(edge.clock)]))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_thousand_events_are_taken_at_once(stub, edge):
    events = [event(edge.clock, event_id=f"e-{n}") for n in range(1000)]
    assert (await stub.Track(TrackRequest(events=events))).accepted == 1000
