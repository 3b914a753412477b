"""Whose silence began before anybody listened for it: people of imported history, and of the log.

A recorded event begins a journey as a live one does, and what is recorded after it puts its time
off or ends it by the same state machine. What is left at the end is a silence that still lasts.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.scenario.domain.endings import DAY_US
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.moments import chance
from services.scenario.domain.passage import begin, happened
from services.scenario.domain.scenario import Limits, Scenario
from services.scenario.domain.transition import Transition
from shared.replacing import replace

_BEFORE_THE_FIRST, _WITHOUT_ROOM = -1, -2
_NOT_BEFORE_US = DAY_US // 24
"""Imports are searched while they run, and what comes of them later is heard."""
_WAITS_FOR_ROOM_US = 30 * DAY_US
_LAST_TRY_US = 2 * DAY_US
"""So long after that somebody who waited may still be tried."""


def reads_since_us(scenario: Scenario, now_us: int) -> int:
    """Return from when on events decide whether somebody is quiet already; 0: all do.

    A silence may have begun long before that counts and have been put off ever since, unless
    whatever puts it off begins one as well.
    """
    return _first_us(scenario, now_us) if _is_begun_by_all_of_it(scenario) else 0


def reads_types(scenario: Scenario) -> frozenset[str]:
    """Return the types of events that decide whether somebody is quiet already; empty: all."""
    if not scenario.quiet_of:
        return frozenset()
    exits = (way_out.hears.types for way_out in scenario.exits)
    return scenario.starts.types.union(scenario.quiet_of, scenario.goals.types, *exits)


def lasting(scenario: Scenario, events: Sequence[Happened], now_us: int) -> list[Journey]:
    """Return the journeys that persons who are one would be on, had their events been live.

    `events` are theirs in order, none later than now. Journeys have no ids yet. Left out are those
    whose silence was long enough and ended, and those for whom it was long enough too long ago.
    """
    under_way: dict[int, Journey] = {}
    times_us: dict[int, list[int]] = {}
    for event in events:
        for subject, journey in list(under_way.items()):
            heard = _hears(journey, event)
            if heard is None:
                del under_way[subject]
            else:
                under_way[subject] = heard
        if not scenario.starts.hears(event.type, event.values):
            continue
        subject = scenario.subject_of(event.offer_no)
        came = times_us.setdefault(subject, [])
        came.append(event.time_us)
        if subject not in under_way and _is_often(scenario, came):
            begun = begin(scenario, event, "", event.time_us)
            assert begun is not None, "it was asked whether the event begins one"
            under_way[subject] = begun.journey
    first_us = _first_us(scenario, now_us)
    return [each for each in under_way.values() if each.due_us - scenario.quiet_for_us >= first_us]


def taken_up(journey: Journey, journey_id: str, now_us: int) -> Transition:
    """Return the beginning of a journey whose person is quiet already.

    Where the silence was long enough before, its time is drawn from the span over which such
    journeys are spread: the same one however often this is asked. Nobody is looked at within the
    first hour: of what is being imported their newest events may not be there yet.
    """
    already = journey.scenario.quiet_already
    assert already is not None, "only scenarios that say so take anybody up"
    first_us = now_us + _NOT_BEFORE_US
    due_us = max(journey.due_us, first_us)
    if journey.due_us <= now_us:
        over_us = max(already.over_us - _NOT_BEFORE_US, 0)
        due_us = first_us + round(chance(journey.lot, _BEFORE_THE_FIRST, 0) * over_us)
    begun = replace(journey, journey_id=journey_id, due_us=due_us, taken_up_us=now_us)
    return Transition(begun, is_new=True)


def may_wait_for_room(journey: Journey, now_us: int) -> bool:
    """Say whether a journey waits where there is no room: they all came at once."""
    return now_us < _waits_until_us(journey)


def room_for(journey: Journey, limits: Limits, now_us: int) -> Limits:
    """Return the limits that count for a journey: those taken up leave the rest to all others."""
    if now_us < _waits_until_us(journey) + _LAST_TRY_US:
        return limits_of_backlog(limits)
    return limits


def limits_of_backlog(limits: Limits) -> Limits:
    """Return half of the room there is, at least for one."""
    per_day, under_way = limits.per_day, limits.under_way
    return replace(limits, per_day=per_day - per_day // 2, under_way=under_way - under_way // 2)


def wait_for_room(journey: Journey, now_us: int) -> Transition:
    """Return the journey about a day later; its person met what it takes.

    Its hour is drawn anew: room is for who comes first in a day, and nobody is always the last.
    """
    drawn = chance(journey.lot, _WITHOUT_ROOM, now_us // DAY_US)
    due_us = now_us + DAY_US // 2 + round(drawn * DAY_US)
    waits = replace(journey, version=journey.version + 1, due_us=due_us)
    return Transition(waits, is_visible=False, puts_off=True, met_us=now_us)


def _waits_until_us(journey: Journey) -> int:
    """Return how long a journey that was taken up waits for room; 0: it was not."""
    already = journey.scenario.quiet_already
    if not journey.taken_up_us or already is None:
        return 0
    return journey.taken_up_us + already.over_us + _WAITS_FOR_ROOM_US


def _first_us(scenario: Scenario, now_us: int) -> int:
    """Return when a silence began at the earliest that counts."""
    already = scenario.quiet_already
    assert already is not None, "only of scenarios that say so"
    return max(now_us - already.within_us - scenario.quiet_for_us, 0)


def _is_begun_by_all_of_it(scenario: Scenario) -> bool:
    """Say whether each event that puts a silence off would begin one, were none under way."""
    starts = scenario.starts
    is_any_of_them = starts.where is None and scenario.count.at_least <= 1
    return is_any_of_them and bool(scenario.quiet_of) and scenario.quiet_of <= starts.types


def _hears(journey: Journey, event: Happened) -> Journey | None:
    """Return the journey after an event, None where that ends it, or a silence long enough."""
    step = happened(journey, event, event.time_us)
    if step is None:
        return journey
    if step.journey.is_over or journey.due_us <= event.time_us:
        return None
    return step.journey


def _is_often(scenario: Scenario, times_us: Sequence[int]) -> bool:
    """Say whether an event came often enough, the last time being now."""
    within_us = scenario.count.within_us
    since_us = times_us[-1] - within_us if within_us else -1
    return sum(since_us < each for each in times_us) >= scenario.count.at_least
