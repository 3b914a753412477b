"""What the bus lost is read from profile's logs, from where they were left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import grpc
import grpc.aio
import pytest_asyncio

from services.rules.app import _imported_since_us
from services.rules.definitions import compile_policy
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.budgets import Budget
from services.rules.domain.changes import Contacted, Declined
from services.rules.domain.counters import Terms
from services.rules.domain.retention import Keep
from services.rules.storage import MIGRATIONS
from services.rules.storage.catching_up import CatchingUp
from services.rules.storage.consumers import completed
from services.rules.storage.ledger import PostgresLedger
from shared.bus import InMemoryBus
from shared.bus.subjects import HISTORY_IMPORTED
from shared.definitions import BundleFollower
from shared.postgres import Database
from shared.testing.clock import FakeClock
from shared.testing.plugin import FreshDatabase
from tests.contract.rules.ledger_kit import reservation
from tests.contract.rules.promise_kit import PROMOTION, promised, promising, spend, wanted
from tests.grpc.rules.rules_kit import key
from touchpoint.common.v1.vocabulary_pb2 import Channel, Origin
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

NOW = 1_795_262_400_000_000
TRANSACTIONAL = 12
DAY = 86_400_000_000


class CountingBus(InMemoryBus):
    """Keeps what it was asked to hear of."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    async def on_notice(self, subject: str, notice: Any) -> None:
        self.heard.append(subject)


