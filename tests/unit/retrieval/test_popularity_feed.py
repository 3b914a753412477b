"""How counts are fed: from the log at the start, then from the bus, each event once."""

import asyncio

import grpc.aio
import pytest

from services.retrieval.storage.popularity import PopularityFeed
from shared.background import running
from shared.bus import InMemoryBus, Publication
from shared.bus.subjects import HISTORY_IMPORTED, events_of
from shared.errors import Unavailable
from tests.unit.retrieval.shop import NOW_US
from touchpoint.common.v1.bus_pb2 import EventNotice, EventNotices, HistoryImported
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsResponse

SECOND_US = 1_000_000


class Log:
    """Profile's event log, as far as StreamEvents shows it."""

    def __init__(self):
        self.events = []
        self.requests = []
        self.is_down = False
        self.while_read = lambda: None

    def add(self, person, seq, offer_no, event_type="purchase", received_us=NOW_US, placement=""):
        self.events.append((person, seq, offer_no, event_type, received_us, placement))

    def StreamEvents(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        self.requests.append(request)
        return Stream(self)


class Stream:
    def __init__(self, log):
        self._log = log

    async def __aiter__(self):
        if self._log.is_down:
            raise grpc.aio.AioRpcError(
                grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata()
            )
        for person, seq, offer_no, event_type, received_us, placement in self._log.events:
            response = StreamEventsResponse()
            response.events.person_ids.append(person)
            response.events.seqs.append(seq)
            response.events.offer_nos.append(offer_no)
            response.events.types.append(event_type)
            response.events.times_us.append(NOW_US)
            response.events.received_us.append(received_us)
            if placement:
                response.events.placements.append(placement)
            yield response
            self._log.while_read()

    def cancel(self):
        return True


class Fed:
    """A feed on a bus of its own."""

    def __init__(self):
        self.log, self.bus, self.personas = Log(), InMemoryBus(), {}
        self.feed = PopularityFeed(self.bus, self.log, lambda: NOW_US, self._personas)
        self.recounted = asyncio.Event()
        self.feed.on_recount = self.recounted.set

    async def _personas(self):
        if self.personas is None:
            raise Unavailable("profile is starting", reason="NOT_READY")
        yield self.personas

    async def recount(self):
        async with asyncio.timeout(5):
            await self.recounted.wait()
        self.recounted.clear()

    async def publish(
        self,
        person,
        seq,
        offer_no,
        event_type="purchase",
        received_us=NOW_US + 1,
        placement="",
    ):
        notice = EventNotice(
            person_id=person,
            seq=seq,
            offer_no=offer_no,
            type=event_type,
            time_us=NOW_US,
            received_us=received_us,
            placement=placement,
        )
        notices = EventNotices(notices=[notice])
        await self.bus.publish([Publication.of(events_of(person), 1, notices)])

    async def import_history(self):
        await self.bus.publish([Publication.of(HISTORY_IMPORTED, 1, HistoryImported())])

    def sold(self):
        return self.feed.popularity.sold(4, NOW_US).tolist()[1:]

    def taken(self, placement):
        nos, heat = self.feed.crowds.at[placement].as_of(NOW_US)
        return dict(zip(nos.tolist(), heat.tolist(), strict=True))

    async def sold_becomes(self, *wanted):
        async with asyncio.timeout(5):
            while self.sold() != list(wanted):
                await asyncio.sleep(0)


@pytest.fixture
async def fed():
    return Fed()


async def test_counting_starts_with_the_log_of_the_last_months(fed):
    fed.log.add("ada", 1, 2)
    fed.log.add("bob", 1, 2)
    fed.log.add("bob", 2, 3, "view")
    async with running({"feed": fed.feed.run}):
        await fed.recount()
    assert fed.sold() == [0, 2, 0]
    assert fed.feed.popularity.heat(4)[3] > 0
    [request] = fed.log.requests
    assert set(request.types) == {"purchase", "view", "accept", "click", "impression"}
    assert request.since_time.ToMicroseconds() == NOW_US - 90 * 86_400 * SECOND_US


async def test_events_of_the_bus_are_added_each_once(fed):
    fed.log.add("ada", 1, 1)
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        await fed.publish("ada", 1, 1)  # in the log already
        await fed.publish("ada", 2, 2)
        await fed.publish("ada", 2, 2)  # sent twice
        await fed.publish("bob", 9, 1, "email_open")
        await fed.publish("bob", 10, 3)
        await fed.sold_becomes(1, 1, 1)


async def test_an_event_from_before_the_log_was_read_is_not_counted_again(fed):
    fed.log.add("ada", 5, 1, received_us=NOW_US)
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        await fed.publish("bob", 1, 2, received_us=NOW_US - 61 * SECOND_US)
        await fed.publish("bob", 2, 3, received_us=NOW_US - 59 * SECOND_US)
        await fed.sold_becomes(1, 0, 1)


async def test_what_is_taken_at_placements_is_counted_from_the_log_and_from_the_bus(fed):
    fed.log.add("ada", 1, 1, "impression", placement="till")
    fed.log.add("ada", 2, 1)
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        assert fed.taken("till") == {1: 1.0}
        await fed.publish("bob", 1, 2, "impression", placement="till")
        await fed.publish("bob", 1, 2, "impression", placement="home")  # sent twice
        await fed.publish("bob", 2, 2)
        await fed.publish("bob", 3, 3, "accept", placement="home")
        await fed.sold_becomes(1, 1, 0)
    assert fed.taken("till") == {1: 1.0, 2: 1.0}
    assert fed.taken("home") == {3: 1.0}


async def test_who_is_of_which_persona_is_asked_before_the_log_is_read(fed):
    fed.personas = {"ada": "gardeners"}
    fed.log.add("ada", 1, 1)
    fed.log.add("bob", 1, 2)
    async with running({"feed": fed.feed.run}):
        await fed.recount()
    nos, _ = fed.feed.crowds.among["gardeners"].as_of(NOW_US)
    assert nos.tolist() == [1]


@pytest.mark.parametrize("event_type", ["consent", "unsubscribe"])
async def test_a_word_about_consents_makes_somebody_nobody_until_they_come_again(fed, event_type):
    fed.personas = {"ada": "gardeners"}
    fed.log.add("ada", 1, 1)
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        await fed.publish("ada", 2, 0, event_type)
        await fed.publish("ada", 3, 2)
        await fed.sold_becomes(1, 1, 0)
        fed.feed.met(["ada"], "gardeners")
        await fed.publish("ada", 4, 3)
        await fed.sold_becomes(1, 1, 1)
    nos, _ = fed.feed.crowds.among["gardeners"].as_of(NOW_US)
    assert nos.tolist() == [1, 3]


async def test_without_an_answer_about_personas_the_log_is_counted_all_the_same(fed):
    fed.personas = None
    fed.log.add("ada", 1, 1)
    async with running({"feed": fed.feed.run}):
        await fed.recount()
    assert fed.sold() == [1, 0, 0]


async def test_who_is_forgotten_while_the_log_is_read_is_not_remembered_after_it(fed):
    fed.log.add("ada", 1, 1, "impression", placement="till")
    fed.log.while_read = lambda: fed.feed.forget(["ada"])
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        await fed.publish("ada", 2, 1)
        await fed.sold_becomes(1, 0, 0)
    assert "till" not in fed.feed.crowds.at


async def test_as_whom_somebody_came_outlasts_the_counting(fed):
    fed.log.add("ada", 1, 1)
    fed.feed.met(["ada", "bob"], "gardeners")
    fed.feed.forget(["bob"])
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        await fed.publish("bob", 1, 1)
        await fed.publish("ada", 2, 2)
        await fed.sold_becomes(2, 1, 0)
    nos, _ = fed.feed.crowds.among["gardeners"].as_of(NOW_US)
    assert nos.tolist() == [1, 2]


async def test_after_an_import_everything_is_counted_anew(fed):
    async with running({"feed": fed.feed.run}):
        await fed.recount()
        await fed.publish("ada", 1, 1)
        await fed.sold_becomes(1, 0, 0)
        fed.log.add("ada", 1, 1)
        fed.log.add("bob", 1, 2)
        await fed.import_history()
        await fed.recount()
        await fed.publish("ada", 2, 3)
        await fed.sold_becomes(1, 1, 1)


async def test_while_profile_is_away_the_feed_waits_and_serves_what_it_has(fed):
    fed.log.is_down = True
    fed.log.add("ada", 1, 1)
    async with running({"feed": fed.feed.run}):
        async with asyncio.timeout(5):
            while not fed.log.requests:
                await asyncio.sleep(0)
        assert fed.sold() == [0, 0, 0]
        fed.log.is_down = False
        await fed.sold_becomes(1, 0, 0)
