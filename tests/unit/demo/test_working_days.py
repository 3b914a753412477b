"""A story that waits for a call goes on to the next working day, whichever day it is played on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from demo.stories import stage
from demo.stories.following import is_to_be_called, until_noon_of_weekday
from demo.stories.stage import Stage, StoryError
from services.scenario.domain.moments import LocalTime, next_moment
from services.scenario.domain.walking import NO_CALLS_TODAY
from shared.clock import from_us, to_us
from touchpoint.aggregator.v1.aggregator_pb2 import JourneyView
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewResponse

OTTO = {"customer": "otto"}
LONGEST_HOLIDAYS = frozenset(f"2026-12-{day:02}" for day in range(1, 32))
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
SATURDAY = 5
NINE = LocalTime(9 * 60, working_day=True)


class CallCentre:
    """The edge of a shop where Otto is to be called: parked until nine of the next working day."""

    def __init__(self, came, holidays=frozenset()):
        self.now, self.holidays, self.moves = came, holidays, []
        at_once = came.weekday() < SATURDAY and came.date().isoformat() not in holidays
        self.goes_on = came if at_once else self._next_working_day()

    def _next_working_day(self):
        return from_us(next_moment(NINE, to_us(self.now), "", self.holidays))

    async def move(self, by):
        assert by > timedelta()
        self.moves.append(by)
        self.now += by
        return self.now - datetime.now(UTC)

    async def GetCustomerView(self, request, timeout):  # noqa: N802 as the stub names it
        obstacle = NO_CALLS_TODAY if self.now < self.goes_on else ""
        return GetCustomerViewResponse(
            journeys=[JourneyView(scenario="missed", stage="call", obstacle=obstacle)]
        )

    async def calls_otto(self):
        """Play until he is to be called; return when he is, and what the story told."""
        told = []
        ahead = self.now - datetime.now(UTC)
        await is_to_be_called(Stage(self, told.append, ahead, self.move), OTTO, "missed")
        return self.now, told


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(stage, "_PATIENCE_S", 0.0)


@pytest.mark.parametrize("hour", [0, 8, 9, 23])
@pytest.mark.parametrize("day", range(7))
async def test_a_call_is_waited_for_until_somebody_works(day, hour):
    came = MONDAY + timedelta(days=day, hours=hour)
    call_centre = CallCentre(came)
    called, told = await call_centre.calls_otto()
    if day < SATURDAY:
        assert (called, told) == (came, []), "nothing is waited for where agents work"
    else:
        assert called.weekday() == 0
        assert called - came < timedelta(days=3)
        assert told == [f"  call centre: {NO_CALLS_TODAY}"]


@pytest.mark.parametrize("day", range(7))
async def test_a_holiday_is_waited_out_too(day):
    came = MONDAY + timedelta(days=day, hours=15)
    days = (came + timedelta(days=each) for each in range(3))
    holidays = frozenset(each.date().isoformat() for each in days)
    called, _ = await CallCentre(came, holidays).calls_otto()
    assert called.weekday() < SATURDAY
    assert called.date().isoformat() not in holidays
    assert called - came < timedelta(days=6)


async def test_a_shop_that_never_works_is_told_of():
    closed = CallCentre(datetime(2026, 12, 1, 12, tzinfo=UTC), LONGEST_HOLIDAYS)
    with pytest.raises(StoryError, match="nobody makes calls today"):
        await closed.calls_otto()


@pytest.mark.parametrize("day", range(7))
def test_the_next_noon_is_later_and_of_a_weekday(day):
    now = MONDAY + timedelta(days=day, hours=13, minutes=7)
    noon = now + until_noon_of_weekday(now)
    assert noon.hour == 12
    assert noon.weekday() < SATURDAY
    assert now.date() < noon.date() <= now.date() + timedelta(days=3)
