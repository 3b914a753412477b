"""What only PostgreSQL keeps: streams, erasures, retention, keys."""

import asyncio
from datetime import timedelta

import pytest

from services.profile.domain.event import DAY_US
from services.profile.domain.importing import fold_history
from services.profile.domain.lookup import find_person
from services.profile.domain.recording import import_history, record
from services.profile.storage import MIGRATIONS, QUERIES, erasing
from services.profile.storage.contributions import Contributions
from services.profile.storage.erasing import Erasures
from services.profile.storage.keyring import Keyring
from services.profile.storage.referrals import SQL as REFERRALS
from services.profile.storage.sharing import who_shares
from services.profile.storage.streams import Filter, Streams
from services.profile.storage.upkeep import TierReader, Upkeep
from shared.errors import Aborted
from shared.privacy import FolderWrappingKeys, UndecipherableError, renewal_of
from shared.testing.background import until
from shared.testing.clock import FakeClock
from shared.testing.statements import forgetting_plan, refuted_statements
from tests.contract.profile.desk import MINUTE_US, NOW_US, SEALER, Desk, PostgresStore, identity
from touchpoint.common.v1.bus_pb2 import IdentityNotice

BLOCKED = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
ADA = identity("customer", "ada")
BOB = identity("customer", "bob")


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("profile", MIGRATIONS)


@pytest.fixture
def keys(tmp_path):
    return FolderWrappingKeys(tmp_path / "keys")


@pytest.fixture
def desk(database, keys):
    return Desk(PostgresStore(database, Keyring(keys)))


async def recorded(desk, *arrivals):
    placed = [arrival._replace(place=place) for place, arrival in enumerate(arrivals)]
    await record(desk.store, placed, may_link=True, now_us=NOW_US, new_id=desk.new_id)


async def stream(database, position=0, **wanted):
    slices = [each async for each in Streams(database).events(position, Filter(**wanted))]
    return [row["event_id"] for _, rows in slices for row in rows]


async def test_every_statement_fits_the_schema(postgres):
    async with postgres.clone("profile", MIGRATIONS) as url:
        assert await refuted_statements(url, QUERIES, REFERRALS) == {}


async def test_a_stream_waits_for_events_that_were_numbered_and_not_committed(database, desk):
    numbered, finish = asyncio.Event(), asyncio.Event()

    async def slow():
        async with desk.store.transaction() as transaction:
            arrival = desk.arrival(ADA, event_id="slow")
            await transaction.claim([(arrival.key, arrival.digest)], NOW_US)
            await database.fetch("SELECT 1")
            await transaction._tx.execute(
                "SELECT nextval(pg_get_serial_sequence('events', 'position'))"
            )
            numbered.set()
            await finish.wait()
            await transaction._tx.execute(
                "INSERT INTO events OVERRIDING SYSTEM VALUE SELECT 1, gen_random_uuid(), 1, 'slow',"
                " '', 0, 0, 'view', 1, 0, 0, '', '', 0, 0, 1, 0, '', '', false, 0, false, null,"
                " '', '', null, null"
            )

    writing = asyncio.create_task(slow())
    await numbered.wait()
    await recorded(desk, desk.arrival(BOB, event_id="quick"))
    reading = asyncio.create_task(stream(database))
    done, _ = await asyncio.wait({reading}, timeout=0.2)
    assert not done
    finish.set()
    await writing
    assert await reading == ["slow", "quick"]


async def test_a_stream_does_not_wait_for_writers_that_came_later(database, desk):
    await recorded(desk, desk.arrival(ADA, event_id="first"))
    async with desk.store.transaction() as transaction:
        await transaction._tx.execute("CREATE TABLE held (x int)")  # somebody else's transaction
        assert await stream(database) == ["first"]


async def test_a_long_log_comes_in_slices(database, desk):
    await recorded(desk, *(desk.arrival(ADA, event_id=f"e{at}") for at in range(900)))
    whole = await stream(database)
    assert whole == [f"e{at}" for at in range(900)]
    assert await stream(database, types=["nothing"]) == []


