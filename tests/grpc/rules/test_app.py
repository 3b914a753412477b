"""The whole of rules as a process runs it, on PostgreSQL and NATS, with a catalogue of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest_asyncio
from google.protobuf.empty_pb2 import Empty

from services.rules.app import PRIORITISE, open_service
from services.rules.config import RulesSettings, shipped_definitions
from services.rules.definitions.files import read_folder
from services.rules.storage import MIGRATIONS
from shared.bus import Bus, Publication
from shared.bus.subjects import erasures_of, events_of, identities_of
from shared.call import PRIORITY, Call
from shared.hosting import hosted
from shared.opening import OPENERS
from shared.overload.priority import Priority
from shared.postgres import Database, open_database
from shared.runtime import Channels
from shared.setting_types import Listen
from shared.testing.background import until
from shared.testing.postgres import TestServer
from shared.transport.direct import DirectChannel
from tests.grpc.rules.rules_kit import (
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    ann,
    candidates,
    key,
    notices,
    offer,
    rows,
)
from touchpoint.common.v1.bus_pb2 import EventNotice, EventNotices, IdentityNotice, PersonErased
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Origin
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

NOW_US = 1_795_262_400_000_000
RECEIPT = 70


@asynccontextmanager
async def catalogue_server(
    told: asyncio.Event | None = None,
) -> AsyncIterator[grpc.aio.Channel]:
    """Serve a catalogue of one batch, to nobody before `told` is set."""
    receipt = offer(RECEIPT, OfferKind.CONTENT, attributes={"contact_policy": "transactional"})
    batch = CatalogueBatch(previous_version=0, version=1, rows=[*rows(NOW_US), receipt])

    async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
        if told:
            await told.wait()
        if request.version < batch.version:
            yield retrieval_pb.StreamCatalogueResponse(batch=batch)

    handler = grpc.unary_stream_rpc_method_handler(
        stream,
        request_deserializer=retrieval_pb.StreamCatalogueRequest.FromString,
        response_serializer=retrieval_pb.StreamCatalogueResponse.SerializeToString,
    )
    name = "touchpoint.retrieval.v1.RetrievalService"
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(name, {"StreamCatalogue": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(grace=0)


def settings_of(url: str, nats_url: str, home: Path) -> RulesSettings:
    return RulesSettings(
        postgres_url=url,
        nats_url=nats_url,
        listen=Listen("127.0.0.1", 0),
        home=home,
        deployment_key=bytes(32),
    )


@pytest_asyncio.fixture(loop_scope="session")
async def replicas(
    postgres: TestServer, nats_url: str, nats_bus: Bus, tmp_path: Path
) -> AsyncIterator[tuple[RulesServiceStub, RulesServiceStub]]:
    """Two replicas of rules while profile is away."""
    async with postgres.clone("rules", MIGRATIONS) as url, catalogue_server() as retrieval:
        settings = settings_of(url, nats_url, tmp_path)
        near = Channels(direct={"retrieval": retrieval, "profile": DirectChannel()})
        async with (
            hosted(settings, open_service, OPENERS, near) as one,
            hosted(settings, open_service, OPENERS, near) as other,
            asyncio.timeout(60),
        ):
            await one.health.serving.wait()
            await other.health.serving.wait()
            async with (
                grpc.aio.insecure_channel(str(one.grpc)) as first,
                grpc.aio.insecure_channel(str(other.grpc)) as second,
            ):
                yield RulesServiceStub(first), RulesServiceStub(second)


async def bundle_hash(rules: RulesServiceStub) -> str:
    request = pb.GetActiveBundleRequest(service="test", replica="test")
    return (await rules.GetActiveBundle(request, timeout=5)).bundle_hash


async def context(rules: RulesServiceStub, decision_id: str, **more: Any) -> DecisionContext:
    return DecisionContext(
        decision_id=decision_id,
        bundle_hash=await bundle_hash(rules),
        now_us=NOW_US,
        channel=Channel.WEB,
        placements=[PlacementAsk(placement="web.home.banner", limit=3)],
        **more,
    )


async def publish(bus: Bus, subject: str, proto: Any) -> None:
    await bus.publish([Publication.of(subject, 1, proto)])


async def test_two_replicas_agree_on_the_definitions_and_on_what_stands(replicas: Any) -> None:
    first, second = replicas
    assert await bundle_hash(first) == await bundle_hash(second)
    made = await context(first, "d1")
    placement = pb.CommitPlacement(
        placement="web.home.banner", chosen=notices("web.home.banner", (LAPTOP, GUIDE))
    )
    await first.Commit(
        pb.CommitRequest(
            context=made, person_ids=["ann"], standing_token=7, placements=[placement]
        ),
        timeout=5,
    )
    asked = pb.CheckRequest(
        context=await context(second, "d2"),
        snapshot=ann().SerializeToString(),
        candidates=candidates(GUIDE),
    )
    assert (await second.Check(asked, timeout=5)).standing_decision_id == "d1"


async def test_what_profile_tells_on_the_bus_reaches_the_ledger(
    replicas: Any, nats_bus: Bus
) -> None:
    rules, _ = replicas
    caller = key("phone of ann")
    await publish(
        nats_bus,
        identities_of("ann"),
        IdentityNotice(identity_key=caller, person_id="ann", person_ids=["ann"], version=1),
    )
    event = EventNotice(person_id="ann", time_us=NOW_US, received_us=NOW_US, origin=Origin.LIVE)
    decline = EventNotice(seq=1, type="decline", offer_no=LAPTOP, family_no=LAPTOP)
    decline.MergeFrom(event)
    sent = EventNotice(seq=2, type="contact_sent", event_id="m1", channel=Channel.EMAIL)
    sent.MergeFrom(event)
    imported = EventNotice(seq=3, type="contact_sent", event_id="m2", channel=Channel.EMAIL)
    imported.MergeFrom(event)
    imported.origin = Origin.HISTORY
    notices = EventNotices(notices=[imported, decline, sent])
    await publish(nats_bus, events_of("ann"), notices)

    async def told() -> pb.CheckResponse:
        request = pb.CheckRequest(
            context=await context(rules, "d", identity_keys=[caller]),
            candidates=candidates(LAPTOP, GUIDE),
        )
        return await rules.Check(request, timeout=5)

    async def arrived() -> bool:
        response = await told()
        return bool(response.person_ids) and response.balances[0].used == 2

    await until(arrived)
    assert list((await told()).removed.rules) == ["declined"]

    await publish(
        nats_bus,
        erasures_of("ann"),
        PersonErased(person_ids=["ann"], identity_keys=[caller], time_us=NOW_US),
    )

    async def forgotten() -> bool:
        return not (await told()).person_ids

    await until(forgotten)
    assert (await told()).balances[0].used == 0


async def test_a_message_told_of_before_the_catalogue_is_here_counts_as_its_offer_says(
    postgres: TestServer, nats_url: str, nats_bus: Bus, tmp_path: Path
) -> None:
    catalogue_told = asyncio.Event()
    async with (
        postgres.clone("rules", MIGRATIONS) as url,
        open_database(url, application="test", connections=1) as database,
        catalogue_server(catalogue_told) as retrieval,
    ):
        sent = EventNotice(
            person_id="cat", seq=1, type="contact_sent", event_id="m1", offer_no=RECEIPT
        )
        known = IdentityNotice(identity_key=key("cat"), person_id="cat", person_ids=["cat"])
        near = Channels(direct={"retrieval": retrieval, "profile": DirectChannel()})
        settings = settings_of(url, nats_url, tmp_path)
        async with hosted(settings, open_service, OPENERS, near), asyncio.timeout(60):
            await publish(nats_bus, events_of("cat"), EventNotices(notices=[sent]))
            await publish(nats_bus, identities_of("cat"), known)
            people = "SELECT count(*) FROM identities"
            await until(lambda: is_one(database, people))
            catalogue_told.set()
            messages = "SELECT count(*) FROM contacts WHERE policy = 'transactional'"
            await until(lambda: is_one(database, messages))


async def is_one(database: Database, question: str) -> bool:
    return bool(await database.fetchval(question) == 1)


async def test_an_impression_confirms_what_was_reserved(replicas: Any, nats_bus: Bus) -> None:
    rules, _ = replicas
    placement = pb.CommitPlacement(
        placement="web.home.banner", chosen=notices("web.home.banner", (FREE_SHIPPING,))
    )
    request = pb.CommitRequest(
        context=await context(rules, "d1"), person_ids=["bob"], placements=[placement]
    )
    await rules.Commit(request, timeout=5)
    seen = EventNotice(
        person_id="bob", seq=1, type="impression", decision_id="d1", offer_no=FREE_SHIPPING
    )
    await publish(nats_bus, events_of("bob"), EventNotices(notices=[seen]))

    async def confirmed() -> bool:
        stream = rules.StreamContacts(pb.StreamContactsRequest(), timeout=5)
        states = [contact.state async for part in stream for contact in part.contacts]
        return states == ["CONFIRMED"]

    await until(confirmed)


async def test_both_replicas_take_up_a_share_and_its_end_at_once(replicas: Any) -> None:
    first, second = replicas
    files = read_folder(shipped_definitions())
    for file in files:
        file.text = file.text.replace("declined_for: 30d", "declined_for: 31d")
    request = pb.ApplyDefinitionsRequest(files=files, share=0.25)
    trial = (await first.ApplyDefinitions(request, timeout=20)).trial

    async def everywhere(tried: str) -> bool:
        """Ask both to check for somebody in the share, each by its own pointer and bundles."""
        for rules in replicas:
            asked = pb.GetActiveBundleRequest(service="test", replica="test")
            state = await rules.GetActiveBundle(asked, timeout=5)
            if state.trial.bundle_hash != tried:
                return False
        return True

    await until(lambda: everywhere(trial.bundle_hash))
    for rules in replicas:
        made = await context(rules, "d", identity_keys=[key("nobody")])
        made.bundle_hash = trial.bundle_hash
        checked = await rules.Check(pb.CheckRequest(context=made), timeout=5)
        assert checked.versions.bundle_hash == trial.bundle_hash
    ended = await second.RollbackDefinitions(pb.RollbackDefinitionsRequest(), timeout=20)
    assert ended.ended == trial
    await until(lambda: everywhere(""))
    numbers = []
    for rules in replicas:
        answer = await rules.ListVersions(pb.ListVersionsRequest(), timeout=5)
        numbers.append([version.number for version in answer.versions])
    assert numbers == [[3, 2, 1], [3, 2, 1]]


async def test_of_two_who_apply_at_once_none_is_lost_without_a_word(replicas: Any) -> None:
    texts = ("declined_for: 31d", "declined_for: 32d")
    requests = []
    for text in texts:
        files = read_folder(shipped_definitions())
        for file in files:
            file.text = file.text.replace("declined_for: 30d", text)
        requests.append(pb.ApplyDefinitionsRequest(files=files, changed_by=text))
    answers = await asyncio.gather(
        *(
            rules.ApplyDefinitions(request, timeout=20)
            for rules, request in zip(replicas, requests, strict=True)
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert {error.code() for error in refused} <= {grpc.StatusCode.ABORTED}
    listed = await replicas[0].ListVersions(pb.ListVersionsRequest(), timeout=5)
    assert len(listed.versions) == 1 + len(answers) - len(refused)
    for text, answer in zip(texts, answers, strict=True):
        kept = [version for version in listed.versions if version.changed_by == text]
        assert len(kept) == (0 if answer in refused else 1)


def test_unconfirmed_answers_give_way_to_all_that_somebody_waits_for() -> None:
    for rpc, priority in (("KeepAnswers", Priority.BATCH), ("Commit", Priority.IVR)):
        call = Call(f"/rules/{rpc}", "r", metadata={PRIORITY: "ivr"})
        assert PRIORITISE(call, Empty()) is priority
