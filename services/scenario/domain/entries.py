"""Who met what it takes to enter a scenario, and whether they reached its goal in time.

Those who are held out are noted as well as those who enter, by the same conditions and with the
same time to reach the goal, whatever becomes of the journey: so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.scenario.domain.conditions import event_values
from services.scenario.domain.graph import longest_us
from services.scenario.domain.journey import Happened, Journey, Outcome, Phase, Transition
from services.scenario.domain.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Entry:
    """One time that somebody met what must be so to enter; times in microseconds."""

    journey_id: str
    person_id: str
    scenario: Scenario
    met_us: int
    until_us: int
    """A goal counts until then."""
    held_out: bool = False
    reached_us: int = 0
    """The goal; 0: not yet."""


class EntryTransaction(Protocol):
    """Entries within a transaction that has its persons' journeys locked."""

    async def waiting_of(self, person_ids: Collection[str], since_us: int) -> Sequence[Entry]:
        """Return entries of persons whose time is not over at a moment, without a goal so far."""
        ...

    async def reach(self, entries: Sequence[Entry]) -> None:
        """Keep when each reached its goal."""
        ...


def entry_of(transition: Transition) -> Entry | None:
    """Return what a step says of meeting what must be so, None where it says nothing."""
    if not transition.met_us:
        return None
    journey = transition.journey
    return Entry(
        journey_id=journey.journey_id,
        person_id=journey.person_id,
        scenario=journey.scenario,
        met_us=transition.met_us,
        until_us=transition.met_us + longest_us(journey.scenario),
        held_out=journey.outcome is Outcome.HELD_OUT,
    )


async def note_goals(
    transaction: EntryTransaction,
    events: Sequence[Happened],
    groups: Mapping[str, Collection[str]],
) -> None:
    """Note the goals that events are for those who met what it takes to enter, held out or not."""
    if not events:
        return
    members = {person_id for event in events for person_id in groups.get(event.person_id, ())}
    since_us = min(event.time_us for event in events)
    waiting = await transaction.waiting_of(members, since_us)
    reached: list[Entry] = []
    for entry in waiting:
        times = [
            event.time_us
            for event in events
            if entry.person_id in groups.get(event.person_id, ()) and _is_goal(entry, event)
        ]
        if times:
            reached.append(replace(entry, reached_us=min(times)))
    if reached:
        await transaction.reach(reached)


def _is_goal(entry: Entry, event: Happened) -> bool:
    """Say whether an event is the goal, judged alike whatever became of the journey since."""
    if not entry.met_us <= event.time_us <= entry.until_us:
        return False
    at_entry = Journey(
        entry.journey_id, entry.person_id, entry.scenario, entry.met_us, Phase.QUIET, due_us=0
    )
    return entry.scenario.goals.hears(event.type, event_values(at_entry, event))