async def test_many_identities_come_in_slices(database, desk):
    visitors = [identity("visitor", f"v{number}") for number in range(1_001)]
    await recorded(desk, *(desk.arrival(who) for who in visitors))
    slices = [rows async for _, rows in Streams(database).identities(0)]
    assert [len(rows) for rows in slices] == [1_000, 1]
    assert {row["identity_key"] for rows in slices for row in rows} == {who.key for who in visitors}


async def test_an_erasure_that_was_cut_short_is_finished_later(database, desk, keys):
    await recorded(desk, desk.arrival(ADA), desk.arrival(BOB))
    [ada] = (await find_person(desk.store, [ADA], "")).person_ids
    erasures = Erasures(database, Keyring(keys), SEALER)
    await database.execute(QUERIES.erase_persons, [ada], NOW_US)
    assert await database.fetchval("SELECT count(*) FROM events") == 2
    await erasures.finish_left_over()
    assert await database.fetchval("SELECT count(*) FROM events") == 1
    assert await database.fetchval("SELECT count(*) FROM erasures") == 0


async def test_an_erasure_waits_for_an_import_and_takes_its_rows_along(database, desk, keys):
    await recorded(desk, desk.arrival(ADA))
    erasures = Erasures(database, Keyring(keys), SEALER)
    async with desk.store.transaction() as transaction:
        await transaction.resolve([ADA.key], hold=True)
        erased = asyncio.create_task(erasures.erase([ADA.key], (), NOW_US))
        done, _ = await asyncio.wait({erased}, timeout=0.2)
        assert not done
    assert (await erased).person_ids
    assert not (await find_person(desk.store, [ADA], "")).is_known


@pytest.mark.parametrize(("before", "after"), [("apart", "together"), ("together", "apart")])
async def test_an_erasure_is_of_the_set_as_it_is_when_its_lock_is_there(
    database, desk, keys, before, after
):
    await recorded(desk, desk.arrival(ADA), desk.arrival(BOB))
    ada, bob = [(await find_person(desk.store, [who], "")).oldest_id for who in (ADA, BOB)]
    sets = {"apart": ([ada, bob], [7, 8]), "together": ([ada, ada], [9, 9])}
    await database.execute(QUERIES.move_profiles, [ada, bob], *sets[before])
    async with database.transaction() as changing:
        await changing.execute(QUERIES.move_profiles, [ada, bob], *sets[after])
        erased = asyncio.create_task(
            Erasures(database, Keyring(keys), SEALER).erase([BOB.key], (), NOW_US)
        )
        await until(lambda: database.fetchval(BLOCKED))
    assert (await erased).person_ids == ((ada, bob) if after == "together" else (bob,))
    assert not (await find_person(desk.store, [BOB], "")).is_known


async def test_an_erasure_is_tried_again_while_others_hold_its_persons(
    database, desk, keys, monkeypatch
):
    await recorded(desk, desk.arrival(ADA))
    held = [Aborted("held"), Aborted("held")]

    async def locked(*arguments):
        if held:
            raise held.pop()
        return await lock(*arguments)

    lock = erasing._locked
    monkeypatch.setattr(erasing, "_locked", locked)
    erased = await Erasures(database, Keyring(keys), SEALER).erase([ADA.key], (), NOW_US)
    assert len(erased.person_ids) == 1
    assert not (await find_person(desk.store, [ADA], "")).is_known


async def test_an_import_is_folded_also_behind_somebody_erased_while_it_was_read(database, desk):
    await import_history(
        desk.store, [desk.arrival(ADA)], import_id="i", now_us=NOW_US, new_id=desk.new_id
    )
    await database.execute(
        "INSERT INTO pending_folds SELECT 'i', lpad(part, 32, '0')::uuid, 1, 5000"
        " FROM unnest(ARRAY['0', '1']) AS part"
    )
    assert (await fold_history(desk.store, "i", NOW_US)).events == 1


