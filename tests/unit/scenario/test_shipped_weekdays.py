"""The shipped scenarios that call, begun on each day of the week: whoever calls works that day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.scenario.domain.walking import NO_CALLS_TODAY
from shared.replacing import replace
from tests.unit.scenario.theatre import DVD, MONDAY_NOON, TV, Theatre

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
SATURDAY = 5


@pytest.fixture(params=range(7), ids=WEEKDAYS)
def theatre(request):
    return Theatre(MONDAY_NOON + timedelta(days=request.param))


async def is_called(theatre, scenario, outcome="not_reached"):
    """Let an agent call who is in the stage `call`: today, or on the next working day at nine."""
    assert theatre.stage(scenario) == "call"
    came = theatre.clock.now()
    if came.weekday() >= SATURDAY:
        (parked,) = [each for each in theatre.store.journeys.values() if each.obstacle]
        assert parked.obstacle == NO_CALLS_TODAY
        assert await theatre.tasks() == []
        await theatre.passes_to_work()
    task = await theatre.call(outcome)
    called = theatre.clock.now()
    assert called.weekday() < SATURDAY
    assert called == came or (called.weekday(), called.hour) == (0, 9)
    assert task.kind == "call"


async def test_a_cart_left_behind_is_called_about_on_a_working_day_and_then_goes_on(theatre):
    await theatre.leaves(TV)
    await theatre.passes(minutes=31)
    await theatre.passes(days=4)
    await is_called(theatre, "abandoned_cart")
    await theatre.passes(days=7, minutes=1)
    assert theatre.shown() == {"come_back_better": "abandoned_cart"}


async def test_the_best_who_stay_away_are_called_on_a_working_day(theatre):
    theatre.person.segments[:] = ["best_customers", "lapsing"]
    theatre.person.traits.frequency = 12
    await theatre.buys(DVD)
    await theatre.passes(days=45 + 7 + 5, minutes=1)
    await is_called(theatre, "lapsed_best_customer", "accepted")
    assert theatre.stage("lapsed_best_customer") == "to_order"


async def test_who_asked_for_the_holidays_is_called_on_a_working_day(theatre):
    await theatre.happens("accept", "holiday_special")
    await theatre.passes(days=3, minutes=1)
    await is_called(theatre, "holiday_special", "declined")
    await theatre.passes(days=7)
    assert theatre.shown("agent.prompt") == {"holiday_fifteen": "holiday_special"}


async def test_nobody_calls_on_a_holiday_whatever_day_it_is(theatre):
    came = theatre.clock.now() + timedelta(days=3, minutes=1)
    theatre.bundles.active = replace(
        theatre.bundles.active, holidays=frozenset({came.date().isoformat()})
    )
    await theatre.happens("accept", "holiday_special")
    await theatre.passes(days=3, minutes=1)
    assert await theatre.tasks() == []
    await theatre.passes_to_work()
    assert (await theatre.call("declined")).kind == "call"
    called = theatre.clock.now()
    assert called.date() > came.date()
    assert called.weekday() < SATURDAY


async def test_a_complaint_is_seen_to_on_every_day(theatre):
    theatre.person.complaint_open, theatre.person.complaint_us = True, theatre.clock.now_us()
    await theatre.happens("complaint")
    (task,) = await theatre.tasks()
    assert task.kind == "follow_up"
