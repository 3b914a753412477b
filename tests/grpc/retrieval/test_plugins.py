"""Plug-ins on real servers: those that help, and those that fail in every way."""

import asyncio
import importlib.util
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from services.retrieval.domain.external import Told
from services.retrieval.domain.query import NO_PROPOSALS
from services.retrieval.domain.retriever import Retriever
from services.retrieval.plugins import Plugins, open_plugins
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.call import own_call
from tests.grpc.retrieval.replicas import CANDIDATES, Retrieval, item
from tests.grpc.retrieval.test_retrieve import ask, snapshot_of
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.vocabulary_pb2 import Arm, Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.candidate_source_service_pb2 import (
    DESCRIPTOR,
    ProposeRequest,
    ProposeResponse,
)

ROOT = Path(__file__).parents[3]
METHOD = f"/{DESCRIPTOR.services_by_name['CandidateSourceService'].full_name}/Propose"


class Plugin(grpc.GenericRpcHandler):
    """Answers every question with what `answer` makes of it, bytes as they are."""

    def __init__(self, answer):
        self._answer = answer
        self.asked = []

    def service(self, details):
        assert details.method == METHOD
        return grpc.unary_unary_rpc_method_handler(
            self._propose, ProposeRequest.FromString, lambda answer: answer
        )

    async def _propose(self, request, context):
        self.asked.append(request)
        answer = await self._answer(request, context)
        return answer if isinstance(answer, bytes) else answer.SerializeToString()


def proposing(*rows):
    async def answer(request, context):
        response = ProposeResponse()
        for row in rows:
            response.proposals.add(**row)
        return response

    return Plugin(answer)


@asynccontextmanager
async def serving(plugin):
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((plugin,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@contextmanager
def serving_in_threads(propose):
    """Serve a plug-in that needs nothing of the event loop."""
    handler = grpc.unary_unary_rpc_method_handler(
        propose, ProposeRequest.FromString, ProposeResponse.SerializeToString
    )
    service, method = METHOD[1:].split("/")
    handlers = grpc.method_handlers_generic_handler(service, {method: handler})
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads, handlers=[handlers])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


@asynccontextmanager
async def shop_with(in_memory_bus, clock, *addresses):
    async with open_plugins(addresses) as stubs:
        retrieval = Retrieval(InMemoryCatalogue(), in_memory_bus, clock, plugins=stubs)
        async with retrieval.serving():
            await retrieval.items(
                item("milk"),
                item("tv", category="Video > TV"),
                item("spade", category="Garden"),
                item("sold-out", stock=0),
            )
            yield retrieval


async def retrieved(retrieval, *, timeout=5, snapshot=None, **context):
    request = ask(retrieval, snapshot, **context)
    response = await retrieval.stub.Retrieve(request, timeout=timeout)
    found = zip(retrieval.ids(response.candidates), response.candidates.sources, strict=True)
    reports = [each for each in response.sources if each.plugin]
    return response.candidates, dict(found), reports


async def test_what_a_plug_in_proposes_is_a_candidate_with_its_sentence(in_memory_bus, clock):
    plugin = proposing(
        {"offer_id": "spade", "score": 0.9, "evidence_text": "Spring is here"},
        {"offer_no": 2, "score": 0.5, "evidence_item_id": "milk", "evidence_text": "x" * 201},
    )
    async with (
        serving(plugin) as address,
        shop_with(in_memory_bus, clock, ("editors", address)) as retrieval,
    ):
        candidates, found, (report,) = await retrieved(retrieval)
        assert (found["spade"], found["tv"]) == (Source.EXTERNAL, Source.EXTERNAL)
        at = {name: place for place, name in enumerate(retrieval.ids(candidates))}
        assert candidates.evidence_texts[at["spade"]] == "Spring is here"
        assert candidates.evidence_texts[at["tv"]] == ""
        assert candidates.evidence_nos[at["tv"]] == retrieval.no("milk")
        assert (report.source, report.plugin, report.candidates) == ("EXTERNAL", "editors", 2)
        assert (report.failure, report.dropped) == ("", 0)


async def test_a_plug_in_is_asked_before_our_own_sources_compute():
    asked = threading.Event()

    def propose(request, context):
        asked.set()
        return ProposeResponse()

    class Computes:
        """Holds the event loop until the plug-in was asked."""

        is_personal = False
        was_asked = False

        def propose(self, query):
            self.was_asked = asked.wait(5.0)
            return NO_PROPOSALS

    shop, computes = Shop(), Computes()
    retriever = Retriever(shop.catalogue, {Source.POPULAR: computes}, {Source.POPULAR: 1.0})
    with serving_in_threads(propose) as address:
        async with open_plugins([("editors", address)]) as stubs:
            plugins = Plugins(stubs, shop.catalogue, 0.5)
            call, query = own_call("/touchpoint.test/Retrieve"), shop.query()
            asked_for = plugins.ask(call, pb.RetrieveRequest(), query, 10.0)
            await retriever.retrieve(query, 10.0, asked_for)
    assert computes.was_asked


async def test_unknown_and_unshowable_offers_are_dropped_and_counted(in_memory_bus, clock):
    plugin = proposing(
        {"offer_id": "nothing", "score": 1.0},
        {"offer_id": "sold-out", "score": 1.0},
        {"offer_no": 4_000_000_000, "score": 1.0},
        {"offer_id": "milk", "score": float("nan")},
        *({"offer_id": "spade", "score": 0.5} for _ in range(3000)),
    )
    async with (
        serving(plugin) as address,
        shop_with(in_memory_bus, clock, ("wild", address)) as retrieval,
    ):
        _, found, (report,) = await retrieved(retrieval)
        assert found["spade"] == Source.EXTERNAL
        assert (report.candidates, report.dropped, report.failure) == (1, 3003, "")


async def rubbish(request, context):
    return b"\xff\xff\xff rubbish"


async def enormous(request, context):
    response = ProposeResponse()
    for _ in range(20_000):
        response.proposals.add(offer_id="spade", score=0.5, evidence_text="x" * 30)
    return response


async def refusing(request, context):
    await context.abort(grpc.StatusCode.UNAVAILABLE, "closed on Sundays")


async def raising(request, context):
    raise ValueError("a mistake of the plug-in's own")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (rubbish, "UNREADABLE"),
        (enormous, "OVERLOADED"),
        (refusing, "UNAVAILABLE"),
        (raising, "INTERNAL"),
    ],
)
async def test_a_plug_in_that_fails_costs_only_its_own(in_memory_bus, clock, answer, failure):
    async with (
        serving(Plugin(answer)) as bad,
        serving(proposing({"offer_id": "spade", "score": 0.5})) as good,
        shop_with(in_memory_bus, clock, ("bad", bad), ("good", good)) as retrieval,
    ):
        _, found, reports = await retrieved(retrieval)
        assert found["spade"] == Source.EXTERNAL
        assert {"milk", "tv"} <= set(found)
        assert [(each.plugin, each.failure) for each in reports] == [("bad", failure), ("good", "")]


