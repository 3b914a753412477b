"""Profile and rules as far as retrieval asks them, on a real server."""

import time
from collections.abc import Mapping
from contextlib import asynccontextmanager

import grpc.aio
import numpy as np

from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import Bundle, Placement

DAY_US = 86_400_000_000
BANNER, ITEM_PAGE = "web.home.banner", "web.item"
RUN, RIDE = range(1, 16), range(16, 31)
LOVED_HERE, RISING = 31, 32
"""What is bought where the banner shows it, and what is bought more these days."""
RUNNERS = "runners"


def bundle():
    """Return definitions of two placements and of an offer."""
    kinds = [OfferKind.PRODUCT, OfferKind.PROMOTION]
    return Bundle(
        bundle_hash="b",
        placements=[
            Placement(placement=name, channel=Channel.WEB, kinds=kinds)
            for name in (BANNER, ITEM_PAGE)
        ],
        offers=[Offer(offer_id="sale", kind=OfferKind.PROMOTION, title="Sale")],
    )


def persons():
    return [f"person-{number}" for number in range(60)]


def bought(now_us):
    """Yield what 60 persons bought, ten of fifteen things of one of two kinds, and two fashions."""
    random = np.random.default_rng(1)
    for number, person_id in enumerate(persons()):
        liked = RUN if number % 2 else RIDE
        for offer_no in random.choice(liked, 10, replace=False).tolist():
            yield person_id, offer_no, now_us - int(random.integers(4, 80)) * DAY_US, ""
    for number in range(8):
        yield f"guest-{number}", LOVED_HERE, now_us - 28 * DAY_US, BANNER
    for number in range(15):
        yield f"guest-{number}", RISING, now_us - 60_000_000, ""


async def stream_events(request, context):
    columns = EventColumns()
    rows = sorted(bought(time.time_ns() // 1000), key=lambda row: row[2])
    for person_id, offer_no, time_us, placement in rows:
        columns.person_ids.append(person_id)
        columns.types.append("purchase")
        columns.offer_nos.append(offer_no)
        columns.times_us.append(time_us)
        columns.received_us.append(time_us)
        columns.seqs.append(1)
        columns.placements.append(placement)
    yield profile_pb.StreamEventsResponse(position=1, events=columns)


async def stream_people(request, context):
    yield profile_pb.StreamPeopleResponse()


async def stream_personas(request, context):
    runners = persons()[1::2]
    yield profile_pb.StreamPersonasResponse(person_ids=runners, personas=[RUNNERS] * len(runners))


class Rules:
    """Has definitions from when a test says so, that items before them have the first numbers."""

    def __init__(self):
        self.is_defined = False

    async def get_active_bundle(self, request, context):
        return rules_pb.GetActiveBundleResponse(bundle_hash="b" if self.is_defined else "")


async def get_bundle(request, context):
    return rules_pb.GetBundleResponse(bundle=bundle())


async def acknowledge_bundle(request, context):
    return rules_pb.AcknowledgeBundleResponse()


_STREAMS = {"StreamEvents": stream_events, "StreamPeople": stream_people}
_STREAMS |= {"StreamPersonas": stream_personas}
_CALLS = {"GetBundle": get_bundle, "AcknowledgeBundle": acknowledge_bundle}


def _handlers(messages, rpcs: Mapping, make):
    return {
        name: make(
            rpc,
            getattr(messages, f"{name}Request").FromString,
            getattr(messages, f"{name}Response").SerializeToString,
        )
        for name, rpc in rpcs.items()
    }


@asynccontextmanager
async def peers():
    """Lend a channel that reaches both, and what says when there are definitions."""
    rules, server = Rules(), grpc.aio.server()
    streams = _handlers(profile_pb, _STREAMS, grpc.unary_stream_rpc_method_handler)
    answers = {**_CALLS, "GetActiveBundle": rules.get_active_bundle}
    calls = _handlers(rules_pb, answers, grpc.unary_unary_rpc_method_handler)
    for name, methods in (
        ("touchpoint.profile.v1.ProfileService", streams),
        ("touchpoint.rules.v1.RulesService", calls),
    ):
        handlers = grpc.method_handlers_generic_handler(name, methods)
        server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel, rules
    finally:
        await server.stop(grace=0)
