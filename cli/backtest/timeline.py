"""What a person lived through, line by line: what they did, and what scenarios made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cli.backtest.stage import Definitions, Stage
from services.scenario.backtest.explaining import (
    condition_said,
    situation_said,
    why_not_begun,
)
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.conditions import values_of
from services.scenario.domain.criteria import Condition, Values
from services.scenario.domain.effects import Due, GiveTask, ProposeOffer
from services.scenario.domain.entries import Entry
from services.scenario.domain.errands import Dispatch, State
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.graph import does
from services.scenario.domain.journey import Journey, Phase
from services.scenario.domain.transition import Transition
from services.scenario.domain.wording import told as message_told
from services.scenario.domain.wording import waits_for
from services.scenario.messages.channels import channel_name
from services.scenario.people import cart_of
from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.conditions.person import PersonValues


@dataclass(frozen=True, slots=True)
class Moment:
    """One line."""

    time_us: int
    scenario: str
    """Empty: the person did it."""
    said: str


class Timeline:
    """An `Audience` that writes down what it hears."""

    def __init__(self, catalogue: Catalogue, definitions: Definitions) -> None:
        self._catalogue = catalogue
        self._definitions = definitions
        self.stage: Stage | None = None
        """Where it plays; set before anything does."""
        self.moments: list[Moment] = []
        self._begun: set[str] = set()
        """Scenarios that began by the event that is played just now."""

    def did(self, text: str) -> None:
        """Write down what the person does."""
        self._add("", text)

    async def refusals(self, event: Happened) -> None:
        """Write down why scenarios that the event could begin were not, after it was played."""
        stage = self._stage
        group = stage.persons.of(event.person_id)
        now_us = stage.clock.now_us()
        playbook = self._definitions.playbook.for_person(group[0], now_us)
        for scenario in playbook.starting.get(event.type, ()):
            if scenario.name not in self._begun:
                journeys = stage.player.journeys
                why = await why_not_begun(scenario, event, group, journeys, now_us)
                self._add(scenario.name, f"does not begin: {why}")
        self._begun.clear()

    def moved(self, before: Journey | None, step: Transition, effects: Sequence[Due]) -> None:
        """Write down a step of a journey."""
        journey = step.journey
        for said in self._steps(before, step, effects):
            self._add(journey.scenario.name, said)

    def reached(self, entry: Entry) -> None:
        """Write down a goal of somebody who would have entered, and was held out."""
        if entry.held_out:
            self._add(entry.scenario.name, "reaches the goal, without the scenario")

    def ordered(self, dispatch: Dispatch, journey: Journey, due: Due) -> None:
        """Nothing: the stage says it."""

    def done(self, dispatch: Dispatch) -> None:
        """Write down what becomes of a message."""
        if dispatch.state is State.SENDING:
            return
        if isinstance(dispatch.job, MessageOrder):
            why = f" ({dispatch.why})" if dispatch.why and dispatch.state is State.SENT else ""
            said = f"{message_told(dispatch, channel_name)}{why}"
            if dispatch.state is State.WAITING:
                said += f", until {_time(dispatch.due_us)}"
            self._add(dispatch.scenario, said)

    def _steps(
        self, before: Journey | None, step: Transition, effects: Sequence[Due]
    ) -> Iterator[str]:
        journey = step.journey
        if step.is_new:
            self._begun.add(journey.scenario.name)
            yield f"begins, and is looked at {_time(journey.due_us)}"
        elif step.puts_off:
            yield f"waits anew, until {_time(journey.due_us)}"
        elif before is not None and not before.occurrence:
            yield from self._situation(before)
        yield from self._entered(before, step)
        for due in effects:
            yield from self._effect(due)
        yield from self._stands(before, step)

    def _entered(self, before: Journey | None, step: Transition) -> Iterator[str]:
        """Say which stages were entered, with the conditions that led there."""
        journey = step.journey
        if before is not None and before.current is not None and step.passages:
            for way in before.current.ways:
                if way.condition is not None:
                    yield f"after {before.current.name}: {self._condition(before, way.condition)}"
        for passage in step.passages:
            stage = next(each for each in journey.scenario.stages if each.name == passage.stage)
            condition = stage.condition
            because = f" ({self._condition(journey, condition)})" if condition else ""
            yield f"enters {stage.name}, which {does(stage)}{because}"

    def _stands(self, before: Journey | None, step: Transition) -> Iterator[str]:
        """Say where a journey stands after a step."""
        journey = step.journey
        if journey.phase is Phase.PARKED:
            yield f"is parked: {journey.obstacle}"
        elif journey.is_over:
            word = f": {journey.ended_as}" if journey.ended_as else ""
            yield f"ends: {journey.outcome.value.replace('_', ' ')}{word}"
        elif step.passages and (wait := waits_for(journey)):
            yield f"waits for {wait}"
        elif before is not None and journey.next_stage >= 0:
            yield f"is led to {journey.scenario.stages[journey.next_stage].name}"

    def _situation(self, journey: Journey) -> Iterator[str]:
        """Say of what must be so whether it is, where the journey was looked at for that."""
        stage = self._stage
        now_us = stage.clock.now_us()
        if journey.due_us > now_us:
            return
        snapshot = stage.people.snapshot(journey.person_id, now_us)
        cart = cart_of(snapshot)
        values = self._values(replace(journey, cart=cart))
        yield from situation_said(journey.scenario, snapshot.session.hesitating, cart, values)

    def _condition(self, journey: Journey, condition: Condition) -> str:
        return condition_said(condition, self._values(journey))

    def _values(self, journey: Journey) -> Values:
        stage = self._stage
        now_us = stage.clock.now_us()
        person = PersonValues(stage.people.snapshot(journey.person_id, now_us))
        return values_of(journey, Facts(True, {}, {}, person=person), now_us)

    def _effect(self, due: Due) -> Iterator[str]:
        effect = due.effect
        if isinstance(effect, ProposeOffer):
            named = [self._catalogue.offer_ids[number] for number in effect.offer_nos]
            yield f"proposes {', '.join(named)}"
        elif isinstance(effect, GiveTask):
            until = f" until {_time(effect.expires_us)}" if effect.expires_us else ""
            yield f"gives a task ({effect.order.kind}){until}: {effect.script}"

    def _add(self, scenario: str, said: str) -> None:
        self.moments.append(Moment(self._stage.clock.now_us(), scenario, said))

    @property
    def _stage(self) -> Stage:
        assert self.stage is not None, "set before anything is played"
        return self.stage


def _time(moment_us: int) -> str:
    return f"{from_us(moment_us):%Y-%m-%d %H:%M} UTC"
