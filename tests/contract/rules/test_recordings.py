"""What a store of recorded decisions promises, in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

from services.rules.domain.changes import Erased
from services.rules.domain.ledger import Ledger
from services.rules.domain.recordings import RecordingStore, StoredRecording
from services.rules.domain.retention import Keep
from services.rules.storage import MIGRATIONS
from services.rules.storage.in_memory import InMemoryLedger
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.recordings import PostgresRecordings
from shared.testing.plugin import FreshDatabase
from tests.contract.rules.ledger_kit import DAY, LIMIT, MINUTE, NOW, draft
from touchpoint.rules.v1.recording_pb2 import RecordedDecision

EVER = (0, NOW + 400 * DAY)


async def decide(
    ledger: Ledger,
    recordings: RecordingStore,
    decision_id: str,
    persons: tuple[str, ...] = ("ann",),
    now_us: int = NOW,
) -> None:
    empty = {"answer": b"", "notice": b"", "trace": b""}
    await ledger.commit(draft(decision_id, persons=persons, now_us=now_us, **empty))
    await recordings.add({decision_id: recorded(decision_id)})


def recorded(decision_id: str) -> bytes:
    return RecordedDecision(schema=1, model=f"model of {decision_id}").SerializeToString()


async def found(
    recordings: RecordingStore, since_us: int = 0, until_us: int = EVER[1], at_most: int = 1000
) -> list[StoredRecording]:
    return [each async for each in recordings.recorded(since_us, until_us, at_most)]


async def ids(recordings: RecordingStore, *between: int) -> list[str]:
    return [each.decision_id for each in await found(recordings, *between)]


async def test_what_was_recorded_comes_with_whom_and_when(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    await decide(ledger, recordings, "d1", ("ann", "bob"))
    [only] = await found(recordings)
    assert only == StoredRecording("d1", ("ann", "bob"), NOW, recorded("d1"))


async def test_a_recording_told_again_changes_nothing(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    await decide(ledger, recordings, "d1")
    await recordings.add({"d1": b"another"})
    [only] = await found(recordings)
    assert only.recorded == recorded("d1")


async def test_of_a_decision_that_is_not_kept_nothing_is_recorded(
    recordings: RecordingStore,
) -> None:
    await recordings.add({"d1": recorded("d1")})
    assert await recordings.count(*EVER) == 0


async def test_decisions_about_nobody_known_are_recorded_too(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    await decide(ledger, recordings, "d1", ())
    await ledger.erase(["ann"], [])
    assert [each.person_ids for each in await found(recordings)] == [()]


async def test_they_come_oldest_first_from_the_time_asked_for(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    for place in (3, 1, 2, 0):
        await decide(ledger, recordings, f"d{place}", now_us=NOW + place * MINUTE)
    between = (NOW + MINUTE, NOW + 3 * MINUTE)
    assert await ids(recordings, *between) == ["d1", "d2"]
    assert await recordings.count(*between) == 2


async def test_of_too_many_each_part_of_the_time_gives_its_share(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    for place in range(70):
        await decide(ledger, recordings, f"d{place:02}", now_us=NOW + place)
    assert await recordings.count(*EVER) == 70
    for at_most in (1, 7, 52, 69):
        taken = [each.decided_us - NOW for each in await found(recordings, at_most=at_most)]
        assert len(taken) == at_most
        gaps = [later - earlier for earlier, later in pairwise(taken)]
        assert set(gaps) <= {70 // at_most, -(-70 // at_most)}
        assert 70 - taken[-1] + taken[0] <= -(-70 // at_most) + 1


async def test_both_stores_take_the_same_of_too_many(fresh_database: FreshDatabase) -> None:
    real, fake = PostgresLedger(await fresh_database("rules", MIGRATIONS)), InMemoryLedger()
    stores = ((real, PostgresRecordings(real._database)), (fake, fake.recordings))
    for ledger, recordings in stores:
        for place in range(11):
            await decide(ledger, recordings, f"d{place:02}", now_us=NOW + place // 3)
    for at_most in range(12):
        taken = [await ids(each, 0, EVER[1], at_most) for _, each in stores]
        assert taken[0] == taken[1]
        assert len(taken[0]) == min(at_most, 11)


async def test_an_erasure_takes_what_was_recorded_of_anybody_in_the_set(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    await decide(ledger, recordings, "of ann", ("ann",))
    await decide(ledger, recordings, "of both", ("ann", "bob"))
    await decide(ledger, recordings, "of bob", ("bob",))
    await decide(ledger, recordings, "of cat", ("cat",))
    await ledger.erase(["bob"], [])
    assert sorted(await ids(recordings)) == ["of ann", "of cat"]
    await ledger.note([Erased(("ann",), ())])
    assert await ids(recordings) == ["of cat"]


async def test_what_comes_after_the_erasure_is_not_kept(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    for persons in (("ann",), ("bob", "ann"), ("cat",)):
        await ledger.commit(draft(persons[0], persons=persons))
    await ledger.erase(["ann"], [])
    await recordings.add({name: recorded(name) for name in ("ann", "bob", "cat")})
    assert await ids(recordings) == ["cat"]


async def test_of_whom_is_being_erased_nothing_is_left_whoever_comes_first(
    fresh_database: FreshDatabase,
) -> None:
    ledger = PostgresLedger(await fresh_database("rules", MIGRATIONS))
    recordings = PostgresRecordings(ledger._database)
    for number in range(20):
        name = f"person {number}"
        # the second of a set: its decision is written under the first, and stays
        await ledger.commit(draft(name, persons=("ann", name)))
        await asyncio.gather(recordings.add({name: recorded(name)}), ledger.erase([name], []))
    assert await recordings.count(*EVER) == 0


async def test_they_are_part_of_what_is_exported_of_a_person(
    ledger: Ledger, recordings: RecordingStore
) -> None:
    await decide(ledger, recordings, "d1", ("ann", "bob"))
    await decide(ledger, recordings, "d2", ("cat",))
    tables = {table: rows async for table, rows in ledger.export(["ann"], [])}
    [row] = [json.loads(each) for each in tables["recorded_decisions"]]
    assert row["decision_id"] == "d1"


async def test_they_are_kept_for_thirty_days(ledger: Ledger, recordings: RecordingStore) -> None:
    await decide(ledger, recordings, "d1")
    await decide(ledger, recordings, "d2", now_us=NOW + DAY)
    await ledger.forget(NOW + Keep.RECORDED_US, LIMIT.within_us)
    assert await ids(recordings) == ["d1", "d2"]
    await ledger.forget(NOW + Keep.RECORDED_US + 1, LIMIT.within_us)
    assert await ids(recordings) == ["d2"]
    assert await ledger.decision("d1") is not None
