"""Contacts of other systems, and the call centre's queue."""

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from shared.errors import NotFound, Unavailable
from tests.unit.aggregator.edge import PAN, PC_1, PERSON, PROMO, TV, known_person
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, RemovalCode
from touchpoint.profile.v1.profile_service_pb2 import GetProfileResponse, GetSnapshotResponse
from touchpoint.rules.v1.rules_service_pb2 import GetContactsResponse, ReserveContactResponse
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus
from touchpoint.scenario.v1.scenario_service_pb2 import ClaimTaskResponse, WatchTasksResponse

HOUR_US = 3_600_000_000
AGAIN = Timestamp(seconds=2_000_000_000)


def contact(**facts):
    return pb.ReserveContactRequest(
        contact_id="mail-1",
        identities=[{"kind": "email", "value": "a@shop.example"}],
        channel=Channel.EMAIL,
        **facts,
    )


async def test_a_contact_is_reserved_for_the_person_behind_the_identity(stub, edge):
    edge.peers.rules.ReserveContact.answer = lambda _: ReserveContactResponse(
        granted=True, balance={"policy": "marketing", "used": 1, "limit": 3}
    )
    answer = await stub.ReserveContact(contact(offer_id="promo-1"))
    assert answer.granted
    assert (answer.contacts.used, answer.contacts.limit) == (1, 3)
    asked = edge.peers.rules.ReserveContact.request
    assert list(asked.person_ids) == [PERSON]
    assert (asked.contact_id, asked.policy, asked.offer_no) == ("mail-1", "marketing", PROMO)
    # Somebody never seen before becomes a person, so that what is granted counts.
    assert edge.peers.profile.GetSnapshot.request.keep_unknown


async def test_a_refused_contact_is_an_answer_and_no_error(stub, edge):
    edge.peers.rules.ReserveContact.answer = lambda _: ReserveContactResponse(granted=False)
    answer = await stub.ReserveContact(contact())
    assert not answer.granted
    assert answer.reason == RemovalCode.CONTACT_LIMIT


async def test_a_refused_contact_says_why_and_from_when_on(stub, edge):
    edge.peers.profile.GetSnapshot.answer = lambda _: known_person(_, time_zone="Asia/Tokyo")
    edge.peers.rules.ReserveContact.answer = lambda _: ReserveContactResponse(
        reason=RemovalCode.QUIET_HOURS, rule="quiet_hours", free_time={"seconds": 60}
    )
    answer = await stub.ReserveContact(contact(policy="transactional"))
    assert (answer.reason, answer.rule) == (RemovalCode.QUIET_HOURS, "quiet_hours")
    assert answer.free_at.seconds == 60
    asked = edge.peers.rules.ReserveContact.request
    assert (asked.time_zone, asked.policy) == ("Asia/Tokyo", "transactional")


async def test_a_policy_that_nobody_defined_is_refused(stub, edge):
    with pytest.raises(grpc.aio.AioRpcError, match="no contact policy; there are marketing"):
        await stub.ReserveContact(contact(policy="marketng"))


@pytest.mark.parametrize(
    ("refusals", "is_granted"),
    [(["marketing"], False), (["marketing:EMAIL"], False), (["marketing:SMS", "news"], True)],
)
async def test_who_refuses_is_not_approached_by_other_systems_either(
    stub, edge, refusals, is_granted
):
    edge.peers.profile.GetSnapshot.answer = lambda _: known_person(_, refusals=refusals)
    answer = await stub.ReserveContact(contact())
    assert answer.granted is is_granted
    assert (answer.reason == RemovalCode.NO_CONSENT) is not is_granted
    assert bool(edge.peers.rules.ReserveContact.requests) is is_granted


async def test_while_nobody_knows_whether_they_refused_nobody_is_approached(stub, edge):
    edge.peers.profile.GetSnapshot.error = Unavailable("dead")
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stub.ReserveContact(contact())
    assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
    assert not edge.peers.rules.ReserveContact.requests


async def test_nobody_is_approached_who_may_be_one_of_several(stub, edge):
    edge.peers.profile.GetSnapshot.answer = lambda _: GetSnapshotResponse(ambiguous=True)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ReserveContact(contact())
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert edge.peers.rules.ReserveContact.requests == []


async def test_when_rules_does_not_answer_no_contact_is_granted(stub, edge):
    edge.peers.rules.ReserveContact.error = Unavailable("dead")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ReserveContact(contact())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_contact_is_given_back(stub, edge):
    answer = await stub.ReleaseContact(pb.ReleaseContactRequest(contact_id="mail-1"))
    assert answer.released
    assert edge.peers.rules.ReleaseContact.request.contact_id == "mail-1"


async def test_an_agent_signs_on_with_skills_and_capacity(stub, edge):
    answer = await stub.SetAgentStatus(
        pb.SetAgentStatusRequest(
            agent_id="a", status=AgentStatus.AVAILABLE, skills=["pcs"], capacity=2
        )
    )
    assert answer.status == AgentStatus.AVAILABLE
    asked = edge.peers.scenario.SetAgentStatus.request
    assert (asked.agent_id, list(asked.skills), asked.capacity) == ("a", ["pcs"], 2)