async def test_one_that_does_not_answer_is_left_alone_in_the_end(in_memory_bus, clock):
    leave = asyncio.Event()

    async def sleeping(request, context):
        await leave.wait()
        return ProposeResponse()

    plugin = Plugin(sleeping)
    async with (
        serving(plugin) as address,
        shop_with(in_memory_bus, clock, ("slow", address)) as retrieval,
    ):
        failures = []
        for _ in range(8):
            _, found, (report,) = await retrieved(retrieval, timeout=0.2)
            assert {"milk", "tv", "spade"} == set(found)
            failures.append(report.failure)
        leave.set()
        assert set(failures[:5]) <= {"NO_TIME_LEFT", "DEADLINE_PASSED", "DEADLINE_EXCEEDED"}
        assert failures[-1] == "RESTING"
        assert len(plugin.asked) < 8


async def test_one_whose_asking_breaks_is_left_alone_too(in_memory_bus, clock):
    class Broken:
        def Propose(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
            raise RuntimeError("the channel is closed")

    async with open_plugins(()) as stubs:
        stubs["broken"] = Broken()
        retrieval = Retrieval(InMemoryCatalogue(), in_memory_bus, clock, plugins=stubs)
        async with retrieval.serving():
            await retrieval.items(item("milk"))
            failures = []
            for _ in range(6):
                _, found, (report,) = await retrieved(retrieval)
                assert set(found) == {"milk"}
                failures.append(report.failure)
    assert failures == ["DEFECT"] * 5 + ["RESTING"]


async def test_one_that_is_not_there_costs_only_its_own(in_memory_bus, clock):
    async with shop_with(in_memory_bus, clock, ("away", "127.0.0.1:1")) as retrieval:
        _, found, (report,) = await retrieved(retrieval)
        assert {"milk", "tv", "spade"} == set(found)
        assert report.failure == "UNAVAILABLE"


async def test_a_plug_in_hears_no_pseudonym_and_of_nobody_when_it_is_a_gift(in_memory_bus, clock):
    plugin = proposing()
    async with (
        serving(plugin) as address,
        shop_with(in_memory_bus, clock, ("editors", address)) as retrieval,
    ):
        snapshot = snapshot_of(retrieval)
        snapshot.consents.append("sharing")
        for context in ({}, {"recipient": {"age": 30}}, {"arm": Arm.HOLDOUT}):
            request = ask(retrieval, snapshot, session_id="s", **context)
            request.context.identity_keys.append(IdentityKey(key=b"1" * 32))
            await retrieval.stub.Retrieve(request, timeout=5)
        known, gift = plugin.asked
        assert known.snapshot == snapshot.SerializeToString()
        assert known.limit == CANDIDATES
        assert known.context.placements[0].placement == "web.home.banner"
        assert not known.context.identity_keys
        assert not known.context.session_id
        assert not gift.snapshot


async def test_a_plug_in_hears_only_of_those_who_agreed_to_sharing(in_memory_bus, clock):
    plugin = proposing()
    async with (
        serving(plugin) as address,
        shop_with(in_memory_bus, clock, ("editors", address)) as retrieval,
    ):
        snapshot = snapshot_of(retrieval)
        for consents, refusals in (([], []), (["sharing"], []), (["sharing"], ["sharing"])):
            del snapshot.consents[:], snapshot.refusals[:]
            snapshot.consents.extend(consents)
            snapshot.refusals.extend(refusals)
            await retrieved(retrieval, snapshot=snapshot, item_nos=[retrieval.no("tv")])
        assert [bool(question.snapshot) for question in plugin.asked] == [False, True, False]
        assert all(question.context.item_nos for question in plugin.asked)


@pytest.mark.parametrize(
    ("told", "agrees", "hears"),
    [
        (Told.EVERYBODY, False, True),
        (Told.AGREED, False, False),
        (Told.AGREED, True, True),
        (Told.NOBODY, True, False),
    ],
)
async def test_of_whom_plug_ins_hear_is_a_setting(told, agrees, hears):
    plugin, shop = proposing(), Shop()
    request = pb.RetrieveRequest(snapshot=b"of somebody")
    async with serving(plugin) as address, open_plugins([("own", address)]) as stubs:
        plugins = Plugins(stubs, shop.catalogue, 0.5, told=told)
        query = shop.query(person=replace(shop.person(), agrees_to_sharing=agrees))
        (asked,) = plugins.ask(own_call("/touchpoint.test/Retrieve"), request, query, 10.0)
        await asked.answer
    (question,) = plugin.asked
    assert bool(question.snapshot) is hears


async def test_the_example_proposes_what_the_editors_picked(in_memory_bus, clock):
    spec = importlib.util.spec_from_file_location(
        "editors_picks", ROOT / "deploy/plugins/editors_picks.py"
    )
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    rows = [
        {"offer_id": "spade", "category": "Garden", "sentence": "For the garden"},
        {"offer_id": "milk", "category": "", "sentence": "For all"},
    ]
    server, port = await example.serve(rows, "127.0.0.1:0")
    try:
        async with shop_with(in_memory_bus, clock, ("editors", f"127.0.0.1:{port}")) as retrieval:
            candidates, found, (report,) = await retrieved(retrieval)
            assert found["milk"] == Source.EXTERNAL
            assert "For all" in candidates.evidence_texts
            assert report.candidates == 1
            garden = {"category": "Garden"}
            _, _, (report,) = await retrieved(retrieval, attributes=garden)
            assert report.candidates == 2
    finally:
        await server.stop(None)


async def test_at_a_low_quality_a_plug_in_is_not_asked_and_that_is_told(in_memory_bus, clock):
    plugin = proposing({"offer_id": "spade", "score": 0.9})
    async with (
        serving(plugin) as address,
        shop_with(in_memory_bus, clock, ("editors", address)) as retrieval,
    ):
        for quality, failures in ((0.4, ["SPARED"]), (0.5, [""])):
            request = ask(retrieval)
            request.quality = quality
            response = await retrieval.stub.Retrieve(request, timeout=5)
            assert [each.failure for each in response.sources if each.plugin] == failures
    assert len(plugin.asked) == 1
