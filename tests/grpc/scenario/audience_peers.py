"""Profile, rules and the ranker as a search for an audience asks them, played by a test."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc.aio

from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb

AT_ONCE = 2
"""People in one message of profile's."""


@dataclass
class AudiencePeers:
    """What they say of people, by the id of the oldest person."""

    people: list[PersonSnapshot] = field(default_factory=list)
    removed: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    """Person and channel to the code and the rule that removes the offer."""
    closed: dict[str, list[rules_pb.Suppression]] = field(default_factory=dict)
    likely: dict[str, float] = field(default_factory=dict)
    """Acceptance probabilities; 0.1 of all others."""
    without_room: set[str] = field(default_factory=set)
    failures: int = 0
    """How often rules refuses first."""
    going_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Rules answers only while it is set."""
    checked: list[rules_pb.CheckRequest] = field(default_factory=list)
    needs_agent: bool = False
    """Rules removes the offer while no agent is free, as `call_needs_agent` does."""
    ranked: list[ranker_pb.RankRequest] = field(default_factory=list)
    asked_at_most: list[int] = field(default_factory=list)

    async def stream_snapshots(self, request, context):
        self.asked_at_most.append(request.at_most)
        total = min(request.at_most or len(self.people), len(self.people))
        head = profile_pb.StreamSnapshotsResponse(people=len(self.people), total=total)
        yield head
        for begin in range(0, total, AT_ONCE):
            some = self.people[begin : min(begin + AT_ONCE, total)]
            yield profile_pb.StreamSnapshotsResponse(
                people=len(self.people),
                total=total,
                snapshots=[each.SerializeToString() for each in some],
            )

    async def list_suppressions(self, request, context):
        answer = rules_pb.ListSuppressionsResponse()
        for place, ask in enumerate(request.asks):
            for gate in self.closed.get(ask.person_ids[0], ()):
                answer.suppressions.add().CopyFrom(gate)
                answer.suppressions[-1].ask = place
        return answer

    def __post_init__(self):
        self.going_on.set()

    async def check(self, request, context):
        await self.going_on.wait()
        if self.failures:
            self.failures -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        self.checked.append(request)
        who = PersonSnapshot.FromString(request.snapshot).person_ids[0]
        [offer_no] = request.candidates.offer_nos
        answer = rules_pb.CheckResponse()
        removal = self.removed.get((who, request.context.channel))
        if self.needs_agent and not request.context.free_agents:
            removal = RemovalCode.NO_AGENT, "call_needs_agent"
        if removal is None:
            answer.kept.append(0)
            answer.placement_bits.append(1)
        else:
            answer.removed.offer_nos.append(offer_no)
            answer.removed.codes.append(removal[0])
            answer.removed.rules.append(removal[1])
        return answer

    async def rank(self, request, context):
        self.ranked.append(request)
        who = PersonSnapshot.FromString(request.snapshot).person_ids[0]
        answer = ranker_pb.RankResponse()
        answer.versions.model = "m+1"
        placement = answer.placements.add(placement=request.context.placements[0].placement)
        if who not in self.without_room:
            likely = self.likely.get(who, 0.1)
            placement.chosen.add(acceptance_probability=likely, score=likely * 20.0)
        return answer


def limit(*channels, code=RemovalCode.CONTACT_LIMIT, rule="contacts.marketing", free_us=0, **more):
    """Say what the ledger closes on channels."""
    gate = rules_pb.Suppression(channels=channels, code=code, rule=rule, **more)
    if free_us:
        gate.free_time.FromMicroseconds(free_us)
    return gate


@asynccontextmanager
async def serving(peers):
    """Serve them, and lend a channel that leads to all three."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (
            _handler(
                "profile", StreamSnapshots=(peers.stream_snapshots, profile_pb, "StreamSnapshots")
            ),
            _handler(
                "rules",
                ListSuppressions=(peers.list_suppressions, rules_pb, "ListSuppressions"),
                Check=(peers.check, rules_pb, "Check"),
            ),
            _handler("ranker", Rank=(peers.rank, ranker_pb, "Rank")),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(grace=0)


def _handler(service, **rpcs):
    made = {}
    for name, (function, module, message) in rpcs.items():
        streams = name.startswith("Stream")
        make = (
            grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
        )
        request = getattr(module, f"{message}Request")
        made[name] = make(function, request.FromString, lambda answer: answer.SerializeToString())
    full = f"touchpoint.{service}.v1.{service.capitalize()}Service"
    return grpc.method_handlers_generic_handler(full, made)