def upkeep(database, keys, clock):
    keyring = Keyring(keys)
    erasures = Erasures(database, keyring, SEALER)
    return Upkeep(database, keys, keyring, TierReader(database), clock, erasures), keyring


async def test_old_duplicates_and_old_events_are_forgotten(database, desk, keys):
    clock = FakeClock()
    await recorded(desk, desk.arrival(ADA, event_id="old"))
    kept = upkeep(database, keys, clock)[0]
    await database.execute("UPDATE event_ids SET received_us = $1", clock.now_us() - 36 * DAY_US)
    await kept.once()
    assert await database.fetchval("SELECT count(*) FROM event_ids") == 0
    assert await database.fetchval("SELECT count(*) FROM events") == 1
    await database.execute("UPDATE events SET received_us = $1", clock.now_us() - 762 * DAY_US)
    await kept.once()
    assert await database.fetchval("SELECT count(*) FROM events") == 0


async def test_an_event_counts_once_for_35_days_to_the_last_microsecond(database, desk, keys):
    clock = FakeClock()
    kept = upkeep(database, keys, clock)[0]
    event = desk.arrival(ADA, event_id="once")

    async def again():
        await kept.once()
        outcome = await record(
            desk.store, [event], may_link=True, now_us=clock.now_us(), new_id=desk.new_id
        )
        return outcome.accepted, outcome.duplicates

    assert await again() == (1, 0)
    clock.advance(timedelta(days=35))
    assert await again() == (0, 1)
    clock.advance(timedelta(microseconds=1))
    assert await again() == (1, 0)


async def test_other_content_under_an_id_is_an_error_for_as_long(database, desk, keys):
    clock = FakeClock()
    first = desk.arrival(ADA, event_id="once", digest=b"one")
    for digest, days, codes in ((b"one", 0, []), (b"two", 35, ["CONTENT_DIFFERS"])):
        clock.advance(timedelta(days=days))
        await upkeep(database, keys, clock)[0].once()
        outcome = await record(
            desk.store,
            [first._replace(digest=digest)],
            may_link=True,
            now_us=clock.now_us(),
            new_id=desk.new_id,
        )
        assert [each.code for each in outcome.rejected] == codes


async def test_tiers_follow_the_contributions_there_are(database, desk, keys):
    buyers = [identity("customer", f"b{number}") for number in range(20)]
    await recorded(
        desk,
        *(
            desk.arrival(who, kind="purchase", order_id="o", value_micros=place, cost_micros=0)
            for place, who in enumerate(buyers, start=1)
        ),
    )
    reader = TierReader(database)
    await upkeep(database, keys, FakeClock())[0].once()
    await reader.refresh()
    tiers = [reader.tiers.tier(micros, bought=True) for micros in (20, 17, 11, 3)]
    assert tiers == ["top", "high", "medium", "low"]


async def test_contributions_age_and_what_is_bought_meanwhile_stands(database, desk):
    clock = FakeClock()
    buys = {"kind": "purchase", "value_micros": 5, "cost_micros": 0, "time_us": clock.now_us()}
    cookie = identity("visitor", "cookie")
    await recorded(desk, desk.arrival(ADA, **buys), desk.arrival(BOB, **buys), desk.arrival(cookie))
    contributions = Contributions(database, clock)
    stored = "SELECT array_agg(contribution_micros ORDER BY person_id) FROM profiles"
    assert await contributions.age() == 0
    clock.advance(timedelta(days=366))
    await recorded(desk, desk.arrival(BOB, **buys | {"time_us": clock.now_us()}))
    assert await database.fetchval(stored) == [5, 10, None]
    assert await contributions.age() == 2
    assert await database.fetchval(stored) == [0, 5, None]


