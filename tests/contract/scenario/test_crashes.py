"""A process killed at each of its crash points: what it had begun is done by another, once."""

import asyncio
import os
import signal
import sys
from functools import partial

import pytest

from services.scenario.crashing import CrashPoints, crash_point
from services.scenario.desk.tasks import TaskDesk
from services.scenario.domain.completing import Completion
from services.scenario.domain.taking import take_events
from services.scenario.journeys.timers import Timers
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.call import own_call
from shared.clock import from_us
from shared.postgres import open_database
from shared.privacy import FolderWrappingKeys
from shared.testing.background import running, until
from shared.testing.clock import FakeClock
from tests.contract.scenario.conftest import ALL, QUIET_US, Desk
from tests.unit.scenario.playing import ADA, DAY_US, event
from tests.unit.scenario.shop import Approachable, Told

PEOPLE = [f"person-{number}" for number in range(5)]
CALL_US = QUIET_US + 2 * DAY_US


async def died(url, marks, point, now_us, *task):
    """Let a process work once; returns how it ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.scenario.dying_worker"),
        *(url, str(marks), point, str(now_us), *task),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(process.wait(), 60.0)


@pytest.mark.parametrize("point", ["after_claim", "before_commit", "after_commit"])
async def test_a_kill_loses_no_task_and_gives_none_twice(postgres, tmp_path, point):
    async with (
        postgres.clone("scenario", MIGRATIONS) as url,
        open_database(url, application="scenario", connections=4) as database,
    ):
        store = PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path / "keys")))
        numbers = iter(range(100))

        def new_id(now_us):
            return f"journey-{next(numbers)}"

        async with store.transaction() as transaction:
            events = [event(person_id=person_id) for person_id in PEOPLE]
            await take_events(transaction, events, ALL, QUIET_US, new_id)
        for now_us, marks in ((QUIET_US, "first"), (CALL_US, "second")):
            assert await died(url, tmp_path / marks, point, now_us) == -signal.SIGKILL
            clock = FakeClock(from_us(now_us))
            survivor = Timers(store, Told(), clock, owner="survivor", lease_s=5.0)
            stage = 0 if now_us == QUIET_US else 1
            async with running(survivor):
                await until(partial(_all_in, store, stage))
        tasks = await store.waiting(["sales"], CALL_US, 100)
        assert sorted(task.person_id for task in tasks) == PEOPLE
        effects = await database.fetchval("SELECT count(*) FROM effects")
        assert effects == 2 * len(PEOPLE)
        notices = await database.fetch("SELECT message_id FROM outbox")
        assert len(notices) == 3 * len(PEOPLE)


@pytest.mark.parametrize(
    ("point", "outcome"),
    [("before_completion_commit", ""), ("after_completion_commit", "accepted")],
)
async def test_a_task_ended_in_a_kill_is_ended_by_saying_it_again_and_once(
    postgres, tmp_path, point, outcome
):
    async with (
        postgres.clone("scenario", MIGRATIONS) as url,
        open_database(url, application="scenario", connections=4) as database,
    ):
        agents = PostgresAgents(database)
        desk = Desk(PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path))), agents)
        await desk.call_for(ADA)
        await desk.sign_on("eve")
        clock = FakeClock(from_us(CALL_US))
        survivor = TaskDesk(desk.store, agents, clock, Approachable())
        task = await survivor.claim(own_call("/ClaimTask"), "eve", "")
        said = task.task_id, "eve"
        assert await died(url, tmp_path / "marks", point, CALL_US, *said) == -signal.SIGKILL
        assert await database.fetchval("SELECT outcome FROM tasks") == outcome
        assert bool(await desk.store.open_for([ADA])) is not bool(outcome)
        for _ in range(2):
            again = await survivor.complete(
                own_call("/CompleteTask"), Completion(*said, "accepted")
            )
            assert again.outcome == "accepted"
        assert await desk.store.open_for([ADA]) == []
        # It began, proposed, gave the task, told of the call, and ended.
        assert await database.fetchval("SELECT count(*) FROM outbox") == 5


async def _all_in(store, stage):
    journeys = await store.open_for(PEOPLE)
    return all(journey.stage == stage for journey in journeys)


def test_a_point_that_is_not_the_one_is_passed(tmp_path):
    CrashPoints("after_claim", tmp_path).reach("before_commit")
    CrashPoints("", tmp_path).reach("after_claim")
    assert list(tmp_path.iterdir()) == []


def test_where_somebody_died_before_nobody_dies_again(tmp_path):
    (tmp_path / "after_claim").touch()
    CrashPoints("after_claim", tmp_path).reach("after_claim")


def test_a_point_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="before_commit"):
        crash_point("somewhere")
