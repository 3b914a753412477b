import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.bus import CATALOGUE, EVENTS, Bus, InMemoryBus, Publication
from shared.bus.message import new_message_id
from shared.errors import Unavailable


@pytest_asyncio.fixture(params=["memory", "nats"], loop_scope="session")
async def bus(request: pytest.FixtureRequest, nats_bus: Bus) -> AsyncIterator[Bus]:
    yield InMemoryBus() if request.param == "memory" else nats_bus


def numbered(count: int, subject: str = "events.7") -> list[Publication]:
    return [Publication(subject, 1, str(number).encode()) for number in range(count)]


async def read(bus: Bus, count: int, after: int = 0, subjects: tuple[str, ...] = ()) -> list:
    subscription = await bus.follow(EVENTS, "test", after, subjects)
    messages = []
    async with asyncio.timeout(10):
        while len(messages) < count:
            messages.extend(await subscription.next_batch(1000, 1.0))
    await subscription.close()
    return messages


async def test_what_is_published_is_read_in_order_with_all_its_parts(bus: Bus):
    sent = numbered(300)
    await bus.publish(sent)
    got = await read(bus, 300)
    assert [m.data for m in got] == [p.data for p in sent]
    assert [m.message_id for m in got] == [p.message_id for p in sent]
    assert {(m.subject, m.schema_number) for m in got} == {("events.7", 1)}
    assert [m.sequence for m in got] == list(range(1, 301))
    assert got[0].stored_us > 1_700_000_000_000_000


async def test_the_same_id_is_stored_once(bus: Bus):
    twice = Publication("events.1", 1, b"once", new_message_id())
    await bus.publish([twice, twice])
    await bus.publish([twice, Publication("events.1", 1, b"last")])
    assert [m.data for m in await read(bus, 2)] == [b"once", b"last"]


async def test_reading_goes_on_after_a_sequence(bus: Bus):
    await bus.publish(numbered(10))
    assert [m.data for m in await read(bus, 3, after=7)] == [b"7", b"8", b"9"]


async def test_a_reader_may_choose_subjects(bus: Bus):
    await bus.publish([*numbered(3, "events.1"), *numbered(2, "events.2")])
    got = await read(bus, 2, subjects=("events.2",))
    assert [m.subject for m in got] == ["events.2", "events.2"]


async def test_waiting_for_nothing_ends_with_nothing(bus: Bus):
    subscription = await bus.follow(EVENTS, "test", 0)
    assert list(await subscription.next_batch(10, 0.05)) == []
    await subscription.close()


async def test_a_message_that_comes_later_ends_the_wait(bus: Bus):
    subscription = await bus.follow(EVENTS, "test", 0)
    waiting = asyncio.ensure_future(subscription.next_batch(10, 5.0))
    await asyncio.sleep(0)
    await bus.publish(numbered(1))
    async with asyncio.timeout(2):
        assert [m.data for m in await waiting] == [b"0"]
    await subscription.close()


async def test_a_batch_is_no_longer_than_asked_and_nothing_gets_lost(bus: Bus):
    await bus.publish(numbered(25))
    subscription = await bus.follow(EVENTS, "test", 0)
    sizes, data = [], []
    async with asyncio.timeout(5):
        while len(data) < 25:
            batch = await subscription.next_batch(10, 1.0)
            sizes.append(len(batch))
            data.extend(m.data for m in batch)
    await subscription.close()
    assert max(sizes) <= 10
    assert data == [str(n).encode() for n in range(25)]


async def test_two_readers_each_get_everything(bus: Bus):
    await bus.publish(numbered(5))
    first, second = await asyncio.gather(read(bus, 5), read(bus, 5))
    assert first == second


async def test_the_state_tells_how_far_a_stream_reaches(bus: Bus):
    empty = await bus.state(CATALOGUE)
    assert (empty.first, empty.last) == (1, 0)
    await bus.publish(numbered(4, "catalogue.changed"))
    state = await bus.state(CATALOGUE)
    assert (state.first, state.last, state.created_us) == (1, 4, empty.created_us)


async def test_publishing_where_no_stream_listens_is_unavailable(bus: Bus):
    with pytest.raises(Unavailable):
        await bus.publish([Publication("nowhere.1", 1, b"")])


async def test_a_notice_reaches_who_listens(bus: Bus):
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    await bus.on_notice("clock.moved", heard.put_nowait)
    await bus.notify("clock.moved", b"now")
    async with asyncio.timeout(2):
        assert await heard.get() == b"now"


async def test_a_message_is_a_notice_too(bus: Bus):
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    await bus.on_notice("definitions.bundle_moved", heard.put_nowait)
    await bus.publish([Publication("definitions.bundle_moved", 1, b"hash")])
    async with asyncio.timeout(2):
        assert await heard.get() == b"hash"


async def test_publishing_nothing_is_nothing(bus: Bus):
    await bus.publish([])
