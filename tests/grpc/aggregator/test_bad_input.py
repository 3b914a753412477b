"""Bad input is refused with the path of every field at fault, and nothing is asked or stored."""

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from tests.unit.aggregator.edge import BANNER, PROMPT
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.vocabulary_pb2 import Channel

CUSTOMER = {"kind": "customer", "value": "c-1"}


def recommend(**facts):
    given = {
        "identities": [CUSTOMER],
        "channel": Channel.WEB,
        "placements": [{"placement": BANNER}],
    }
    return pb.RecommendRequest(**(given | facts))


async def violations(rpc, request):
    """Return path to description of a refusal."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rpc(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    (data,) = (
        value for key, value in caught.value.trailing_metadata() if key == "grpc-status-details-bin"
    )
    status = Status.FromString(data)
    found = BadRequest()
    (info,) = (detail for detail in status.details if detail.Is(ErrorInfo.DESCRIPTOR))
    (bad,) = (detail for detail in status.details if detail.Is(BadRequest.DESCRIPTOR))
    assert info
    bad.Unpack(found)
    return {one.field: one.description for one in found.field_violations}


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"identities": []}, "identities"),
        ({"identities": [CUSTOMER] * 9}, "identities"),
        ({"identities": [{"kind": "passport", "value": "1"}]}, "identities[0].kind"),
        ({"identities": [CUSTOMER, {"kind": "email", "value": ""}]}, "identities[1].value"),
        ({"identities": [{"kind": "email", "value": "nobody"}]}, "identities[0].value"),
        ({"identities": [{"kind": "phone", "value": "hello"}]}, "identities[0].value"),
        ({"channel": Channel.UNSPECIFIED}, "channel"),
        ({"channel": 99}, "channel"),
        ({"placements": []}, "placements"),
        ({"placements": [{"placement": ""}]}, "placements[0].placement"),
        ({"placements": [{"placement": "web.nowhere"}]}, "placements[0].placement"),
        ({"placements": [{"placement": BANNER}] * 2}, "placements[1].placement"),
        ({"placements": [{"placement": PROMPT}]}, "placements[0].placement"),
        ({"placements": [{"placement": BANNER, "limit": 51}]}, "placements[0].limit"),
        ({"placements": [{"placement": BANNER, "limit": 10_000}]}, "placements[0].limit"),
        ({"context": {"item_ids": ["a", ""]}}, "context.item_ids[1]"),
        ({"context": {"item_ids": ["a"] * 51}}, "context.item_ids"),
        ({"context": {"cart": [{"item_id": ""}]}}, "context.cart[0].item_id"),
        (
            {"context": {"cart": [{"item_id": "a", "quantity": -1}]}},
            "context.cart[0].quantity",
        ),
        (
            {"context": {"cart": [{"item_id": "a", "quantity": float("nan")}]}},
            "context.cart[0].quantity",
        ),
        (
            {"context": {"cart": [{"item_id": "a", "price": {"amount": "1e3"}}]}},
            "context.cart[0].price.amount",
        ),
        (
            {"context": {"cart": [{"item_id": "a", "price": {"amount": "1", "currency": "euro"}}]}},
            "context.cart[0].price.currency",
        ),
        ({"context": {"cart": [{"item_id": "a"}] * 101}}, "context.cart"),
        ({"context": {"query": "q" * 513}}, "context.query"),
        ({"context": {"session_id": "s" * 129}}, "context.session_id"),
        (
            {"context": {"attributes": {f"k{n}": True for n in range(33)}}},
            "context.attributes",
        ),
        ({"context": {"within_categories": ["Food"] * 17}}, "context.within_categories"),
        ({"context": {"within_categories": ["Food", " "]}}, "context.within_categories[1]"),
        ({"context": {"without_categories": ["x" * 513]}}, "context.without_categories[0]"),
        ({"recipient": {"age": 200}}, "recipient.age"),
        ({"recipient": {"interests": ["x"] * 17}}, "recipient.interests"),
        ({"recipient": {"max_price": {"amount": "much"}}}, "recipient.max_price.amount"),
        ({"exclude_ids": ["x"] * 201}, "exclude_ids"),
        ({"exclude_ids": [""]}, "exclude_ids[0]"),
        ({"locale": "x" * 36}, "locale"),
    ],
)
async def test_a_bad_field_of_recommend_is_named(stub, edge, facts, path):
    found = await violations(stub.Recommend, recommend(**facts))
    assert path in found
    assert found[path]
    assert edge.peers.profile.GetSnapshot.requests == []


async def test_the_same_request_without_the_fault_is_answered(stub):
    assert (await stub.Recommend(recommend())).placements


async def test_everything_wrong_is_told_at_once(stub):
    found = await violations(
        stub.Recommend,
        recommend(
            identities=[{"kind": "passport", "value": ""}],
            channel=99,
            placements=[{"placement": "web.nowhere", "limit": 99}],
        ),
    )
    assert set(found) == {
        "identities[0].kind",
        "identities[0].value",
        "channel",
        "placements[0].placement",
        "placements[0].limit",
    }


async def test_a_placement_of_another_channel_is_told_with_both(stub):
    found = await violations(stub.Recommend, recommend(placements=[{"placement": PROMPT}]))
    assert found["placements[0].placement"] == (
        "'agent.prompt' belongs to CALL_CENTER and cannot be filled on WEB"
    )


async def test_an_app_shows_the_placements_of_the_site(stub):
    answer = await stub.Recommend(recommend(channel=Channel.APP))
    assert answer.placements[0].recommendations


@pytest.mark.parametrize(
    ("rpc", "request_", "path"),
    [
        ("Track", pb.TrackRequest(), "events"),
        ("Track", pb.TrackRequest(events=[{"event_id": "e"}] * 1001), "events"),
        ("GetCustomerView", pb.GetCustomerViewRequest(), "identities"),
        ("ExplainDecision", pb.ExplainDecisionRequest(), "decision_id"),
        ("SetAgentStatus", pb.SetAgentStatusRequest(agent_id="a"), "status"),
        ("ClaimTask", pb.ClaimTaskRequest(), "agent_id"),
        ("CompleteTask", pb.CompleteTaskRequest(agent_id="a"), "task_id"),
        ("SnoozeTask", pb.SnoozeTaskRequest(agent_id="a", task_id="t"), "until_time"),
        (
            "ReserveContact",
            pb.ReserveContactRequest(identities=[CUSTOMER], channel=Channel.EMAIL),
            "contact_id",
        ),
        (
            "ReserveContact",
            pb.ReserveContactRequest(contact_id="c", identities=[CUSTOMER]),
            "channel",
        ),
        (
            "ReserveContact",
            pb.ReserveContactRequest(
                contact_id="c", identities=[CUSTOMER], channel=Channel.EMAIL, policy="nagging"
            ),
            "policy",
        ),
        (
            "ReserveContact",
            pb.ReserveContactRequest(
                contact_id="c", identities=[CUSTOMER], channel=Channel.EMAIL, offer_id="nothing"
            ),
            "offer_id",
        ),
        ("ReleaseContact", pb.ReleaseContactRequest(), "contact_id"),
    ],
)
async def test_a_bad_field_of_every_other_rpc_is_named(stub, rpc, request_, path):
    assert path in await violations(getattr(stub, rpc), request_)


async def test_a_stream_refuses_bad_input_too(stub):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in stub.WatchCustomer(pb.WatchCustomerRequest()):
            pass
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
