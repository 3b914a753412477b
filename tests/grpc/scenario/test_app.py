"""Two replicas of the whole service on PostgreSQL and NATS, before peers of the test's own."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration

from services.scenario.app import open_service
from services.scenario.config import ScenarioSettings
from services.scenario.domain.outbound import Draft, Message, Result
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.tasks import HOLD_US
from services.scenario.messages.composing import TemplateComposer
from services.scenario.storage import MIGRATIONS
from shared.bus import Publication
from shared.bus.subjects import events_of
from shared.hosting import hosted
from shared.opening import OPENERS
from shared.runtime import Channels
from shared.setting_types import Listen
from shared.testing.background import until
from tests.unit.scenario.playing import ADA, COME_BACK, DAY_US
from tests.unit.scenario.shop import bundle, rows, snapshot
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.bus_pb2 import CatalogueNotice, EventNotice, EventNotices
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.clock_service_pb2 import GetClockRequest, MoveClockRequest
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.vocabulary_pb2 import Channel, Origin
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.rules.v1 import rules_pb2
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.scenarios_pb2 import QuietAlready
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

CY, DEE = "person-cy", "person-dee"
"""One person, as profile's log tells at the start."""
FAY = "person-fay"
"""Somebody of whom nothing is known but what was imported."""


@dataclass
class Peers:
    """What rules, retrieval and profile say; `profile_is_away` makes the last fail."""

    profile_is_away: bool = False
    calls: list[rules_pb.ReserveContactRequest] = field(default_factory=list)
    """Asked of rules."""
    refusals: list[rules_pb.ReserveContactResponse] = field(default_factory=list)
    """Answered first, last one first."""
    recorded: dict[str, profile_pb.RecordEventsRequest] = field(default_factory=dict)
    """What profile was told, by the ids of the events."""
    decisions: dict[str, list[int]] = field(default_factory=dict)
    """What each showed."""
    batches: list[CatalogueBatch] = field(
        default_factory=lambda: [CatalogueBatch(previous_version=0, version=1, rows=list(rows()))]
    )

    async def get_active_bundle(self, request: Any, context: Any) -> Any:
        return rules_pb.GetActiveBundleResponse(bundle_hash="b")

    async def get_bundle(self, request: Any, context: Any) -> Any:
        made = bundle()
        for each in (greeting(), stayed_away()):
            made.scenarios.append(rules_pb2.Scenario.FromString(each.definition))
        for kind, offer_type in (("call_back", "click_to_call"), ("chat", "chat")):
            asked = asked_for(kind, offer_type)
            made.scenarios.append(rules_pb2.Scenario.FromString(asked.definition))
        return rules_pb.GetBundleResponse(bundle=made)

    async def record_events(self, request: Any, context: Any) -> Any:
        for event in request.events:
            known = self.recorded.setdefault(event.event_id, request)
            assert known == request
        return profile_pb.RecordEventsResponse(accepted=len(request.events))

    async def acknowledge_bundle(self, request: Any, context: Any) -> Any:
        return rules_pb.AcknowledgeBundleResponse()

    async def reserve_contact(self, request: Any, context: Any) -> Any:
        self.calls.append(request)
        granted = rules_pb.ReserveContactResponse(granted=True)
        return self.refusals.pop() if self.refusals else granted

    async def get_decision(self, request: Any, context: Any) -> Any:
        if request.decision_id not in self.decisions:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such decision")
        answer = rules_pb.GetDecisionResponse(committed=True)
        place = answer.placements.add(placement="web.checkout")
        for offer_no in self.decisions[request.decision_id]:
            place.chosen.add(offer_no=offer_no)
        return answer

    async def get_catalogue_version(self, request: Any, context: Any) -> Any:
        return retrieval_pb.GetCatalogueVersionResponse(version=self.batches[-1].version)

    async def stream_catalogue(self, request: Any, context: Any) -> AsyncIterator[Any]:
        for batch in self.batches:
            if request.version < batch.version:
                yield retrieval_pb.StreamCatalogueResponse(batch=batch)

    async def get_snapshot(self, request: Any, context: Any) -> Any:
        if self.profile_is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        known = snapshot(person_ids=(request.person_id,))
        known.consents.append("marketing")
        return profile_pb.GetSnapshotResponse(snapshot=known.SerializeToString())

    async def stream_identities(self, request: Any, context: Any) -> AsyncIterator[Any]:
        persons = [CY, DEE]
        if request.position == 0:
            yield profile_pb.StreamIdentitiesResponse(
                position=2,
                identity_keys=[IdentityKey(kind="customer", key=bytes(32)) for _ in persons],
                sets=[
                    profile_pb.PersonSet(person_id=each, person_ids=persons, version=2)
                    for each in persons
                ],
            )

    async def stream_events(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Tell of what was imported: somebody subscribed two days ago, and nothing since."""
        if request.position < 1 and (not request.types or "subscribe" in request.types):
            events = EventColumns(
                person_ids=[FAY],
                types=["subscribe"],
                times_us=[time.time_ns() // 1000 - 2 * DAY_US],
                channels=[0],
                value_micros=[0],
                quantities=[1.0],
                gifts=[False],
                offer_nos=[0],
                event_ids=["imported"],
                decision_ids=[""],
            )
            yield profile_pb.StreamEventsResponse(position=1, events=events)

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        return [
            _handler(
                "rules",
                GetActiveBundle=(self.get_active_bundle, rules_pb.GetActiveBundleRequest),
                GetBundle=(self.get_bundle, rules_pb.GetBundleRequest),
                AcknowledgeBundle=(self.acknowledge_bundle, rules_pb.AcknowledgeBundleRequest),
                ReserveContact=(self.reserve_contact, rules_pb.ReserveContactRequest),
                GetDecision=(self.get_decision, rules_pb.GetDecisionRequest),
            ),
            _handler(
                "retrieval",
                GetCatalogueVersion=(
                    self.get_catalogue_version,
                    retrieval_pb.GetCatalogueVersionRequest,
                ),
                StreamCatalogue=(self.stream_catalogue, retrieval_pb.StreamCatalogueRequest),
            ),
            _handler(
                "profile",
                GetSnapshot=(self.get_snapshot, profile_pb.GetSnapshotRequest),
                RecordEvents=(self.record_events, profile_pb.RecordEventsRequest),
                StreamIdentities=(self.stream_identities, profile_pb.StreamIdentitiesRequest),
                StreamEvents=(self.stream_events, profile_pb.StreamEventsRequest),
            ),
        ]


def asked_for(kind: str, offer_type: str) -> Scenario:
    """Whoever takes up a click-to-call is called, and who does an invitation to chat is with us."""
    return scenario(
        stage("call", task={"kind": kind, "reason": "Asked for it."}, lasts=DAY_US),
        scenario=f"asked_for_{kind}",
        starts_on=["accept"],
        where=f'event.offer_type == "{offer_type}"',
    )


def greeting() -> Scenario:
    """Whoever logs in is noted of and written to, and goes on by what becomes of that."""
    heard = [{"on": ["message_sent", "message_failed"], "to": "told"}]
    return scenario(
        stage("mark", set={"greeted": "yes"}, note="Logged in."),
        stage("write", send="hello", lasts=DAY_US, on=heard),
        stage("told", lasts=DAY_US),
        scenario="greeting",
        starts_on=["login"],
    )


def stayed_away() -> Scenario:
    """Whoever subscribed and was not heard of for a day waits in a stage, also who did before."""
    return scenario(
        stage("missed", lasts=DAY_US),
        scenario="stayed_away",
        starts_on=["subscribe"],
        quiet_for=Duration(seconds=86_400),
        quiet_already=QuietAlready(within=Duration(seconds=30 * 86_400), over=Duration()),
    )


class Greeter:
    """Writes the same to everybody."""

    async def compose(self, draft: Draft, channel: int) -> Message | Result:
        return Message(channel, "ada@shop.example", draft.order.template)


def _handler(service: str, **rpcs: Any) -> grpc.GenericRpcHandler:
    made = {}
    for name, (function, request) in rpcs.items():
        streams = name.startswith("Stream")
        make = (
            grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
        )
        made[name] = make(function, request.FromString, lambda message: message.SerializeToString())
    full = f"touchpoint.{service}.v1.{service.capitalize()}Service"
    return grpc.method_handlers_generic_handler(full, made)


@asynccontextmanager
async def serving(peers: Peers) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(tuple(peers.handlers()))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(grace=0)


@dataclass
class Pair:
    """Two replicas, the bus between them and what stands behind them."""

    one: ScenarioServiceStub
    other: ScenarioServiceStub
    clock: ClockServiceStub
    bus: Any
    peers: Peers

    async def now_us(self) -> int:
        answer = await self.clock.GetClock(GetClockRequest(), timeout=5)
        return answer.business_time.ToMicroseconds()

    async def happens(self, event_type: str, person_id: str = ADA, **more: Any) -> None:
        notice = EventNotice(
            type=event_type,
            time_us=await self.now_us(),
            person_id=person_id,
            origin=Origin.LIVE,
            **more,
        )
        message = EventNotices(notices=[notice])
        await self.bus.publish([Publication.of(events_of(person_id), 1, message)])

    async def passes(self, **time: int) -> None:
        request = MoveClockRequest()
        request.by.FromTimedelta(timedelta(**time))
        await self.clock.MoveClock(request, timeout=5)

    async def stage(self, person_id: str = ADA) -> list[str]:
        request = pb.ListJourneysRequest(person_ids=[person_id])
        return [each.stage for each in (await self.one.ListJourneys(request, timeout=5)).journeys]

    async def begins(self, person_id: str = ADA) -> None:
        await self.happens("add_to_cart", person_id)

        async def began() -> bool:
            return await self.stage(person_id) == [""]

        await until(began)

    async def due(self, replica: ScenarioServiceStub) -> list[int]:
        request = pb.GetDueRequest(snapshot=snapshot().SerializeToString())
        request.context.bundle_hash = "b"
        request.context.now_us = await self.now_us()
        return [each.offer_no for each in (await replica.GetDue(request, timeout=5)).actions]

    async def both_propose(self, *offer_nos: int) -> None:
        async def is_so() -> bool:
            said = [await self.due(replica) for replica in (self.one, self.other)]
            return said == [list(offer_nos)] * 2

        await until(is_so)

    async def is_in(self, *stages: str) -> None:
        async def is_so() -> bool:
            return await self.stage() == list(stages)

        await until(is_so)


@pytest_asyncio.fixture(loop_scope="session")
async def pair(postgres, nats_url, nats_bus, tmp_path):
    async with two_replicas(postgres, nats_url, nats_bus, tmp_path) as made:
        yield made


@asynccontextmanager
async def two_replicas(
    postgres: Any, nats_url: str, nats_bus: Any, home: Any, **more: Any
) -> AsyncIterator[Pair]:
    peers = Peers()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.clone("scenario", MIGRATIONS))
        behind = await stack.enter_async_context(serving(peers))
        settings = ScenarioSettings(
            postgres_url=url,
            nats_url=nats_url,
            listen=Listen("127.0.0.1", 0),
            home=home,
            deployment_key=bytes(32),
            lease_s=1.0,
            **more,
        )
        near = Channels(direct=dict.fromkeys(("rules", "retrieval", "profile", "ranker"), behind))
        channels = []
        for _ in range(2):
            replica = await stack.enter_async_context(hosted(settings, open_service, OPENERS, near))
            await replica.health.serving.wait()
            channel = grpc.aio.insecure_channel(str(replica.grpc))
            channels.append(await stack.enter_async_context(channel))
        one, other = map(ScenarioServiceStub, channels)
        yield Pair(one, other, ClockServiceStub(channels[0]), nats_bus, peers)


async def test_an_abandoned_cart_goes_from_the_site_to_the_call_centre(pair):
    await pair.begins()
    await pair.passes(minutes=31)
    await pair.both_propose(COME_BACK)
    await pair.passes(days=2)
    await pair.both_propose()
    await pair.is_in("call")
    signed_on = pb.SetAgentStatusRequest(
        agent_id="eve", status=AgentStatus.AVAILABLE, skills=["sales"]
    )
    await pair.one.SetAgentStatus(signed_on, timeout=5)
    task = (await pair.other.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)).task
    assert task.script == "You had Trail shoes and 2 × Wool socks, worth 149.90 EUR."
    (asked,) = pair.peers.calls
    assert (asked.contact_id, list(asked.person_ids)) == (f"{task.task_id}:1", [ADA])
    assert (asked.policy, asked.channel) == ("marketing", Channel.CALL_CENTER)
    assert (asked.HasField("reserved_by"), asked.reserved_by) == (True, ""), "it is no caller's"
    assert 0 < asked.held_for.seconds < HOLD_US // 1_000_000
    done = pb.CompleteTaskRequest(agent_id="eve", task_id=task.task_id, outcome="declined")
    await pair.one.CompleteTask(done, timeout=5)
    await pair.is_in()


@pytest.mark.parametrize("free_us", [0, 1], ids=["unknown", "long ago"])
async def test_a_call_refused_by_rules_is_not_asked_for_again_at_once(pair, free_us):
    await pair.begins()
    await pair.passes(minutes=31)
    await pair.both_propose(COME_BACK)
    await pair.passes(days=2)
    await pair.is_in("call")
    signed_on = pb.SetAgentStatusRequest(
        agent_id="eve", status=AgentStatus.AVAILABLE, skills=["sales"]
    )
    await pair.one.SetAgentStatus(signed_on, timeout=5)
    refusal = rules_pb.ReserveContactResponse()
    refusal.free_time.FromMicroseconds(free_us)
    pair.peers.refusals.append(refusal)
    for _ in range(2):
        with pytest.raises(grpc.aio.AioRpcError, match="no task waits"):
            await pair.one.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)
    assert len(pair.peers.calls) == 1
    await pair.passes(hours=1, minutes=1)
    assert (await pair.one.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)).task.task_id


async def test_a_decline_on_the_site_ends_it_on_every_replica(pair):
    await pair.begins()
    await pair.passes(minutes=31)
    await pair.both_propose(COME_BACK)
    await pair.happens("decline", offer_no=COME_BACK)
    await pair.both_propose()
    await pair.is_in()


async def test_while_profile_is_away_nothing_is_lost(pair):
    await pair.begins()
    pair.peers.profile_is_away = True
    await pair.passes(minutes=31)
    assert await pair.stage() == [""]
    pair.peers.profile_is_away = False
    await pair.both_propose(COME_BACK)


async def test_an_offer_taken_back_parks_the_journey_with_the_reason(pair):
    await pair.begins()
    await pair.passes(minutes=31)
    await pair.both_propose(COME_BACK)
    gone = [row for row in rows(come_back={"withdrawn": True}) if row.offer_no == COME_BACK]
    batch = CatalogueBatch(previous_version=1, version=2, rows=gone)
    pair.peers.batches.append(batch)
    notice = CatalogueNotice(batch=batch)
    await pair.bus.publish([Publication.of("catalogue.changed", 1, notice)])

    async def is_parked() -> bool:
        request = pb.ListJourneysRequest(person_ids=[ADA])
        found = (await pair.one.ListJourneys(request, timeout=5)).journeys
        return [each.obstacle for each in found] == ["its offer is gone: come_back"]

    await until(is_parked)
    await pair.both_propose()


async def test_a_link_that_only_profiles_log_tells_of_is_known(pair):
    async def ended() -> bool:
        await pair.happens("purchase", DEE)
        return await pair.stage(CY) == []

    await pair.begins(CY)
    await until(ended)


async def test_who_was_quiet_before_anybody_listened_enters_and_the_report_tells_of_it(pair):
    async def waits() -> bool:
        return await pair.stage(FAY) == [""]

    async def entered() -> bool:
        return await pair.stage(FAY) == ["missed"]

    await until(waits)
    await pair.passes(hours=1)
    await until(entered)
    request = GetScenarioReportRequest(scenario="stayed_away")
    for replica in (pair.one, pair.other):
        (report,) = (await replica.GetScenarioReport(request, timeout=5)).scenarios
        told = report.taken_up
        assert (told.looked_at, told.began, told.entered, told.waiting) == (1, 1, 1, 0)


async def test_of_two_replicas_one_sends_and_what_was_done_is_told_to_profile(
    pair, tmp_path, monkeypatch
):
    monkeypatch.setattr(TemplateComposer, "compose", Greeter.compose)
    await pair.happens("login")
    await pair.is_in("told")

    def told() -> list[str]:
        recorded = pair.peers.recorded.values()
        return sorted(event.type for request in recorded for event in request.events)

    await until(lambda: told() == ["attribute_set", "contact_sent", "crm_note"])
    (mail,) = (tmp_path / "outbox").iterdir()
    read = json.loads(mail.read_text())
    assert (read["to"], read["subject"], read["id"]) == ("ada@shop.example", "hello", mail.stem)
    (asked,) = pair.peers.calls
    assert (asked.policy, asked.channel, list(asked.person_ids)) == (
        "marketing",
        Channel.EMAIL,
        [ADA],
    )
    request = pair.peers.recorded[asked.contact_id]
    assert (request.keys[0].person_id, request.events[0].channel) == (ADA, Channel.EMAIL)


async def test_a_message_whose_template_is_not_defined_fails_and_its_journey_hears_of_it(
    pair, tmp_path
):
    await pair.happens("login")
    await pair.is_in("told")
    assert not (tmp_path / "outbox").exists()
    request = pb.ListJourneysRequest(person_ids=[ADA])
    (journey,) = (await pair.one.ListJourneys(request, timeout=5)).journeys
    assert journey.message == "hello could not be sent: there is no template hello"
