"""When training happens by itself, and what it leaves out."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from services.retrieval.domain.models import Attempt, StoredModel
from services.retrieval.domain.schedule import Schedule
from services.retrieval.scheduling import TrainingSchedule
from services.retrieval.storage.in_memory_models import InMemoryModels
from shared.errors import Aborted, Internal
from tests.unit.retrieval.learned import CATALOGUE_ID
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


def us(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000


class Events:
    """A log of which only the number of new events is asked."""

    def __init__(self, count):
        self.count = count

    async def count_after(self, position, enough):
        new = max(self.count - position, 0)
        return min(new, enough), position + min(new, enough)


class Shop:
    """A store of models, a log and a clock, around a training that takes no time."""

    def __init__(self, schedule, events=1_000):
        self.store = InMemoryModels(CATALOGUE_ID, lambda: 1)
        self.events = Events(events)
        self.now_us = us(2026, 3, 2, 12)
        self.trained = []
        self.report = TrainingReport(model="new")
        self.failure = None
        self.schedule = TrainingSchedule(
            schedule, self.store, self.events, self, lambda: self.now_us, settling_looks=0
        )

    async def train(self, asked, tell, occasion):
        assert asked.is_scheduled
        token = await self.store.begin_training(is_scheduled=True)
        if token is None:
            raise Aborted("another training is under way")
        try:
            if not await occasion.is_wanted():
                return None
            if self.failure:
                await occasion.failed(self.failure)
                raise self.failure
            if not self.report.refusal:
                await self.add(token)
            await occasion.ended(self.report, self.events.count)
            return self.report
        finally:
            await self.store.end_training(token)

    async def add(self, token):
        self.trained.append(self.now_us)
        origin = (CATALOGUE_ID, 1, self.now_us)
        artefacts = {"items": str(len(self.trained))}
        model = StoredModel(artefacts, "p", *origin, b"", log_position=self.events.count)
        await self.store.add(token, model, ())

    async def look(self):
        return await self.schedule.look()


async def test_a_fresh_shop_trains_once_there_is_enough_to_learn_from():
    shop = Shop(Schedule(86_400.0), events=499)
    assert await shop.look() == ""
    shop.events.count = 500
    assert "is served" in await shop.look()
    assert len(shop.trained) == 1


async def test_a_fresh_shop_is_left_alone_while_its_first_import_may_be_under_way():
    shop = Shop(Schedule(86_400.0))
    shop.schedule._looks_left = 3
    assert [bool(await shop.look()) for _ in range(3)] == [False, False, True]


async def test_a_fresh_shop_that_cannot_learn_yet_waits_for_as_much_again():
    shop = Shop(Schedule(86_400.0))
    shop.report = TrainingReport(refusal="there are 3 persons")
    assert await shop.look() == "there are 3 persons"
    shop.events.count += 499
    assert await shop.look() == ""
    shop.events.count += 1
    assert await shop.look() == "there are 3 persons"


async def test_it_trains_again_when_it_is_due_and_not_before():
    shop = Shop(Schedule(86_400.0))
    await shop.look()
    shop.events.count = 5_000
    shop.now_us += DAY_US - 1
    assert await shop.look() == ""
    shop.now_us += 1
    assert "is served" in await shop.look()


async def test_where_little_is_new_it_is_left_out_until_it_is_due_again():
    shop = Shop(Schedule(86_400.0))
    await shop.look()
    shop.events.count += 499
    shop.now_us += DAY_US
    assert await shop.look() == "left out: 499 events are new, and 500 are needed"
    assert await shop.look() == ""
    shop.events.count += 1
    shop.now_us += DAY_US
    assert "is served" in await shop.look()


async def test_a_refused_model_is_remembered_and_not_made_again_at_once():
    shop = Shop(Schedule(86_400.0))
    await shop.look()
    shop.events.count = 5_000
    shop.now_us += DAY_US
    shop.report = TrainingReport(refusal="the new model is worse")
    assert await shop.look() == "the new model is worse"
    assert (await shop.store.attempt()).outcome == "the new model is worse"
    assert await shop.look() == ""


async def failures(shop, looks):
    """Look so often, a minute apart, and return the minutes at which a training broke off."""
    found = []
    for minute in range(looks):
        try:
            await shop.look()
        except Internal:
            found.append(minute)
        shop.now_us += MINUTE_US
    return found


@pytest.mark.parametrize("is_fresh", [True, False])
async def test_what_broke_off_is_tried_again_after_a_span_that_doubles(is_fresh):
    shop = Shop(Schedule(3_600.0))
    if not is_fresh:
        await shop.look()
        shop.events.count = 5_000
        shop.now_us += 60 * MINUTE_US
    shop.failure = Internal("training ended without a result")
    assert await failures(shop, 200) == [0, 10, 30, 70, 130, 190]
    attempt = await shop.store.attempt()
    assert attempt.outcome == "failed: training ended without a result"
    shop.now_us += 60 * MINUTE_US
    shop.failure = None
    assert "is served" in await shop.look()
    assert (await shop.store.attempt()).failures == 0


async def test_a_training_that_somebody_asked_for_ends_the_waiting():
    shop = Shop(Schedule(86_400.0))
    shop.failure = Internal("training ended without a result")
    assert await failures(shop, 40) == [0, 10, 30]
    await shop.add(await shop.store.begin_training())
    await shop.store.end_training(4)
    shop.events.count = 5_000
    shop.now_us += DAY_US
    assert await failures(shop, 40) == [0, 10, 30]


async def test_after_a_rollback_it_rests_until_somebody_trains():
    shop = Shop(Schedule(86_400.0))
    await shop.look()
    shop.events.count = 5_000
    shop.now_us += DAY_US
    await shop.look()
    await shop.store.roll_back("")
    shop.events.count = 50_000
    shop.now_us += 9 * DAY_US
    assert await shop.look() == ""
    assert "taken back" in Schedule(86_400.0).rests(await shop.store.kept())
    await shop.add(await shop.store.begin_training())
    await shop.store.end_training(3)
    shop.events.count = 90_000
    shop.now_us += DAY_US
    assert "is served" in await shop.look()


async def test_what_another_replica_has_just_done_is_not_done_again():
    shop = Shop(Schedule(86_400.0))

    async def count_after(position, enough):
        await shop.add(await shop.store.begin_training())
        await shop.store.end_training(1)
        return enough, enough

    shop.events.count_after = count_after
    assert await shop.look() == ""
    assert len(shop.trained) == 1


async def test_it_gives_way_to_a_training_that_is_under_way():
    shop = Shop(Schedule(86_400.0))
    await shop.store.begin_training()
    assert "another training" in await shop.look()


async def test_off_is_never():
    shop = Shop(Schedule(0.0))
    assert await shop.look() == ""
    assert "off" in Schedule(0.0).rests(await shop.store.kept())


@pytest.mark.parametrize(
    ("trained", "due"),
    [
        ((2026, 3, 2, 12), (2026, 3, 3, 8, 30)),
        ((2026, 3, 2, 8, 30), (2026, 3, 3, 8, 30)),
        ((2026, 3, 2, 23), (2026, 3, 4, 8, 30)),  # half a day is too soon
        ((2026, 3, 7, 12), (2026, 3, 8, 7, 30)),  # summer time begins
    ],
)
async def test_it_is_due_at_the_hour_of_the_shop(trained, due):
    schedule = Schedule(86_400.0, time(3, 30), ZoneInfo("America/New_York"))
    shop = Shop(schedule)
    shop.now_us = us(*trained)
    await shop.add(await shop.store.begin_training())
    found = schedule.due_us(await shop.store.kept(), Attempt())
    assert datetime.fromtimestamp(found / 1e6, UTC) == datetime(*due, tzinfo=UTC)
