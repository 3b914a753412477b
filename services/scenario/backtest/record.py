"""What is kept of played journeys, for whoever counts them afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.scenario.backtest.journeys import Sets
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.counts import Counted, Counts, Ends, TakenUp
from services.scenario.domain.effects import Due, GiveTask, SendMessage
from services.scenario.domain.entries import Entry, entry_of
from services.scenario.domain.errands import Dispatch, State
from services.scenario.domain.journey import Journey
from services.scenario.domain.tasks import Task
from services.scenario.domain.transition import Passage, Transition
from services.scenario.storage.in_memory_counts import InMemoryCounts
from services.scenario.storage.transaction import outcome_of_tasks, task_that_stays
from shared.replacing import replace


@dataclass(frozen=True, slots=True)
class Given:
    """A task that a stage gave."""

    time_us: int
    scenario: str
    kind: str


class Record:
    """An `Audience` that keeps it all, and of journeys that entered nothing only how many."""

    def __init__(self, sets: Sets, ids: str = "") -> None:
        """Take who is one with whom; `ids` begins the numbers of tasks, as `Player`'s."""
        self._sets = sets
        self._ids = ids
        self.journeys: dict[str, Journey] = {}
        """Those that are not over, or entered a stage, or would have."""
        self.passages: dict[tuple[str, int], Passage] = {}
        self.entries: dict[str, Entry] = {}
        self.tasks: dict[str, tuple[Task, int]] = {}
        self.errands: dict[str, tuple[Journey, Due]] = {}
        self.given: list[Given] = []
        self.dispatches: dict[str, Dispatch] = {}
        self.missing_messages: Counter[str] = Counter()
        """By scenario, those that a journey had no room for: it had sent as many as it may."""
        self._turned_away: Counter[tuple[str, str, str]] = Counter()
        self._taken_up: Counter[str] = Counter()
        """Of those turned away, whose person was quiet already, by scenario."""
        self._tasks_of: dict[str, list[str]] = {}

    def moved(self, before: Journey | None, step: Transition, effects: Sequence[Due]) -> None:
        """Keep a step, and the tasks that it gives and ends."""
        journey = step.journey
        entry = entry_of(step)
        if entry is not None:
            self.entries.setdefault(journey.journey_id, entry)
        for passage in step.passages:
            self.passages.setdefault((journey.journey_id, passage.occurrence), passage)
        if journey.is_over and not journey.occurrence and journey.journey_id not in self.entries:
            self.journeys.pop(journey.journey_id, None)
            outcome = journey.outcome.value
            self._turned_away[journey.scenario.name, outcome, journey.ended_as] += 1
            self._taken_up[journey.scenario.name] += journey.taken_up_us > 0
            return
        self.journeys[journey.journey_id] = journey
        for due in effects:
            if isinstance(due.effect, GiveTask):
                self._give(journey, due, due.effect)
        self._miss(journey, step, effects)
        self._end_tasks(journey)

    def reached(self, entry: Entry) -> None:
        """Keep that a goal was reached."""
        self.entries[entry.journey_id] = entry

    def ordered(self, dispatch: Dispatch, journey: Journey, due: Due) -> None:
        """Keep what is to be done outside."""
        self.errands[dispatch.errand_id] = journey, due
        self.dispatches[dispatch.errand_id] = dispatch

    def done(self, dispatch: Dispatch) -> None:
        """Keep what became of it; being sent is nothing that anybody counts here."""
        if dispatch.state is not State.SENDING:
            self.dispatches[dispatch.errand_id] = dispatch

    def all(self) -> dict[str, Dispatch]:
        """Return every errand as it is."""
        return self.dispatches

    def set_of(self, person_id: str) -> tuple[str, ...]:
        return self._sets.of(person_id)

    async def counts(self, since_us: int, now_us: int) -> Counts:
        """Count as a report of live journeys does."""
        counted = Counted(since_us, now_us)
        found = await InMemoryCounts(self, self).counts(counted)
        turned_away = (
            Ends(scenario, False, outcome, ended_as, number)
            for (scenario, outcome, ended_as), number in self._turned_away.items()
        )
        ends = tuple(sorted((*found.ends, *turned_away)))
        return replace(found, ends=ends, taken_up=self._all_taken_up(found.taken_up))

    def _all_taken_up(self, kept: Sequence[TakenUp]) -> tuple[TakenUp, ...]:
        """Return those who were taken up with those of them who were turned away."""
        known = {each.scenario: each for each in kept}
        for scenario, number in self._taken_up.items():
            found = known.get(scenario, TakenUp(scenario, 0, True, 0, 0, 0))
            known[scenario] = replace(found, number=found.number + number)
        return tuple(sorted(each for each in known.values() if each.number))

    def _give(self, journey: Journey, due: Due, effect: GiveTask) -> None:
        if journey.scenario.is_shadow:
            return
        order = effect.order
        task = Task(
            task_id=f"task-{self._ids}{len(self.given):08d}",
            journey_id=journey.journey_id,
            person_id=journey.person_id,
            kind=order.kind,
            due_us=effect.due_us,
            expires_us=effect.expires_us,
            skills=order.skills,
            priority=order.priority,
        )
        self.tasks[task.task_id] = task, due.occurrence
        self._tasks_of.setdefault(journey.journey_id, []).append(task.task_id)
        self.given.append(Given(effect.due_us, journey.scenario.name, order.kind))

    def _end_tasks(self, journey: Journey) -> None:
        for task_id in self._tasks_of.get(journey.journey_id, ()):
            task, occurrence = self.tasks[task_id]
            if occurrence != task_that_stays(journey) and not task.outcome:
                self.tasks[task_id] = replace(task, outcome=outcome_of_tasks(journey)), occurrence

    def _miss(self, journey: Journey, step: Transition, effects: Sequence[Due]) -> None:
        most = journey.scenario.limits.messages
        if not most or not step.passages:
            return
        stages = journey.scenario.stages
        sends = {stage.name for stage in stages if stage.send is not None}
        wanted = sum(passage.stage in sends for passage in step.passages)
        sent = sum(
            isinstance(due.effect, SendMessage)
            or (isinstance(due.effect, GiveTask) and stages[due.stage].send is not None)
            for due in effects
        )
        self.missing_messages[journey.scenario.name] += wanted - sent

    def add(self, other: Record) -> None:
        """Keep what another kept as well, of other people and under other numbers."""
        self.journeys.update(other.journeys)
        self.passages.update(other.passages)
        self.entries.update(other.entries)
        self.tasks.update(other.tasks)
        self.errands.update(other.errands)
        self.given.extend(other.given)
        self.dispatches.update(other.dispatches)
        self.missing_messages.update(other.missing_messages)
        self._turned_away.update(other._turned_away)
        self._taken_up.update(other._taken_up)
        self._tasks_of.update(other._tasks_of)

    def messages(self) -> list[Dispatch]:
        """Return the messages that were ordered."""
        return [each for each in self.dispatches.values() if isinstance(each.job, MessageOrder)]
