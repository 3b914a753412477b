"""Patterns found through the rpc: read of profile, searched aside, told with a scenario."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest

from services.rules.definitions import check_definitions
from services.scenario.domain.patterns.log import DAY_US, TOPICS
from services.scenario.patterns import __main__ as child
from services.scenario.patterns.search import PatternSearch
from services.scenario.storage.pattern_process import heard, pack, search_aside, unpack
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.clock import from_us
from shared.testing.clock import FakeClock
from shared.testing.grpc import grpc_service
from tests.grpc.scenario.conftest import servicer_of
from tests.unit.scenario.patterns.histories import (
    BEGIN_US,
    CATEGORIES,
    CHANNELS,
    TYPES,
    history,
)
from tests.unit.scenario.patterns.test_leaving import put_off
from tests.unit.scenario.shop import OneBundle, bundle, catalogue
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2_grpc import (
    ProfileServiceServicer,
    ProfileServiceStub,
    add_ProfileServiceServicer_to_server,
)
from touchpoint.rules.v1.rules_pb2 import DefinitionFile
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

DAYS, PEOPLE = 40, 250
AT_ONCE = 700
SHOES = 3
"""The only item of the catalogue that anybody does anything with."""


@dataclass
class Log(ProfileServiceServicer):
    """What profile tells: a history in which who reads about shipping hardly buys."""

    columns: list[EventColumns] = field(default_factory=list)
    refusing: list[str] = field(default_factory=list)
    sets: list[list[str]] = field(default_factory=list)
    asked: list[profile_pb.StreamEventsRequest] = field(default_factory=list)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def StreamEvents(self, request, context):  # noqa: N802 as the rpc is called
        self.asked.append(request)
        await self.goes_on.wait()
        for columns in self.columns:
            if set(request.types) & set(columns.types):
                wanted = [
                    place for place, name in enumerate(columns.types) if name in request.types
                ]
                yield profile_pb.StreamEventsResponse(events=_part(columns, wanted))

    async def StreamIdentities(self, request, context):  # noqa: N802
        sets = [profile_pb.PersonSet(person_ids=each) for each in self.sets]
        yield profile_pb.StreamIdentitiesResponse(sets=sets)

    async def StreamRefusals(self, request, context):  # noqa: N802
        assert request.purpose == "profiling"
        yield profile_pb.StreamRefusalsResponse(person_ids=self.refusing)

    async def StreamMemberships(self, request, context):  # noqa: N802
        yield profile_pb.StreamMembershipsResponse()

    async def StreamPeople(self, request, context):  # noqa: N802
        yield profile_pb.StreamPeopleResponse()


def _part(columns, places):
    return EventColumns(
        **{
            name.name: [getattr(columns, name.name)[place] for place in places]
            for name, _ in columns.ListFields()
        }
    )


def columns_of(log):
    """Return a history as profile tells it, some at a time."""
    deeds = log.deeds
    for begin in range(0, len(deeds), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        yield EventColumns(
            person_ids=[f"person-{each}" for each in deeds.person[part].tolist()],
            types=[TYPES[each] for each in deeds.type[part].tolist()],
            times_us=deeds.time_us[part].tolist(),
            categories=[
                CATEGORIES[each] and f"{CATEGORIES[each]} > New"
                for each in deeds.category[part].tolist()
            ],
            topics=deeds.topic[part].tolist(),
            channels=[Channel.Value.Value(CHANNELS[each]) for each in deeds.channel[part].tolist()],
            offer_nos=[SHOES] * len(deeds.time_us[part]),
            quantities=deeds.quantity[part].tolist(),
            value_micros=deeds.value_micros[part].tolist(),
        )


async def in_this_process(log, known, wanted, tell):
    """Search as the child does, through the same bytes both ways, without the cost of a process."""
    data = pack(log, known, wanted)
    given = io.BytesIO(len(data).to_bytes(8, "big") + data)
    written = io.BytesIO()
    child.run(*unpack(given.getvalue()[8:]), written)
    written.seek(0)
    return heard(written, tell)


@dataclass
class Shop:
    stub: ScenarioServiceStub
    log: Log
    search: PatternSearch

    async def answers(self, **asked):
        call = self.stub.FindPatterns(pb.FindPatternsRequest(**asked), timeout=60)
        return [each async for each in call]

    async def report(self, **asked):
        *_, last = await self.answers(**asked)
        return last.report


@asynccontextmanager
async def serving(log):
    server = grpc.aio.server()
    add_ProfileServiceServicer_to_server(log, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield ProfileServiceStub(channel)
    await server.stop(grace=0)


@pytest.fixture(scope="module")
def planted():
    return list(columns_of(history(1, people=PEOPLE, hazard=put_off)))


@pytest.fixture
async def shop(planted):
    log = Log(planted)
    log.goes_on.set()
    clock = FakeClock(from_us(BEGIN_US + DAYS * DAY_US))
    async with serving(log) as profile:
        search = PatternSearch(profile, catalogue(), OneBundle(), clock, in_this_process)
        servicer = servicer_of(patterns=search)
        contract = pb.DESCRIPTOR.services_by_name["ScenarioService"]
        async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
            yield Shop(ScenarioServiceStub(channel), log, search)


def since(days=DAYS):
    asked = pb.FindPatternsRequest()
    asked.since_time.FromMicroseconds(BEGIN_US + (DAYS - days) * DAY_US)
    return asked.since_time


async def test_what_was_planted_is_told_with_its_worth_and_a_scenario_that_passes_the_check(shop):
    answers = await shop.answers(since_time=since())
    report = answers[-1].report
    [found] = [each for each in report.sequences if each.clear]
    assert [each.text for each in found.steps] == [
        "add_to_cart in TVs",
        f"page_view about {TOPICS[1]}",
    ]
    assert found.expected < found.share_at_least < found.share <= found.share_at_most
    assert found.lift > found.lift_at_least > 1.0
    assert found.worth_micros % 50_000_000 == 0
    assert 0 < found.lost_micros < found.worth_micros
    assert (report.currency, report.people, report.checkouts > 0) == ("EUR", PEOPLE, True)
    assert 'event.category.startsWith("TVs > ")' in found.skeleton
    assert "free_shipping" in found.skeleton
    told = [
        *(each.skeleton for each in report.sequences),
        *(each.skeleton for each in report.left_from),
    ]
    assert all(each.startswith("# Found in what people did from 2026-") for each in told)
    for text in told:
        offers = "".join(
            f"  - {{offer_id: {each.offer_id}, kind: PROMOTION, title: A}}\n"
            for each in bundle().offers
        )
        places = (
            "placements:\n  - {placement: a, channel: WEB, kinds: [PROMOTION], limit: 1,"
            " default_offers: [d]}\noffers:\n"
            "  - {offer_id: d, kind: PROMOTION, title: D, is_default: true}\n"
        )
        files = {"offers.yaml": places + offers, "new.yaml": text}
        checked = check_definitions(
            [DefinitionFile(path=path, text=told) for path, told in files.items()]
        )
        assert not checked.problems


async def test_it_says_how_far_it_is(shop):
    steps = [each.step for each in await shop.answers(since_time=since())]
    assert steps[0] == "reading who is one with whom"
    assert "reading the event log" in steps
    assert "looking for what ends in leaving" in steps
    assert steps[-1] == ""


async def test_who_refused_to_be_learned_from_is_not_counted(shop):
    shop.log.refusing = [f"person-{number}" for number in range(0, PEOPLE, 2)]
    assert (await shop.report(since_time=since())).people == PEOPLE // 2


async def test_persons_of_one_set_are_one(shop):
    shop.log.sets = [[f"person-{number}", f"person-{number + 1}"] for number in range(0, PEOPLE, 2)]
    assert (await shop.report(since_time=since())).people == PEOPLE // 2


async def test_only_the_time_asked_for_is_looked_at(shop):
    whole = await shop.report(since_time=since())
    some = await shop.report(since_time=since(days=10))
    assert 0 < some.events < whole.events / 2
    first, second = shop.log.asked[-2:]
    assert (list(first.types), len(second.types) > 5) == (["purchase"], True)
    assert first.since_time.ToMicroseconds() < second.since_time.ToMicroseconds()


async def test_a_time_that_ends_before_it_begins_is_refused(shop):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await shop.answers(since_time=since(days=0))
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await shop.answers(at_most=101)
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_second_search_is_refused_while_one_is_under_way_and_not_after(shop):
    shop.log.goes_on.clear()
    first = shop.stub.FindPatterns(pb.FindPatternsRequest(), timeout=60)
    await first.read()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await shop.answers()
    assert failed.value.code() is grpc.StatusCode.ABORTED
    shop.log.goes_on.set()
    while (answer := await first.read()) is not grpc.aio.EOF:
        last = answer
    assert last.HasField("report")
    assert (await shop.report()).events


async def test_a_caller_that_leaves_ends_the_search(shop):
    shop.log.goes_on.clear()
    first = shop.stub.FindPatterns(pb.FindPatternsRequest(), timeout=60)
    await first.read()
    first.cancel()
    shop.log.goes_on.set()
    while shop.search.is_busy:
        await asyncio.sleep(0)
    assert (await shop.report()).events


async def test_too_much_is_refused(shop, monkeypatch):
    monkeypatch.setattr("services.scenario.storage.pattern_log.MOST_EVENTS", 1000)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await shop.answers(since_time=since())
    assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "--history" in failed.value.details()


async def test_of_an_empty_log_a_report_says_nothing(shop):
    shop.log.columns = []
    report = await shop.report()
    assert (report.events, len(report.sequences), len(report.traits)) == (0, 0, 0)


async def test_the_process_beside_finds_what_is_found_here(shop):
    shop.log.columns = shop.log.columns[:4]
    found = await shop.report(since_time=since())
    shop.search.search = search_aside
    assert await shop.report(since_time=since()) == found