async def test_an_agent_is_sent_tasks_as_they_fall_due(stub, edge):
    tasks = edge.peers.scenario.WatchTasks.messages
    await tasks.put(WatchTasksResponse(task={"task_id": "t-1", "script": "Say hello"}))
    await tasks.put(None)
    sent = [one.task async for one in stub.WatchTasks(pb.WatchTasksRequest(agent_id="a"))]
    assert [(task.task_id, task.script) for task in sent] == [("t-1", "Say hello")]


async def test_a_task_is_claimed_completed_and_put_off(stub, edge):
    claimed = await stub.ClaimTask(pb.ClaimTaskRequest(agent_id="a", task_id="t-1"))
    assert claimed.task.task_id == "t-1"
    completed = await stub.CompleteTask(
        pb.CompleteTaskRequest(
            agent_id="a", task_id="t-1", outcome="call_again", note="well", again_time=AGAIN
        )
    )
    assert completed.task.task_id == "t-1"
    asked = edge.peers.scenario.CompleteTask.request
    assert (asked.outcome, asked.note, asked.again_time) == ("call_again", "well", AGAIN)
    snooze = pb.SnoozeTaskRequest(agent_id="a", task_id="t-1")
    snooze.until_time.FromSeconds(2_000_000_000)
    assert (await stub.SnoozeTask(snooze)).task.due_time.seconds == 2_000_000_000


async def test_when_there_is_no_task_the_caller_is_told(stub, edge):
    edge.peers.scenario.ClaimTask.error = NotFound("no task waits for this agent")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ClaimTask(pb.ClaimTaskRequest(agent_id="a"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.fixture
def called(edge):
    """Somebody is to be called about a promotion, who was shown this and declined that."""
    now_us = edge.clock.now_us()
    person = known_person(None).snapshot
    facts = PersonSnapshot.FromString(person)
    facts.declined.offer_nos.extend([TV, PAN])
    facts.declined.family_nos.extend([TV, PAN])
    facts.declined.times_us.extend([now_us - HOUR_US, now_us - 31 * 24 * HOUR_US])
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse(
        snapshot=facts,
        name="Ada",
        relationships=[
            {"role": "sales_person", "owner_id": "eve", "current": True},
            {"role": "sales_person", "owner_id": "max"},
        ],
    )
    shown = GetContactsResponse()
    for offer_no, channel in ((PROMO, Channel.WEB), (PC_1, Channel.EMAIL), (PC_1, Channel.WEB)):
        one = shown.presented.add(offer_no=offer_no, channel=channel)
        one.presented_time.FromMicroseconds(now_us - 2 * HOUR_US)
    edge.peers.rules.GetContacts.answer = lambda _: shown
    edge.peers.scenario.ClaimTask.answer = lambda _: ClaimTaskResponse(
        task={"task_id": "t-1", "person_ids": [PERSON], "offer_ids": ["promo-1"]},
        number="+4915123456",
        notes=[{"text": "has a cold", "agent_id": "max"}, {"text": "rang long"}],
    )


async def test_who_takes_a_task_reads_who_it_is_and_what_not_to_repeat(stub, edge, called):
    claimed = await stub.ClaimTask(pb.ClaimTaskRequest(agent_id="a"))
    briefing = claimed.briefing
    assert edge.peers.profile.GetProfile.request.person_id == PERSON
    assert (briefing.name, briefing.number) == ("Ada", "+4915123456")
    assert [each.owner_id for each in briefing.own_contacts] == ["eve"]
    assert [each.text for each in briefing.notes] == ["has a cold", "rang long"]
    told = [(each.title, each.answer, each.channel) for each in briefing.not_to_repeat]
    assert told == [("Vista 50", "decline", 0), ("Aurora 15", "", Channel.EMAIL)]


async def test_what_not_to_repeat_is_told_in_the_language_of_the_person(stub, edge, called):
    row = edge.catalogue.details(TV)
    row.creative.words.add(language="de", title="Fernseher Vista")
    edge.catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[row]))
    record = edge.peers.profile.GetProfile.answer(None)
    record.snapshot.locale = "de-AT"
    edge.peers.profile.GetProfile.answer = lambda _: record
    claimed = await stub.ClaimTask(pb.ClaimTaskRequest(agent_id="a"))
    told = [each.title for each in claimed.briefing.not_to_repeat]
    assert told == ["Fernseher Vista", "Aurora 15"]


async def test_a_task_is_given_also_while_nobody_knows_the_person(stub, edge, called):
    edge.peers.profile.GetProfile.error = Unavailable("profile is away")
    claimed = await stub.ClaimTask(pb.ClaimTaskRequest(agent_id="a"))
    assert claimed.task.task_id == "t-1"
    assert claimed.briefing.name == ""
    assert [each.service for each in claimed.briefing.degraded] == ["profile"]
