"""Who is there to call while events are played: agents who come and go by the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.scenario.backtest.clock import PlayedClock
from services.scenario.carriers import MESSAGE_CHANNELS
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.best_channel import Weighed
from services.scenario.domain.capacity import Assumed, calls_per_day
from services.scenario.domain.facts import Facts
from services.scenario.domain.moments import MONDAY_TO_FRIDAY, is_working_day, local_time
from services.scenario.domain.queue import Queue, Seat, are_there, work_lately
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import Stage
from services.scenario.journeys.calling import Calling, Gates
from services.scenario.messages.channels import KINDS_THAT_REACH
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

Look = Callable[[PersonSnapshot], None]
"""Makes what the choice of a channel reads of a person who was asked for without."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Agents who are there at the same hours, by the time zone of the definitions."""

    agents: int
    from_minute: int
    """Of the day."""
    to_minute: int
    """The first at which they have gone, at most 1,440."""
    skills: tuple[str, ...] = ()
    """Empty: whatever tasks of the scenarios ask for; see `with_skills`."""
    days: frozenset[int] = frozenset()
    """Of the week, Monday is 0, also where they are holidays; empty: those on which agents work."""


@dataclass(frozen=True, slots=True)
class Working:
    """When agents work where their shift does not say it, and where."""

    time_zone: str = ""
    holidays: Collection[str] = ()
    weekdays: Collection[int] = MONDAY_TO_FRIDAY


class PlayedAgents:
    """What `FreeAgents` says live, of agents who come and go as their shifts say."""

    def __init__(self, shifts: Sequence[Shift], working: Working, clock: PlayedClock) -> None:
        self._shifts = shifts
        self._working = working
        self._clock = clock

    def are_there(self, skills: Collection[str]) -> bool:
        """Say whether somebody who has these skills is there."""
        return bool(self._shifts) and are_there(self.queue().seats, skills)

    def work_lately(self, skills: Collection[str]) -> bool:
        """Say whether somebody who has these skills works at all."""
        return bool(self._shifts) and work_lately(self.queue(), skills)

    def queue(self) -> Queue:
        """Return the queue of this moment: nobody holds anything, and all were heard of lately."""
        now_us = self._clock.now_us()
        seats = [
            Seat(agent, 0, now_us, is_here)
            for place, shift in enumerate(self._shifts)
            for is_here in [self._is_on(shift, now_us)]
            for agent in _agents(place, shift)
        ]
        return Queue(now_us, seats)

    def calls_per_day(self, assumed: Assumed) -> int:
        """Return how many tasks they can do in a day, whichever of them are there now."""
        return calls_per_day(self.queue(), assumed)

    def _is_on(self, shift: Shift, now_us: int) -> bool:
        working = self._working
        now = local_time(now_us, working.time_zone)
        if shift.days and now.weekday() not in shift.days:
            return False
        if not shift.days and not is_working_day(now.date(), working.holidays, working.weekdays):
            return False
        return shift.from_minute <= now.hour * 60 + now.minute < shift.to_minute


class PlayedCalling(Calling):
    """Weighs calls against messages for people of whom only what is asked for is made.

    That there is an address, a number and a carrier is taken for granted, as for each message that
    is played.
    """

    def __init__(self, agents: PlayedAgents, gates: Gates, look: Look) -> None:
        """Take who is there and what limits close; `look` makes what the choice reads."""
        super().__init__(agents, lambda: MESSAGE_CHANNELS, gates)
        self._look = look

    async def weighed(
        self, stages: Iterable[Stage], person: PersonSnapshot, facts: Facts, now_us: int
    ) -> dict[str, Weighed]:
        """Return what was found; see `Calling`."""
        either = [each for each in stages if each.may_call_or_write]
        if not either:
            return {}
        self._look(person)
        reached = PersonSnapshot()
        reached.CopyFrom(person)
        reached.identity_kinds[:] = KINDS_THAT_REACH
        return await super().weighed(either, reached, facts, now_us)


def with_skills(shifts: Iterable[Shift], scenarios: Iterable[Scenario]) -> tuple[Shift, ...]:
    """Return shifts of which each says what its agents can do; one that did not: all there is."""
    asked = {
        skill
        for each in scenarios
        for stage in each.stages
        if stage.task is not None
        for skill in stage.task.skills
    }
    usual = tuple(sorted(asked))
    return tuple(each if each.skills else replace(each, skills=usual) for each in shifts)


def without_agents(shifts: Sequence[Shift], scenarios: Iterable[Scenario]) -> list[str]:
    """Return the stages that write where nobody ever is there to call, as `scenario.stage`."""
    able = [set(each.skills) for each in shifts]
    return [
        f"{each.name}.{stage.name}"
        for each in scenarios
        for stage in each.stages
        if stage.task is not None
        and stage.may_call_or_write
        and not any(skills.issuperset(stage.task.skills) for skills in able)
    ]


def _agents(place: int, shift: Shift) -> Iterator[Agent]:
    for number in range(shift.agents):
        yield Agent(f"{place}/{number}", Presence.AVAILABLE, shift.skills)
