"""Changes are followed on a real bus: resumed from a cursor, and a loss is told."""

import asyncio

import pytest
from nats.js.manager import JetStreamManager

from shared.bus import EVENTS, Publication, open_bus
from shared.bus.subjects import HISTORY_IMPORTED
from shared.testing.nats import connected, remove_streams
from touchpoint.client.changes import START, LostError, follow
from touchpoint.common.v1.bus_pb2 import EventNotices, HistoryImported


def noticed(seq):
    notices = EventNotices()
    notices.notices.add(person_id="p", seq=seq, type="click")
    return Publication.of("events.3", 1, notices)


async def taken(url, cursor, count):
    """Follow until so many messages have come; return them and where to go on."""
    found = []
    async with asyncio.timeout(20):
        feed = follow(url, EVENTS.name, cursor, at_most=2)
        async for batch in feed:
            found += batch.changes
            if len(found) >= count:
                await feed.aclose()
                return found, batch.cursor
    raise AssertionError


async def test_it_goes_on_where_it_was(nats_bus, nats_url):
    await nats_bus.publish([noticed(seq) for seq in range(1, 6)])
    first, cursor = await taken(nats_url, START, 4)
    assert [change.message.notices[0].seq for change in first] == [1, 2, 3, 4]
    imported = HistoryImported(import_id="year", events=3)
    of_later_version = Publication("events.3", 2, b"news")
    await nats_bus.publish([Publication.of(HISTORY_IMPORTED, 1, imported), of_later_version])
    for _ in range(2):  # what did not take effect comes again
        more, _ = await taken(nats_url, cursor, 3)
        assert more[0].message.notices[0].seq == 5
        assert [change.message for change in more[1:]] == [imported, None]
        assert more[2].data == b"news"


async def test_it_says_when_something_was_lost_and_where_to_go_on(nats_bus, nats_url):
    await nats_bus.publish([noticed(1)])
    _, cursor = await taken(nats_url, START, 1)
    await remove_streams(nats_url)
    async with open_bus(nats_url, name="test") as bus:
        await bus.publish([noticed(2)])
        with pytest.raises(LostError) as lost:
            await taken(nats_url, cursor, 1)
        await bus.publish([noticed(3)])
        [change], _ = await taken(nats_url, lost.value.cursor, 1)
    assert change.message.notices[0].seq == 3


async def test_a_consumer_that_the_server_forgot_is_made_anew(nats_bus, nats_url, monkeypatch):
    monkeypatch.setattr("touchpoint.client.changes._PAUSE_S", 0.01)
    found = []
    await nats_bus.publish([noticed(1)])
    feed = follow(nats_url, EVENTS.name, START)
    async with asyncio.timeout(20):
        async for batch in feed:
            found += [change.message.notices[0].seq for change in batch.changes]
            if found == [1, 2]:
                break
            async with connected(nats_url) as client:
                manager = JetStreamManager(client)
                for consumer in await manager.consumers_info(EVENTS.name):
                    await manager.delete_consumer(EVENTS.name, consumer.name)
            await nats_bus.publish([noticed(2)])
    await feed.aclose()
    assert found == [1, 2]


async def test_a_cursor_of_something_else_is_refused(nats_bus, nats_url):
    with pytest.raises(ValueError, match="no cursor"):
        await taken(nats_url, "12", 1)