async def test_keys_are_wrapped_anew_after_a_renewal_and_values_stay(database, desk, keys):
    clock = FakeClock()
    await recorded(desk, desk.arrival(ADA, private='{"query": "shoes"}'))
    [ada] = (await find_person(desk.store, [ADA], "")).person_ids
    kept, keyring = upkeep(database, keys, clock)
    first = keyring.current.renewal
    await kept.once()
    clock.advance(timedelta(days=31))
    await kept.once()
    assert keyring.current.renewal == first + 1
    clock.advance(timedelta(days=1))
    await kept.once()
    wrapped = await database.fetchval("SELECT key_wrapped FROM persons")
    assert renewal_of(wrapped) == first + 1
    with pytest.raises(UndecipherableError):
        FolderWrappingKeys(keys._folder).of(first)
    fresh = PostgresStore(database, Keyring(FolderWrappingKeys(keys._folder)))
    [shown] = (await fresh.record([ada])).identities
    assert shown.value == "ada"


async def test_only_those_share_whose_whole_set_said_so_last(database, desk):
    def say(who, granted, minutes=0, **more):
        details = {"purpose": "sharing", "granted": granted, **more}
        time_us = NOW_US + minutes * MINUTE_US
        return desk.arrival(who, kind="consent", details=details, time_us=time_us)

    cookie, silent = identity("visitor", "cookie"), identity("customer", "silent")
    ends = "2026-02-26T00:00:00Z"
    await recorded(desk, say(ADA, "true"), say(BOB, "true", expires=ends), say(cookie, "false", 1))
    await recorded(desk, desk.arrival(silent))
    persons = {who: (await find_person(desk.store, [who], "")).oldest_id for who in (ADA, BOB)}
    everybody = [*persons.values(), (await find_person(desk.store, [silent], "")).oldest_id]
    assert await who_shares(database, everybody, NOW_US) == set(persons.values())
    much_later = NOW_US + 30 * DAY_US
    assert await who_shares(database, everybody, much_later) == {persons[ADA]}
    await recorded(desk, desk.arrival(ADA, cookie, kind="login"))
    assert await who_shares(database, everybody, NOW_US) == {persons[BOB]}


async def test_imported_events_are_streamed_as_history(database, desk):
    await import_history(
        desk.store,
        [desk.arrival(ADA, event_id="past")],
        import_id="i",
        now_us=NOW_US,
        new_id=desk.new_id,
    )
    await recorded(desk, desk.arrival(ADA, event_id="now"))
    assert await stream(database, origins=[2]) == ["past"]
    assert await stream(database, origins=[1]) == ["now"]


async def test_keeping_somebody_tells_only_of_the_identities_that_became_theirs(database, desk):
    cookie = identity("visitor", "cookie")
    await recorded(desk, desk.arrival(cookie))
    await database.execute("DELETE FROM outbox")
    person_id = desk.new_id()
    await desk.store.keep([ADA, cookie], person_id, NOW_US)
    told = [IdentityNotice.FromString(row["data"]) for row in await outbox(database)]
    assert [(each.identity_key.key, each.person_id) for each in told] == [(ADA.key, person_id)]


async def test_a_merge_is_told_for_every_identity_of_the_set(database, desk):
    cookie = identity("visitor", "cookie")
    await recorded(desk, desk.arrival(ADA), desk.arrival(cookie))
    await database.execute("DELETE FROM outbox")
    await recorded(desk, desk.arrival(ADA, cookie, kind="login"))
    told = [
        IdentityNotice.FromString(row["data"])
        for row in await outbox(database)
        if row["subject"].startswith("identities.")
    ]
    assert {each.identity_key.key for each in told} == {ADA.key, cookie.key}
    assert {len(each.person_ids) for each in told} == {2}
    assert len({each.version for each in told}) == 1


async def outbox(database):
    return await database.fetch("SELECT subject, data FROM outbox ORDER BY id")


@pytest.mark.parametrize("name", ["forget_event_ids", "forget_events"])
async def test_what_is_old_is_looked_up_however_much_is_young(database, name):
    plan = await forgetting_plan(database, getattr(QUERIES, name), (1,))
    assert f"Bitmap Index Scan on {name.removeprefix('forget_')}_by_time" in plan
    assert "Seq Scan" not in plan
