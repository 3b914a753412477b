"""Relay and consumers on both buses: nothing lost, nothing twice, poison put aside."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from shared.bus import (
    CONTACTS,
    EVENTS,
    Bus,
    EffectConsumer,
    InMemoryBus,
    Message,
    Publication,
    Relay,
    append,
    relay,
)
from shared.bus.message import new_message_id
from shared.errors import Overloaded, Unavailable
from shared.postgres import Database, open_database
from shared.postgres.connection import Row
from shared.testing.background import running, until
from shared.testing.plugin import FreshDatabase
from shared.testing.postgres import TestServer

LOCKS = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""
OLD = """
INSERT INTO outbox (subject, schema_number, data, written_time)
VALUES ('events.9', 1, '', clock_timestamp() - interval '1 hour')
"""
MIGRATIONS = Path(__file__).parent.parent / "integration" / "data" / "migrations"


@pytest_asyncio.fixture(params=["memory", "nats"], loop_scope="session")
async def bus(request: pytest.FixtureRequest, nats_bus: Bus) -> AsyncIterator[Bus]:
    yield InMemoryBus() if request.param == "memory" else nats_bus


@pytest_asyncio.fixture(loop_scope="session")
async def database(fresh_database: FreshDatabase) -> Database:
    return await fresh_database("rules", MIGRATIONS)


async def store_names(transaction, messages) -> None:
    for message in messages:
        if message.data.startswith(b"poison"):
            raise ValueError("cannot be digested")
        await transaction.execute("INSERT INTO thing (name) VALUES ($1)", message.data.decode())


async def names(database: Database) -> list[str]:
    rows = await database.fetch("SELECT name FROM thing ORDER BY thing_id")
    return [row["name"] for row in rows]


def has(database: Database, count: int) -> Callable:
    async def reached() -> bool:
        return len(await names(database)) >= count

    return reached


def events(*texts: str, schema_number: int = 1) -> list[Publication]:
    return [Publication("events.3", schema_number, text.encode()) for text in texts]


async def test_a_committed_message_is_published_and_one_rolled_back_is_not(
    bus: Bus, database: Database
):
    async def fail() -> None:
        async with database.transaction() as transaction:
            await append(transaction, events("undone"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.transaction() as transaction:
        await append(transaction, events("first", "second"))
    assert await Relay(bus, database).relay_once() == 2
    subscription = await bus.follow(EVENTS, "test", 0)
    assert [m.data for m in await subscription.next_batch(10, 2.0)] == [b"first", b"second"]
    await subscription.close()
    assert await database.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_function_in_the_database_may_write_the_outbox_too(bus: Bus, database: Database):
    await database.execute("INSERT INTO outbox (subject, schema_number, data) VALUES ($1, 1, $2)",
                           "events.9", b"from sql")  # fmt: skip
    async with running(Relay(bus, database)):
        subscription = await bus.follow(EVENTS, "test", 0)
        got = await subscription.next_batch(10, 5.0)
        await subscription.close()
    assert [m.data for m in got] == [b"from sql"]


async def test_what_another_replica_commits_is_relayed_when_it_tells_of_it(
    bus: Bus, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay, "_POLL_S", 3600.0)
    async with (
        postgres.clone("rules", MIGRATIONS) as url,
        open_database(url, application="rules", connections=2) as leader,
        open_database(url, application="rules", connections=2) as other,
        running(Relay(bus, leader)),
    ):
        await until(relays(leader))
        async with running(Relay(bus, other)):
            subscription = await bus.follow(EVENTS, "test", 0)
            async with other.transaction() as transaction:
                await append(transaction, events("from the other"))
            assert [m.data for m in await subscription.next_batch(1, 10.0)] == [b"from the other"]
            await subscription.close()


async def test_whoever_has_just_emptied_the_outbox_does_not_look_how_old_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay, "_POLL_S", 3600.0)
    leading = Relay(InMemoryBus(), database)
    async with running(leading):
        await until(relays(database))
        async with database.transaction() as transaction:
            await append(transaction, events("first"))
        await until(is_empty(database))
        # Put there by somebody who tells nobody.
        await database.execute(OLD)
        await leading.check_lag()
        monkeypatch.setattr(relay, "_LAG_ALARM_S", 0.0)
        with pytest.raises(Unavailable, match="lags"):
            await leading.check_lag()
    monkeypatch.setattr(relay, "_LAG_ALARM_S", 5.0)
    with pytest.raises(Unavailable, match="lags"):
        await leading.check_lag()


def is_empty(database: Database) -> Callable:
    async def emptied() -> bool:
        return await database.fetchval("SELECT count(*) FROM outbox") == 0

    return emptied


def relays(database: Database) -> Callable:
    async def led() -> bool:
        return await database.fetchval(LOCKS) > 0

    return led


async def test_what_was_published_but_not_deleted_takes_effect_once(bus: Bus, database: Database):
    """As after a `kill -9` between the acknowledgement and the deletion."""
    async with database.transaction() as transaction:
        await append(transaction, events("once"))
    rows = await database.fetch("SELECT message_id::text, subject, data FROM outbox")
    row = rows[0]
    await bus.publish([Publication(row["subject"], 1, row["data"], row["message_id"])])
    if isinstance(bus, InMemoryBus):
        bus.forget_ids()  # so late that the stream takes it a second time
    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)
    async with running(Relay(bus, database), consumer):
        await until(has(database, 1))
        await bus.publish(events("after"))
        await until(has(database, 2))
    assert await names(database) == ["once", "after"]


async def test_messages_of_one_batch_with_one_id_take_effect_once(database: Database):
    message_id = new_message_id()
    twice = [Message("events.1", 1, b"twice", message_id, n, 0) for n in (1, 2)]
    consumer = EffectConsumer(
        InMemoryBus(), database, name="things", stream=EVENTS, handle=store_names
    )
    await consumer.take(twice)
    await consumer.take(twice)
    assert await names(database) == ["twice"]


async def test_what_does_not_matter_is_passed_by_and_leaves_no_trace(bus: Bus, database: Database):
    consumer = EffectConsumer(
        bus,
        database,
        name="things",
        stream=EVENTS,
        handle=store_names,
        matters=lambda message: message.data != b"dull",
    )
    await bus.publish([*events("dull", "a", "dull"), *events("dull", schema_number=2)])
    async with running(consumer):
        await until(has(database, 1))
        await bus.publish(events("dull", "dull"))
        await until(passed(database, 6))
    assert await names(database) == ["a"]
    assert await database.fetchval("SELECT count(*) FROM inbox") == 2
    assert await database.fetchval("SELECT reason FROM parked") == "unknown schema number 2"


def passed(database: Database, sequence: int) -> Callable:
    async def reached() -> bool:
        return await database.fetchval("SELECT sequence FROM consumer_place") >= sequence

    return reached


async def test_a_consumer_goes_on_where_another_replica_stopped(bus: Bus, database: Database):
    await bus.publish(events("a", "b"))
    for expected, text in ((2, "c"), (3, "d")):
        consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)
        async with running(consumer):
            await until(has(database, expected))
        await bus.publish(events(text))
    assert await names(database) == ["a", "b", "c"]


async def test_of_two_replicas_one_consumes_and_the_other_takes_over(bus: Bus, database: Database):
    def consumer() -> EffectConsumer:
        return EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)

    first = asyncio.ensure_future(consumer().run())
    async with running(consumer()):
        await bus.publish(events("a"))
        await until(has(database, 1))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await bus.publish(events("b"))
        await until(has(database, 2))
    assert await names(database) == ["a", "b"]


async def test_poison_is_parked_with_its_reason_and_the_others_go_on_in_order(
    bus: Bus, database: Database
):
    await bus.publish(events("a", "poison 1", "b", "poison 2", "c"))
    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)
    async with running(consumer):
        await until(has(database, 3))
    assert await names(database) == ["a", "b", "c"]
    parked = await database.fetch("SELECT data, reason, tries FROM parked ORDER BY sequence")
    assert [row["data"] for row in parked] == [b"poison 1", b"poison 2"]
    assert [row["tries"] for row in parked] == [5, 5]
    assert parked[0]["reason"] == "ValueError: cannot be digested"


async def test_a_message_of_an_unknown_schema_is_parked_and_replayed_later(
    bus: Bus, database: Database
):
    await bus.publish([*events("new", schema_number=2), *events("old")])
    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)
    async with running(consumer):
        await until(has(database, 1))
    assert await names(database) == ["old"]
    assert await database.fetchval("SELECT reason FROM parked") == "unknown schema number 2"
    assert await consumer.replay_parked() == 1
    assert await names(database) == ["old", "new"]
    assert await database.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_passing_failure_parks_nothing_and_keeps_the_order(bus: Bus, database: Database):
    failures = iter([Unavailable("away"), Unavailable("still away")])

    async def fail_twice(transaction, messages) -> None:
        for failure in failures:
            raise failure
        await store_names(transaction, messages)

    await bus.publish(events("a", "b"))
    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=fail_twice)
    async with running(consumer):
        await until(has(database, 2))
    assert await names(database) == ["a", "b"]
    assert await database.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_consumer_may_write_to_the_bus_in_its_transaction(bus: Bus, database: Database):
    async def pass_on(transaction, messages) -> None:
        await append(transaction, [Publication("contacts.1", 1, m.data) for m in messages])

    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=pass_on)
    await bus.publish(events("a"))
    async with running(consumer, Relay(bus, database)):
        subscription = await bus.follow(CONTACTS, "test", 0)
        got = await subscription.next_batch(10, 5.0)
        await subscription.close()
    assert [m.data for m in got] == [b"a"]


async def test_messages_lost_before_they_were_read_are_fetched_from_the_owner(
    database: Database,
):
    bus = InMemoryBus()
    recovered = asyncio.Event()

    async def recover() -> None:
        recovered.set()

    await bus.publish(events("a", "b", "c"))
    bus.expire(EVENTS, before=3)
    consumer = EffectConsumer(
        bus, database, name="things", stream=EVENTS, handle=store_names, recover=recover
    )
    async with running(consumer):
        await until(has(database, 1))
    assert recovered.is_set()
    assert await names(database) == ["c"]


async def test_a_stream_made_anew_is_read_from_its_start(database: Database):
    bus = InMemoryBus()
    kept = events("a", "b")
    await bus.publish(kept)
    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)
    async with running(consumer):
        await until(has(database, 2))
        bus.disconnect()
        bus.make_anew(EVENTS)
        bus.forget_ids()
        bus.reconnect()
        await bus.publish([kept[1], *events("c")])
        await until(has(database, 3))
    assert await names(database) == ["a", "b", "c"]


async def test_the_relay_waits_out_a_bus_that_is_away(database: Database):
    bus = InMemoryBus()
    bus.disconnect()
    async with database.transaction() as transaction:
        await append(transaction, events("patient"))
    async with running(Relay(bus, database)):
        await until(lambda: bus.refusals > 0)
        bus.reconnect()

        async def sent() -> bool:
            return (await bus.state(EVENTS)).last == 1

        await until(sent)


class BusyDatabase(Database):
    """Has no free connection when the outbox is read for the first time."""

    refused = 0

    async def fetch(self, query: str, *args: object, timeout_s: float | None = None) -> list[Row]:
        if not self.refused:
            self.refused += 1
            raise Overloaded("no connection came free", reason="POOL_EXHAUSTED")
        return await super().fetch(query, *args, timeout_s=timeout_s)


async def test_the_relay_waits_out_a_database_that_has_too_much_to_do(database: Database):
    bus = InMemoryBus()
    async with database.transaction() as transaction:
        await append(transaction, events("patient"))
    busy = BusyDatabase(database._pool, database.limits, database.leadership)

    async def sent() -> bool:
        return (await bus.state(EVENTS)).last == 1

    async with running(Relay(bus, busy)):
        await until(sent)
    assert busy.refused == 1


@pytest.mark.parametrize(
    "unsendable",
    [Publication("nowhere.1", 1, b""), Publication("events.1", 1, bytes(600_000))],
)
async def test_what_the_bus_would_refuse_for_ever_never_reaches_the_outbox(
    database: Database, unsendable: Publication
):
    async def write() -> None:
        async with database.transaction() as transaction:
            await append(transaction, [unsendable])

    with pytest.raises(ValueError, match=r"no stream|too many"):
        await write()
    assert await database.fetchval("SELECT count(*) FROM outbox") == 0


async def test_much_poison_among_much_else_leaves_the_rest_in_order(database: Database):
    bus = InMemoryBus()
    texts = [f"poison {n}" if n % 50 == 7 else str(n) for n in range(400)]
    await bus.publish(events(*texts))
    consumer = EffectConsumer(bus, database, name="things", stream=EVENTS, handle=store_names)
    async with running(consumer):
        await until(has(database, 392))
    assert await names(database) == [text for text in texts if text.isdigit()]
    assert await database.fetchval("SELECT count(*) FROM parked") == 8
