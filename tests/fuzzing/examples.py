"""Requests that a suite with the small shop answers well, to be spoilt in a place or two."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf.message import Message

from shared.call import CALLER
from shared.ids import new_id
from tests.journeys.channels import identities
from tests.journeys.shop import LAMP, SHOE
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem, Context, PlacementRequest
from touchpoint.common.v1.decision_pb2 import (
    Candidates,
    CartLine,
    DecisionContext,
    PlacementAsk,
)
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest
from touchpoint.retrieval.v1.retrieval_service_pb2 import GetPopularRequest, RetrieveRequest
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueRequest

TRUSTED = ((CALLER, "cli"),)
"""Metadata of a caller who may export and the like, where there are no keys."""
_ANSWER_S = 10.0
_SOMEBODY = identities({"customer": "fuzzed-1", "phone": "+12025550199"})
_PRICE = Money(amount="12.50", currency="USD")


def examples(rules_address: str) -> Mapping[str, list[Message]]:
    """Return requests by the full name of their type; rules is asked for the bundle in effect."""
    found = [*_of_the_edge(), *_behind(_bundle(rules_address))]
    by_type: dict[str, list[Message]] = {}
    for each in found:
        by_type.setdefault(each.DESCRIPTOR.full_name, []).append(each)
    return by_type


def _bundle(address: str) -> str:
    with grpc.insecure_channel(address) as channel:
        request = rules_pb.GetActiveBundleRequest(service="fuzzing", replica="1")
        answer = RulesServiceStub(channel).GetActiveBundle(
            request, timeout=_ANSWER_S, metadata=TRUSTED
        )
        return str(answer.bundle_hash)


def _of_the_edge() -> list[Message]:
    cart = [CartItem(item_id=LAMP, quantity=1, price=_PRICE)]
    context = Context(session_id="fuzzed", item_ids=[SHOE, LAMP], cart=cart, query="a lamp")
    places = (("web.home.banner", Channel.WEB), ("agent.prompt", Channel.CALL_CENTER))
    asked: list[Message] = [
        edge_pb.RecommendRequest(
            identities=_SOMEBODY,
            channel=channel,
            placements=[PlacementRequest(placement=placement, limit=5)],
            context=context,
            explain=True,
        )
        for placement, channel in (*places, ("ivr.menu", Channel.IVR))
    ]
    for type_ in ("view", "purchase", "search", "consent", "decline", "login"):
        event = Event(event_id=new_id(), type=type_, identities=_SOMEBODY, channel=Channel.WEB)
        event.item_id, event.quantity = LAMP, 1
        event.time.GetCurrentTime()
        event.attributes.update({"purpose": "marketing", "granted": True, "query": "lamp"})
        asked.append(edge_pb.TrackRequest(events=[event]))
    return [
        *asked,
        edge_pb.GetCustomerViewRequest(identities=_SOMEBODY),
        edge_pb.WatchCustomerRequest(identities=_SOMEBODY),
        edge_pb.GetPreferencesRequest(identities=_SOMEBODY),
        edge_pb.NextQuestionRequest(identities=_SOMEBODY),
        profile_pb.GetSnapshotRequest(identities=_SOMEBODY, keep_unknown=True),
    ]


def _behind(bundle: str) -> list[Message]:
    context = DecisionContext(
        decision_id=new_id(),
        bundle_hash=bundle,
        channel=Channel.WEB,
        placements=[PlacementAsk(placement="web.home.banner", limit=5)],
        session_id="fuzzed",
        item_nos=[1, 2],
        cart=[CartLine(offer_no=3, quantity=1, price_micros=12_500_000)],
        query="a lamp",
        explain=True,
    )
    snapshot = PersonSnapshot(person_ids=[new_id()]).SerializeToString()
    nos = list(range(1, 9))
    candidates = Candidates(
        offer_nos=nos, sources=[Source.POPULAR for _ in nos], scores=[0.5 for _ in nos]
    )
    of_person = {"context": context, "snapshot": snapshot}
    return [
        RetrieveRequest(**of_person, limit=50),
        GetPopularRequest(limit=20),
        rules_pb.CheckRequest(**of_person, candidates=candidates),
        rules_pb.CommitRequest(
            context=context, placements=[rules_pb.CommitPlacement(placement="web.home.banner")]
        ),
        RankRequest(**of_person, candidates=candidates, placement_bits=[1 for _ in nos]),
        GetDueRequest(**of_person),
    ]
