"""What several processes play of a past, each with some of the people, is what one plays."""

from __future__ import annotations

import random
import sys
from dataclasses import replace

import pytest

from cli.backtest import sharing
from cli.backtest.playing import EVERYBODY, Span
from cli.backtest.running import run
from tests.unit.cli.test_backtest import (
    DAY_US,
    HOUR_US,
    NOON_US,
    SCENARIOS,
    catalogue,
    definitions,
    event,
    world,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")
__all__ = ["catalogue"]
SOLD_OUT = """
  - scenario: sold_out
    starts_on: [out_of_stock]
    goals: [purchase]
    stages:
      - stage: gone
        lasts: 4d
        on:
          - {on: [back_in_stock], to: there_again}
      - stage: there_again
        set: {told: again}
      - stage: wait
        lasts: 1h
"""
TYPES = ("view", "view", "view", "add_to_cart", "purchase", "out_of_stock", "decline")
WITH_ROOM = (SCENARIOS + SOLD_OUT).replace("limits: {per_day: 1}", "limits: {per_day: 1000}")


def history(seed, people=9, number=160):
    rng = random.Random(seed)
    return [
        (f"person-{rng.randrange(people)}", event(rng.choice(TYPES), at * HOUR_US))
        for at in range(number)
    ]


def played(catalogue, text, happened, jobs, calls_per_day=0):
    """Return all that is told of each scenario, and what became of every journey."""
    past = replace(
        world(catalogue, *happened, sets=[("person-1", "person-2")]), calls_per_day=calls_per_day
    )
    span = Span(NOON_US + DAY_US, NOON_US + 20 * DAY_US)
    found = run(past, definitions(catalogue, text), span, lambda done, total: None, jobs)
    journeys = {
        (each.person_id, each.scenario.name, each.started_us, each.outcome, each.ended_us)
        for each in found.record.journeys.values()
    }
    return found.report, journeys, found.went


def replays_by_one(monkeypatch):
    """Return a list that gets what is said of there being room for all shares together."""
    said = []
    had_room = sharing.had_room
    monkeypatch.setattr(
        "cli.backtest.running.had_room", lambda *given: said.append(had_room(*given)) or said[-1]
    )
    return said


@pytest.mark.parametrize("seed", [1, 2])
def test_shares_that_nobody_is_turned_away_in_come_to_what_one_process_plays(
    catalogue, monkeypatch, seed
):
    said = replays_by_one(monkeypatch)
    one = played(catalogue, WITH_ROOM, history(seed), jobs=1)
    assert said == []
    assert played(catalogue, WITH_ROOM, history(seed), jobs=3) == one
    assert said == [True]
    told = {each.report.scenario: each.report for each in one[0].scenarios}
    assert all(each.entered for each in told.values()), "nothing is compared"
    (gone, *_) = told["sold_out"].stages
    assert any(way.to == "there_again" for way in gone.ways), "nobody heard of what others bought"


@pytest.mark.parametrize("calls_per_day", [0, 1])
def test_room_for_a_few_goes_to_whoever_came_first_in_whatever_share(
    catalogue, monkeypatch, calls_per_day
):
    said = replays_by_one(monkeypatch)
    text = WITH_ROOM if calls_per_day else SCENARIOS
    happened = [
        (f"person-{at}", event("add_to_cart", 2 * DAY_US + at * HOUR_US)) for at in range(9)
    ]
    one = played(catalogue, text, happened, 1, calls_per_day)
    assert played(catalogue, text, happened, 3, calls_per_day) == one
    assert said == [False]


def test_everybody_is_in_one_share_and_shares_have_about_equally_many_events():
    events = {f"person-{number}": number % 7 + 1 for number in range(99)} | {"busy": 60}
    shares = sharing.shares_of(events, 3)
    loads = [sum(count for who, count in events.items() if share.has(who)) for share in shares]
    assert sum(loads) == sum(events.values())
    assert max(loads) - min(loads) <= 7
    assert all(sum(share.has(who) for share in shares) == 1 for who in events)
    assert len({share.ids for share in shares}) == 3


def test_few_events_are_not_shared_out():
    assert sharing.shares_for(0, 100) == 1
    assert sharing.shares_for(2, 100) == 2


def test_a_process_that_ends_before_its_time_is_an_error(catalogue):
    def play(share, tell):
        sys.exit(3)

    with pytest.raises(sharing.SharingError):
        sharing.play_shares(play, {}, [EVERYBODY] * 2, lambda done, total: None)