class Logs:
    """Profile, as far as rules reads its logs: one event and one pseudonym per position."""

    def __init__(self) -> None:
        self.events: list[EventColumns] = []
        self.pseudonyms: list[tuple[bytes, str]] = []
        self.asked: list[int] = []

    def add(self, type_: str, person_id: str = "ann", **cells: Any) -> None:
        """Write one event, live unless it is said to be imported."""
        place = len(self.events) + 1
        given = {
            "person_ids": person_id,
            "seqs": place,
            "types": type_,
            "times_us": place,
            "received_us": place,
            "channels": Channel.EMAIL,
            "origins": Origin.LIVE,
            "offer_nos": 0,
            "family_nos": 0,
            "decision_ids": "",
            "session_ids": "",
            "event_ids": f"e{place}",
            **cells,
        }
        self.events.append(EventColumns(**{name: [cell] for name, cell in given.items()}))

    async def stream_events(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.asked.append(request.position)
        for position, event in enumerate(self.events, start=1):
            if (
                position > request.position
                and event.types[0] in request.types
                and event.origins[0] in request.origins
            ):
                yield profile_pb.StreamEventsResponse(position=position, events=event)

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


@dataclass
class Scene:
    """Rules beside a profile that only has logs."""

    logs: Logs
    profile: ProfileServiceStub
    database: Database
    ledger: PostgresLedger

    async def catch_up(self) -> None:
        """Read what is new, as a service does that was just started."""
        terms = {TRANSACTIONAL: Terms("transactional", 2), PROMOTION: Terms(kind=2)}
        complete = partial(
            completed,
            terms_of=lambda offer_no: terms.get(offer_no, Terms()),
            number_of=lambda offer_id: PROMOTION if offer_id == "spring" else 0,
        )
        reader = CatchingUp(self.database, self.profile, complete, lambda: NOW - 90 * DAY)
        await reader.catch_up()

    async def start_again(self) -> None:
        """Forget how far the logs were read, as after a crash that lost it."""
        await self.database.execute("DELETE FROM log_positions")

    async def sent(self, *persons: str) -> list[tuple[str, int]]:
        found = await self.ledger.contacts(persons or ("ann",), 0, NOW)
        return sorted((each.policy, each.time_us) for each in found)


@pytest_asyncio.fixture(loop_scope="session")
async def scene(logs: tuple[Logs, grpc.aio.Channel], fresh_database: FreshDatabase) -> Scene:
    served, channel = logs
    database = await fresh_database("rules", MIGRATIONS)
    return Scene(served, ProfileServiceStub(channel), database, PostgresLedger(database))


async def test_each_start_goes_on_where_the_last_one_ended(scene: Scene) -> None:
    logs, ledger = scene.logs, scene.ledger
    logs.pseudonyms.append((b"phone", "ann"))
    logs.add("decline", offer_nos=7)
    logs.add("decline", "bob", offer_nos=8)
    await scene.catch_up()
    found = await ledger.facts_by_identity([key("phone").key], 0, 0, 100)
    assert (found.person_ids, found.declines) == (("ann",), ((7, 1),))

    logs.add("decline", offer_nos=9, origins=Origin.HISTORY)
    logs.add("decline", offer_nos=10)
    await scene.catch_up()
    again = await ledger.facts_by_identity([key("phone").key], 0, 0, 100)
    assert set(again.declines) == {(7, 1), (9, 3), (10, 4)}
    assert logs.asked == [0, 0, 0, 2]  # what was imported, and what was not


async def test_imported_mailings_are_contacts_of_when_they_were_sent_and_count_once(
    scene: Scene,
) -> None:
    history: Any = {"origins": Origin.HISTORY, "seqs": 0}
    scene.logs.add("contact_sent", times_us=NOW - 2 * DAY, **history)
    scene.logs.add("contact_sent", times_us=NOW - DAY, offer_nos=TRANSACTIONAL, **history)
    scene.logs.add("contact_sent", "bob", times_us=NOW - DAY, **history)
    scene.logs.add("contact_sent", times_us=NOW - 91 * DAY, **history)
    for _ in range(2):
        await scene.catch_up()
        await scene.start_again()
        assert await scene.sent() == [
            ("marketing", NOW - 2 * DAY),
            ("transactional", NOW - DAY),
        ]
        assert len(await scene.sent("ann", "bob")) == 3


async def test_of_erased_persons_nothing_imported_is_kept(scene: Scene) -> None:
    await scene.ledger.erase(["ann"], [])
    scene.logs.add("contact_sent", times_us=NOW, origins=Origin.HISTORY)
    await scene.catch_up()
    assert await scene.sent() == []


async def test_a_mailing_that_was_reserved_and_is_imported_is_one_contact(scene: Scene) -> None:
    for contact_id in ("e1", "other"):
        assert await scene.ledger.reserve(reservation(contact_id))
    scene.logs.add("contact_sent", times_us=NOW, origins=Origin.HISTORY)
    await scene.catch_up()
    assert len(await scene.sent()) == 2  # it, and the reservation of another one
    later_us = NOW + 2 * DAY
    assert len(await scene.ledger.contacts(["ann"], 0, later_us)) == 1


async def test_a_message_that_the_bus_lost_counts_and_one_that_it_told_counts_once(
    scene: Scene,
) -> None:
    await scene.ledger.reserve(reservation("r1"))
    await scene.ledger.reserve(reservation("r2", now_us=NOW + 1))
    scene.logs.add("contact_sent", times_us=NOW)
    told = Contacted("event/ann/1", "e1", "ann", "", Channel.EMAIL, 0, "", NOW)
    await scene.ledger.note([told])  # confirms r1
    await scene.catch_up()
    later_us = NOW + 2 * DAY  # when r2 has lapsed
    assert len(await scene.ledger.contacts(["ann"], 0, later_us)) == 1
    scene.logs.add("contact_sent", channels=Channel.SMS, times_us=NOW)
    await scene.catch_up()
    await scene.ledger.note([replace(told, contact_id="event/ann/2", channel=Channel.SMS)])
    assert len(await scene.ledger.contacts(["ann"], 0, later_us)) == 2


async def test_a_redemption_that_the_bus_lost_ends_its_promise_and_is_spent_once(
    scene: Scene,
) -> None:
    for person in ("ann", "bob"):
        made = promising(person, wanted(PROMOTION, Budget(5)), persons=(person,))
        await scene.ledger.commit(made)
    item: Any = {"times_us": NOW, "received_us": NOW, "offer_nos": 4, "family_nos": 4}
    scene.logs.add("purchase", promotion_ids="spring", **item)
    scene.logs.add("purchase", "bob", **item)
    for _ in range(2):
        await scene.catch_up()
        await scene.start_again()
        assert await promised(scene.ledger, "ann") == []
        assert await promised(scene.ledger, "bob") == [PROMOTION]
        assert await spend(scene.ledger) == {"": (1, 1)}
    # What is promised to her anew is not what she redeemed.
    again = promising("again", wanted(PROMOTION, Budget(5)), now_us=NOW + 1)
    await scene.ledger.commit(again)
    await scene.catch_up()
    assert await promised(scene.ledger, "ann") == [PROMOTION]


async def test_a_decline_told_again_ends_nothing_that_was_promised_since(scene: Scene) -> None:
    scene.logs.add("decline", times_us=NOW, offer_nos=PROMOTION, decision_ids="d")
    await scene.ledger.note([Declined("ann", PROMOTION, PROMOTION, NOW, "d")])
    await scene.ledger.commit(promising("d", wanted(), now_us=NOW + 1))
    await scene.catch_up()
    assert await promised(scene.ledger, "ann") == [PROMOTION]


async def test_however_often_it_is_started_it_hears_of_imports_once(scene: Scene) -> None:
    bus = CountingBus()
    reader = CatchingUp(scene.database, scene.profile, list, lambda: 0)
    for _ in range(3):
        await reader.listen(bus)
    assert bus.heard == [HISTORY_IMPORTED]


def test_without_definitions_imported_messages_count_for_as_long_as_with_the_shortest() -> None:
    source: Any = None
    bundles = BundleFollower[CompiledBundle](InMemoryBus(), source, compile_policy)
    clock = FakeClock()
    assert _imported_since_us(bundles, clock) == clock.now_us() - Keep.IMPORTED_CONTACT_US
