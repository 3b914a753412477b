"""Plays what happens against scenarios: their live code, on time that goes as the events go."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from services.scenario.backtest.clock import PlayedClock
from services.scenario.backtest.errands import AlwaysWritten, PlayedErrands, every_channel
from services.scenario.backtest.journeys import PlayedJourneys, Sets
from services.scenario.domain.answering import answered
from services.scenario.domain.effects import Due
from services.scenario.domain.entries import Entry
from services.scenario.domain.errands import Dispatch
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.outcomes import Said
from services.scenario.domain.outcomes import again_us as another_try_us
from services.scenario.domain.passage import has_task
from services.scenario.domain.starting import Starting
from services.scenario.domain.steps import Steps, go
from services.scenario.domain.taking import take_events, take_timers
from services.scenario.domain.taking_up import Look, judge, take_up
from services.scenario.domain.transition import Transition
from services.scenario.errands.doing import Errands
from services.scenario.errands.logbook import Logbook
from services.scenario.journeys.calling import Calling
from services.scenario.journeys.choosing import Choosing
from services.scenario.journeys.finding import Books, Finder, People
from services.scenario.journeys.happenings import back_in_stock
from services.scenario.messages.permitting import Permits
from services.scenario.messages.sending import Sender
from shared.catalogue import Catalogue
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


class Audience(Protocol):
    """Hears all that is played."""

    def moved(self, before: Journey | None, step: Transition, effects: Sequence[Due]) -> None:
        """Hear of a step of a journey."""
        ...

    def reached(self, entry: Entry) -> None:
        """Hear that somebody who met what it takes to enter a scenario reached its goal."""
        ...

    def ordered(self, dispatch: Dispatch, journey: Journey, due: Due) -> None:
        """Hear of a message, an attribute or a note that is to be brought outside."""
        ...

    def done(self, dispatch: Dispatch) -> None:
        """Hear what becomes of it."""
        ...


class ItemInView:
    """`Choosing` where no source can be asked what it had then: the item in view stands for it."""

    def __init__(self, look: Callable[[PersonSnapshot], None] = lambda person: None) -> None:
        """Take what adds the session to a person who was asked for without."""
        self._look = look

    async def choose(
        self,
        sources: Collection[int],
        placements: Sequence[str],
        item_no: int,
        person: PersonSnapshot,
    ) -> dict[int, tuple[int, ...]]:
        if not item_no:
            self._look(person)
        number = item_no or person.session.last_offer_no
        return dict.fromkeys(sources, (number,) if number else ())


class Player:
    """Journeys of many people over a stretch of time. All of it is in memory, and none is sent."""

    def __init__(
        self,
        catalogue: Catalogue,
        books: Books,
        people: People,
        permits: Permits,
        logbook: Logbook,
        sets: Sets,
        clock: PlayedClock,
        audience: Audience,
        calls_per_day: int = 0,
        ids: str = "",
        chooser: Choosing | None = None,
        calling: Calling | None = None,
    ) -> None:
        """Take what it plays with; `calls_per_day` is what agents can do, 0: any number.

        `ids` begins the numbers of its journeys, to tell them from those of another player. Without
        `calling` nobody is there who could call in place of a message.
        """
        self._catalogue = catalogue
        self._books = books
        self._sets = sets
        self._clock = clock
        self._audience = audience
        self._finder = Finder(
            catalogue,
            books,
            people,
            clock,
            chooser or ItemInView(),
            calls_per_day=lambda _: calls_per_day,
            calling=calling,
        )
        self.journeys = PlayedJourneys(sets, self)
        self.errands = PlayedErrands(self.journeys, audience.done, ids)
        sender = Sender(
            self.errands,
            AlwaysWritten(),
            every_channel(),
            permits,
            clock,
            in_force=self._is_in_force,
        )
        self._worker = Errands(self.errands, sender, logbook, catalogue, clock, owner="player")
        self._ids = ids
        self._numbers = itertools.count(1)

    async def happened(self, event: Happened) -> list[Transition]:
        """Bring an event to the journeys of its person; all that was due before has been done."""
        return await take_events(
            self.journeys, [event], self._starting_of, self._clock.now_us(), self._new_id
        )

    async def take_up(self, look: Look, events: Mapping[str, Sequence[Happened]]) -> None:
        """Take up those who are quiet already of persons who are one; see `taking_up`."""
        group, now_us = tuple(events), self._clock.now_us()
        judged = judge(look, group, events, self._starting_of, now_us)
        if judged is not None:
            await take_up(self.journeys, look, {group[0]: judged}, now_us)

    async def concerned(self, event: Happened) -> bool | None:
        """Bring an event to journeys where it concerns any.

        True: it began one, led one on or ended one; False: one waits anew; None: nothing.
        """
        if not self._concerns(event):
            return None
        steps = await self.happened(event)
        return not all(step.puts_off for step in steps) if steps else None

    async def said(self, person_id: str, outcome: str) -> bool:
        """Let an agent say what came of the tasks of a person; False where there are none."""
        now_us, group = self._clock.now_us(), self._sets.of(person_id)
        steps = Steps(await self.journeys.open_of(group))
        told = False
        for journey in steps.of(group):
            if has_task(journey):
                told = True
                stage = journey.current
                assert stage is not None, "whoever has a task is in a stage"
                is_named = outcome in stage.answers
                again_us = another_try_us(outcome, 0, now_us, "")
                self.journeys.tried_again_us[journey.journey_id] = again_us
                word = Said(outcome, again_us, is_named, stage.offer_ids)
                go(steps, group, answered(journey, word, now_us), now_us)
        await self.journeys.save(steps.transitions)
        return told

    async def restocked(self, item_no: int) -> None:
        """Tell everybody who waits for an item that it can be had again."""
        now_us = self._clock.now_us()
        for person_id in sorted(self.journeys.awaiting.get(item_no, ())):
            event = back_in_stock(person_id, item_no, now_us, self._catalogue)
            await take_events(self.journeys, [event], lambda _: {}, now_us, self._new_id)

    async def until(self, now_us: int) -> None:
        """Do all that is due up to a moment, each thing at its own time, and let it be then."""
        while True:
            journey_us = self.journeys.next_due_us()
            errand_us = self.errands.first_due_us()
            first_us = min(filter(None, (journey_us, errand_us)), default=0)
            if not first_us or first_us > now_us:
                break
            self._clock.set(first_us)
            # Of what is due at one moment journeys come first: they may cancel a message.
            if journey_us and journey_us <= (errand_us or journey_us):
                await self._bring_forward()
            else:
                await self._worker.work_once()
        self._clock.set(now_us)

    def moved(self, before: Journey | None, step: Transition, effects: Sequence[Due]) -> None:
        """Order what a step brings about; see `Watch`."""
        journey = step.journey
        if effects and not journey.scenario.is_shadow:
            for due in effects:
                dispatch = self.errands.order(journey, due)
                if dispatch is not None:
                    self._audience.ordered(dispatch, journey, due)
        if journey.messages:
            self.errands.cancel(journey)
        self._audience.moved(before, step, effects)

    def reached(self, entry: Entry) -> None:
        """See `Watch`."""
        self._audience.reached(entry)

    async def _bring_forward(self) -> None:
        claim = self.journeys.next_due()
        facts = await self._finder.about(claim)
        await take_timers(self.journeys, [(claim, facts)], self._clock.now_us())

    def _concerns(self, event: Happened) -> bool:
        """Say whether an event can change anything: most are of people on no journey."""
        person_ids = self._sets.of(event.person_id)
        journeys = self.journeys
        if journeys.may_hear(person_ids, event.type) or journeys.have_entered(person_ids):
            return True
        starting = self._starting_of(person_ids).get(event.type, ())
        return any(scenario.starts.hears(event.type, event.values) for scenario in starting)

    def next_due_us(self) -> int:
        """Return when the next thing is to be done, 0 when nothing is."""
        return min(
            filter(None, (self.journeys.next_due_us(), self.errands.first_due_us())), default=0
        )

    def _starting_of(self, person_ids: Sequence[str]) -> Starting:
        oldest_id = person_ids[0]
        return (
            self._books.for_person(oldest_id).for_person(oldest_id, self._clock.now_us()).starting
        )

    def _is_in_force(self, person_id: str, scenario: str) -> bool:
        playbook = self._books.for_person(person_id).for_person(person_id, self._clock.now_us())
        return scenario in playbook.scenarios

    def _new_id(self, now_us: int) -> str:
        return f"journey-{self._ids}{next(self._numbers):09d}"
