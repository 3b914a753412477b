"""A process killed while it sends: each message leaves the house once, or is told as unknown."""

import asyncio
import os
import signal
import sys
from collections import Counter

import pytest

from services.scenario.domain.facts import Happened
from services.scenario.domain.taking import take_events, take_timers
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.clock import from_us
from shared.ids import uuid7
from shared.postgres import open_database
from shared.privacy import FolderWrappingKeys
from shared.testing.clock import FakeClock
from tests.contract.scenario.sending_worker import errands_of
from tests.unit.scenario.playing import DAY_US, NOON_US, facts, for_all
from tests.unit.scenario.writing import scenario, stage

PEOPLE = [f"person-{number}" for number in range(8)]


async def died(url, folder, point, kind):
    """Let a process send once; returns how it ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.scenario.sending_worker"),
        *(url, str(folder), point, str(NOON_US), kind),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(process.wait(), 60.0)


async def order(store):
    """Lead everybody to the stage that writes to them."""
    made = scenario(stage("write", send="hello", lasts=7 * DAY_US))
    for person_id in PEOPLE:
        viewed = Happened(person_id, "view", NOON_US, 3, {"event.type": "view"})
        async with store.transaction() as transaction:
            starting = for_all({"view": [made]})
            await take_events(
                transaction, [viewed], starting, NOON_US, lambda now_us: uuid7(now_us // 1000)
            )
    claims = await store.claim("timers", NOON_US, 5.0, 50)
    async with store.transaction() as transaction:
        await take_timers(transaction, [(each, facts()) for each in claims], NOON_US)


async def work_off(database, folder, kind):
    """Go on, as soon as leases are over, until nothing is left to do."""
    survivor = errands_of(database, folder, "", FakeClock(from_us(NOON_US)), kind)
    for _ in range(20):
        await database.execute("UPDATE errands SET lease_until = NULL")
        await survivor.work_once()
        if not await database.fetchval("SELECT count(*) FROM errands WHERE is_open"):
            return
    raise AssertionError("there is no end of it")


@pytest.mark.parametrize("point", ["before_carrying", "after_carrying"])
@pytest.mark.parametrize("kind", ["folder", "dumb"])
async def test_a_kill_sends_nothing_twice_and_says_what_is_not_known(
    postgres, tmp_path, point, kind
):
    async with (
        postgres.clone("scenario", MIGRATIONS) as url,
        open_database(url, application="scenario", connections=4) as database,
    ):
        await order(PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path / "keys"))))
        assert await died(url, tmp_path, point, kind) == -signal.SIGKILL
        begun = await database.fetch("SELECT errand_id FROM errands WHERE state = 'sending'")
        assert begun, "it died on the way"
        await work_off(database, tmp_path, kind)
        rows = await database.fetch("SELECT errand_id, state FROM errands")
        states = {row["errand_id"]: row["state"] for row in rows}
        if kind == "folder":
            sent = Counter(place.stem for place in (tmp_path / "outbox").glob("*.json"))
            assert set(states.values()) == {"sent"}
        else:
            sent = Counter((tmp_path / "sent").read_text().split())
            unknown = {errand_id for errand_id, state in states.items() if state == "unknown"}
            assert unknown == {row["errand_id"] for row in begun}
        assert set(sent.values()) == {1}
        assert {each for each, state in states.items() if state == "sent"} <= set(sent)


async def test_what_is_sent_for_no_journey_is_an_errand_like_any_other(postgres, tmp_path):
    async with (
        postgres.clone("scenario", MIGRATIONS) as url,
        open_database(url, application="scenario", connections=4) as database,
    ):
        await order(PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path / "keys"))))
        await database.execute(
            "UPDATE errands SET journey_id = NULL, scenario = '', changed_us = 0"
        )
        await work_off(database, tmp_path, "folder")
        assert len(list((tmp_path / "outbox").glob("*.json"))) == len(PEOPLE)
        worker = errands_of(database, tmp_path, "", FakeClock(from_us(NOON_US)), "folder")
        await worker.forget(NOON_US)
        assert await database.fetchval("SELECT count(*) FROM errands") == len(PEOPLE)
        await worker.forget(NOON_US + 1)
        assert await database.fetchval("SELECT count(*) FROM errands") == 0


async def test_what_a_process_of_before_cancelled_is_not_sent(postgres, tmp_path):
    async with (
        postgres.clone("scenario", MIGRATIONS) as url,
        open_database(url, application="scenario", connections=4) as database,
    ):
        await order(PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path / "keys"))))
        # It does not know of `is_open`.
        await database.execute("UPDATE errands SET state = 'cancelled'")
        worker = errands_of(database, tmp_path, "", FakeClock(from_us(NOON_US)), "dumb")
        assert await worker.work_once() == 0
        assert not (tmp_path / "sent").exists()
