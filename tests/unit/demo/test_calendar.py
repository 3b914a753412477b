"""Stories that last weeks share one clock: it moves when all wait, to what comes next."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc
import grpc.aio
import pytest

from demo.stories.calendar import Calendar
from demo.stories.stage import Stage, StorySkipped

DAY = timedelta(days=1)
EARLY = timedelta(hours=1)


class Clock:
    """The suite's time; what it answers is late by a little, as answers are."""

    def __init__(self):
        self.ahead, self.moves = EARLY, []

    async def move(self, by):
        await asyncio.sleep(0)
        self.ahead += by
        self.moves.append(by)
        return self.ahead - timedelta(milliseconds=3)


@pytest.fixture
def clock():
    return Clock()


async def lived(calendar, clock, *days):
    """Let time pass again and again, and say when it was each time."""
    seen = []
    with calendar.taking_part():
        for each in days:
            await calendar.passes(each * DAY)
            seen.append((clock.ahead - EARLY) / DAY)
    return seen


async def test_together_they_last_no_longer_than_one_and_each_sees_its_own_days(clock):
    calendar = Calendar(clock.move, EARLY)
    lives = [lived(calendar, clock, *days) for days in ((2, 2, 7), (3, 3), (45,), ())]
    seen = await asyncio.gather(*lives)
    assert seen == [[2, 4, 11], [3, 6], [45], []]
    assert clock.ahead - EARLY == 45 * DAY


async def test_time_stands_still_while_anybody_does_something(clock):
    calendar, done = Calendar(clock.move, EARLY), asyncio.Event()

    async def busy():
        with calendar.taking_part():
            for _ in range(20):
                await asyncio.sleep(0)
            assert clock.moves == []
            done.set()

    await asyncio.gather(lived(calendar, clock, 1), busy())
    assert done.is_set()
    assert clock.moves == [DAY]


async def test_whoever_fails_keeps_nobody_waiting(clock):
    calendar = Calendar(clock.move, EARLY)

    async def failing():
        with calendar.taking_part():
            raise RuntimeError("no such thing")

    ended = await asyncio.gather(lived(calendar, clock, 1), failing(), return_exceptions=True)
    assert ended[0] == [1]
    assert isinstance(ended[1], RuntimeError)


async def test_where_time_cannot_be_moved_each_story_is_left_out():
    async def refused(by):
        metadata = grpc.aio.Metadata()
        code = grpc.StatusCode.FAILED_PRECONDITION
        raise grpc.aio.AioRpcError(code, metadata, metadata, "no")

    calendar = Calendar(refused, EARLY)

    async def one():
        stage = Stage(None, tell=lambda _: None, move=calendar.passes)
        with calendar.taking_part():
            await stage.passes(DAY)

    ended = await asyncio.gather(one(), one(), return_exceptions=True)
    assert [type(each) for each in ended] == [StorySkipped, StorySkipped]
