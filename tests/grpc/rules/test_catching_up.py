"""What the bus lost is read from profile's logs, from where they were left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest_asyncio

from services.rules.storage import MIGRATIONS
from services.rules.storage.catching_up import CatchingUp
from services.rules.storage.ledger import PostgresLedger
from shared.testing.plugin import FreshDatabase
from tests.grpc.rules.rules_kit import key
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub


class Logs:
    """Profile, as far as rules reads its logs: one event and one pseudonym per position."""

    def __init__(self) -> None:
        self.declines: list[tuple[str, int]] = []
        self.pseudonyms: list[tuple[bytes, str]] = []
        self.asked: list[int] = []

    async def stream_events(self, request: Any, context: Any) -> AsyncIterator[Any]:
        assert list(request.types) == ["decline"]
        self.asked.append(request.position)
        for position, (person, offer_no) in enumerate(self.declines, start=1):
            if position > request.position:
                columns = EventColumns(
                    person_ids=[person], offer_nos=[offer_no], family_nos=[0], times_us=[position]
                )
                yield profile_pb.StreamEventsResponse(position=position, events=columns)

    async def stream_identities(self, request: Any, context: Any) -> AsyncIterator[Any]:
        for position, (name, person) in enumerate(self.pseudonyms, start=1):
            if position > request.position:
                found = profile_pb.PersonSet(person_ids=[person], person_id=person, version=1)
                yield profile_pb.StreamIdentitiesResponse(
                    position=position, identity_keys=[key(name.decode())], sets=[found]
                )


@pytest_asyncio.fixture(loop_scope="session")
async def logs() -> AsyncIterator[tuple[Logs, grpc.aio.Channel]]:
    served = Logs()
    handlers = {
        name: grpc.unary_stream_rpc_method_handler(
            behaviour,
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
        for name, behaviour, request, response in (
            (
                "StreamEvents",
                served.stream_events,
                profile_pb.StreamEventsRequest,
                profile_pb.StreamEventsResponse,
            ),
            (
                "StreamIdentities",
                served.stream_identities,
                profile_pb.StreamIdentitiesRequest,
                profile_pb.StreamIdentitiesResponse,
            ),
        )
    }
    server = grpc.aio.server()
    service = grpc.method_handlers_generic_handler("touchpoint.profile.v1.ProfileService", handlers)
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield served, channel
    await server.stop(grace=0)


async def test_each_start_goes_on_where_the_last_one_ended(
    logs: tuple[Logs, grpc.aio.Channel], fresh_database: FreshDatabase
) -> None:
    served, channel = logs
    database = await fresh_database("rules", MIGRATIONS)
    ledger = PostgresLedger(database)
    served.pseudonyms.append((b"phone", "ann"))
    served.declines += [("ann", 7), ("bob", 8)]
    await CatchingUp(database, ProfileServiceStub(channel)).catch_up()
    found = await ledger.facts_by_identity([key("phone").key], 0, 0, 100)
    assert (found.person_ids, found.declines) == (("ann",), ((7, 1),))

    served.declines.append(("ann", 9))
    await CatchingUp(database, ProfileServiceStub(channel)).catch_up()
    again = await ledger.facts_by_identity([key("phone").key], 0, 0, 100)
    assert set(again.declines) == {(7, 1), (9, 3)}
    assert served.asked == [0, 2]
