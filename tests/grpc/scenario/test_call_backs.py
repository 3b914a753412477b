"""Who takes up a click-to-call or a chat: who connects them hears, and the task leads the queue."""

from __future__ import annotations

import pytest
import pytest_asyncio

from shared.testing.background import until
from shared.webhooks import read_address, read_secrets
from tests.grpc.scenario.test_app import ADA, two_replicas
from tests.receiver import SECRET, Receiver
from tests.unit.scenario.shop import CALL_ME, CHAT_NOW, FREE_SHIPPING
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus


@pytest.fixture
def telephony():
    return Receiver()


@pytest_asyncio.fixture(loop_scope="session")
async def pair(postgres, nats_url, nats_bus, tmp_path, telephony):
    async with telephony.listening() as url:
        settings = {
            "call_back_url": read_address(url),
            "chat_url": read_address(url),
            "message_secrets": read_secrets(f"call_back={SECRET},chat={SECRET}"),
        }
        async with two_replicas(postgres, nats_url, nats_bus, tmp_path, **settings) as made:
            yield made


@pytest.mark.parametrize(
    ("kind", "offer_no", "channel"),
    [("call_back", CALL_ME, Channel.CALL_CENTER), ("chat", CHAT_NOW, Channel.CHAT)],
)
async def test_they_hear_once_and_the_agent_goes_on_with_what_the_site_showed(
    pair, telephony, kind, offer_no, channel
):
    pair.peers.decisions["d-1"] = [3, offer_no, FREE_SHIPPING]
    await pair.happens("accept", offer_no=offer_no, decision_id="d-1")
    await telephony.until(len)
    (heard,) = telephony.received
    assert heard.is_signed_by(SECRET)
    assert heard.headers["idempotency-key"] == heard.id
    signed_on = pb.SetAgentStatusRequest(agent_id="eve", status=AgentStatus.AVAILABLE)
    await pair.one.SetAgentStatus(signed_on, timeout=5)
    task = (await pair.other.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)).task
    told = heard.told
    assert (task.kind, task.channel) == (kind, channel)
    assert (told["type"], told["taskId"], told["personId"]) == (kind, task.task_id, ADA)
    assert (told["decisionId"], "to" in told) == ("d-1", kind == "call_back")
    assert told["offerIds"] == list(task.offer_ids) == ["item-3", "free_shipping"]
    assert pair.peers.calls == []
    done = pb.CompleteTaskRequest(
        agent_id="eve", task_id=task.task_id, outcome="sold", offer_ids=["free_shipping"]
    )
    await pair.one.CompleteTask(done, timeout=5)
    await until(lambda: bool(pair.peers.recorded))
    said = [each for asked in pair.peers.recorded.values() for each in asked.events]
    assert [(each.type, each.offer_id, each.channel, each.decision_id) for each in said] == [
        ("accept", "free_shipping", channel, "d-1")
    ]
    assert len(telephony.received) == 1


async def test_who_is_on_the_way_to_be_called_is_not_called_twice(pair, telephony):
    for _ in range(3):
        await pair.happens("accept", offer_no=CALL_ME)
    await telephony.until(len)
    await pair.is_in("call")
    await pair.happens("accept", offer_no=CALL_ME, person_id="person-bob")
    await telephony.until(lambda received: len(received) > 1)
    assert sorted(each.told["personId"] for each in telephony.received) == [ADA, "person-bob"]


async def test_who_was_busy_and_asks_again_is_first_at_once_and_the_telephony_hears_anew(
    pair, telephony
):
    pair.peers.decisions |= {"d-1": [CALL_ME, 3], "d-2": [CALL_ME, FREE_SHIPPING]}
    signed_on = pb.SetAgentStatusRequest(agent_id="eve", status=AgentStatus.AVAILABLE)
    await pair.one.SetAgentStatus(signed_on, timeout=5)
    await pair.happens("accept", offer_no=CALL_ME, decision_id="d-1")
    await telephony.until(len)
    first = (await pair.one.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)).task
    busy = pb.CompleteTaskRequest(agent_id="eve", task_id=first.task_id, outcome="busy")
    await pair.one.CompleteTask(busy, timeout=5)
    await pair.happens("accept", offer_no=CALL_ME, decision_id="d-2")
    await telephony.until(lambda received: len(received) > 1)
    second = (await pair.other.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)).task
    told = [(each.told["taskId"], each.told["decisionId"]) for each in telephony.received]
    assert told == [(first.task_id, "d-1"), (second.task_id, "d-2")]
    assert len({each.id for each in telephony.received}) == 2
    assert list(second.offer_ids) == ["free_shipping"]
