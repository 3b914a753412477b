"""Who met what it takes to enter a scenario, and whether they reached its goal in time.

Those who are held out are noted as well as those who enter, by the same conditions and with the
same time to reach the goal, whatever becomes of the journey: so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.scenario.domain.conditions import event_values
from services.scenario.domain.facts import Happened
from services.scenario.domain.graph import longest_us
from services.scenario.domain.journey import Journey, Outcome, Phase
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.transition import Transition
from shared.replacing import replace


@dataclass(frozen=True, slots=True)
class Entry:
    """One time that somebody met what must be so to enter; times in microseconds."""

    journey: Journey
    """As it was then: what conditions of the goal read, whatever became of it since."""
    met_us: int
    until_us: int
    """A goal counts until then."""
    held_out: bool = False
    reached_us: int = 0
    """The goal; 0: not yet."""
    value_micros: int = 0
    """What the event was worth that was it; 0: nothing, or nobody knows."""

    @property
    def journey_id(self) -> str:
        return self.journey.journey_id

    @property
    def person_id(self) -> str:
        return self.journey.person_id

    @property
    def scenario(self) -> Scenario:
        return self.journey.scenario


class EntryTransaction(Protocol):
    """Entries within a transaction that has its persons' journeys locked."""

    async def waiting_of(self, person_ids: Collection[str], since_us: int) -> Sequence[Entry]:
        """Return entries of persons whose time is not over at a moment, without a goal so far."""
        ...

    async def reach(self, entries: Sequence[Entry]) -> None:
        """Keep when each reached its goal, and what that was worth."""
        ...


def entry_of(transition: Transition) -> Entry | None:
    """Return what a step says of meeting what must be so, None where it says nothing."""
    if not transition.met_us:
        return None
    journey = transition.journey
    return Entry(
        journey=before_first(journey),
        met_us=transition.met_us,
        until_us=transition.met_us + longest_us(journey.scenario),
        held_out=journey.outcome is Outcome.HELD_OUT,
    )


def before_first(journey: Journey) -> Journey:
    """Return what of a journey is the same whether or not it entered a stage."""
    return Journey(
        journey_id=journey.journey_id,
        person_id=journey.person_id,
        scenario=journey.scenario,
        started_us=journey.started_us,
        phase=Phase.QUIET,
        due_us=0,
        cart=journey.cart,
        began=journey.began,
        item_no=journey.item_no,
        subject_no=journey.subject_no,
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
        goals = [
            event
            for event in events
            if entry.person_id in groups.get(event.person_id, ()) and _is_goal(entry, event)
        ]
        if goals:
            goal = min(goals, key=lambda event: event.time_us)
            worth = max(int(goal.values.get("event.value_micros", 0)), 0)
            reached.append(replace(entry, reached_us=goal.time_us, value_micros=worth))
    if reached:
        await transaction.reach(reached)


def _is_goal(entry: Entry, event: Happened) -> bool:
    """Say whether an event is the goal, judged alike whatever became of the journey since."""
    if not entry.met_us <= event.time_us <= entry.until_us:
        return False
    values = event_values(entry.journey, event)
    return entry.scenario.goals.hears(event.type, values)
