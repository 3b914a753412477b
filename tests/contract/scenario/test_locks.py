"""Several journeys are locked in the order of their ids, so that nobody waits in a ring."""

import asyncio

from services.scenario.domain.scenario import Limits
from services.scenario.domain.taking import take_events, take_timers
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.privacy import FolderWrappingKeys
from shared.testing.background import until
from tests.contract.scenario.conftest import ALL, QUIET_US
from tests.unit.scenario.playing import ADA, BOB, COME_BACK, NOON_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1 import rules_pb2 as pb

BLOCKED = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


async def proposing(store, person_id, journey_id):
    """Lead somebody to the first stage."""
    async with store.transaction() as transaction:
        begun = [event(person_id=person_id)]
        await take_events(transaction, begun, ALL, QUIET_US, lambda _: journey_id)
    (claim,) = await store.claim("worker", QUIET_US, 5.0, 1)
    async with store.transaction() as transaction:
        await take_timers(transaction, [(claim, facts())], QUIET_US)


async def test_looking_again_never_waits_for_who_waits_for_it(fresh_database, tmp_path):
    database = await fresh_database("scenario", MIGRATIONS)
    store = PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path)))
    await proposing(store, BOB, "journey-2")  # comes first in the table
    await proposing(store, ADA, "journey-1")
    async with store.transaction() as transaction:
        await transaction.open_of([ADA])
        scenarios = ["abandoned_cart"]
        looking = asyncio.ensure_future(store.look_again([COME_BACK], scenarios, QUIET_US + 1))
        await until(lambda: database.fetchval(BLOCKED))
        assert len(await transaction.open_of([BOB])) == 1
    assert await looking == 2


async def test_who_enters_several_limited_scenarios_never_waits_for_who_waits_for_them(
    fresh_database, tmp_path
):
    database = await fresh_database("scenario", MIGRATIONS)
    store = PostgresJourneys(database, Notes(FolderWrappingKeys(tmp_path)))
    limits = pb.Scenario().limits
    limits.per_day = 5
    made = [scenario(stage("a", call=True), scenario=name, limits=limits) for name in "zy"]
    async with store.transaction() as transaction:
        names = iter(("journey-z", "journey-y"))
        await take_events(
            transaction, [event("view")], for_all({"view": made}), NOON_US, lambda _: next(names)
        )
    claims = await store.claim("worker", NOON_US, 5.0, 2)
    by_name = sorted(claims, key=lambda claim: claim.journey.scenario.name, reverse=True)

    async def enter_both():
        async with store.transaction() as transaction:
            return await take_timers(transaction, [(each, facts()) for each in by_name], NOON_US)

    async with store.transaction() as transaction:
        assert await transaction.take_room("y", Limits(per_day=5), "")
        entering = asyncio.ensure_future(enter_both())
        await until(lambda: database.fetchval(BLOCKED))
        assert await transaction.take_room("z", Limits(per_day=5), "")
    assert len(await entering) == 2
