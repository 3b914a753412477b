"""Counts journeys that are kept in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from services.scenario.domain import counts as found
from services.scenario.domain.counts import Counted, Counts, phase_name, place_at
from services.scenario.domain.effects import Due
from services.scenario.domain.endings import DAY_US
from services.scenario.domain.entries import Entry
from services.scenario.domain.errands import Dispatch
from services.scenario.domain.journey import Journey, Outcome, Phase
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.tasks import Task
from services.scenario.domain.transition import Passage


class KeptJourneys(Protocol):
    """Journeys in memory, with what was noted of them; see `InMemoryJourneys`."""

    @property
    def journeys(self) -> Mapping[str, Journey]: ...

    @property
    def passages(self) -> Mapping[tuple[str, int], Passage]: ...

    @property
    def entries(self) -> Mapping[str, Entry]: ...

    @property
    def tasks(self) -> Mapping[str, tuple[Task, int]]: ...

    @property
    def errands(self) -> Mapping[str, tuple[Journey, Due]]: ...

    def set_of(self, person_id: str) -> tuple[str, ...]: ...


class KeptErrands(Protocol):
    """What became of errands."""

    def all(self) -> Mapping[str, Dispatch]: ...


class InMemoryCounts:
    """A `CountStore` on journeys in memory."""

    def __init__(self, journeys: KeptJourneys, errands: KeptErrands) -> None:
        self._journeys = journeys
        self._errands = errands
        self._failed: dict[tuple[str, str, int], int] = {}
        """Times by scenario, place and day."""

    async def counts(self, counted: Counted) -> Counts:
        counts = _counts_of(_Counting(self._journeys, self._errands, counted))
        failed = Counter[tuple[str, str]]()
        for (scenario, place, day), number in self._failed.items():
            if day >= counted.since_us // DAY_US and counted.scenario in ("", scenario):
                failed[scenario, place] += number
        rows = (found.Failed(*key, number) for key, number in failed.items())
        return replace(counts, failed=tuple(sorted(rows)))

    async def add_unevaluated(self, times: Mapping[tuple[str, str], int], now_us: int) -> None:
        for (scenario, place), number in times.items():
            key = scenario, place, now_us // DAY_US
            self._failed[key] = self._failed.get(key, 0) + number

    async def latest_edition(self, scenario: str) -> Scenario | None:
        every = self._journeys.journeys.values()
        found = [each for each in every if each.scenario.name == scenario]
        latest = max(found, key=_begun, default=None)
        return None if latest is None else latest.scenario


def _counts_of(counting: _Counting) -> Counts:
    return Counts(
        stands=tuple(sorted(counting.stands())),
        flows=_summed(found.Flows, counting.flows()),
        visits=tuple(sorted(counting.visits())),
        ends=_summed(
            found.Ends,
            (
                (each.scenario.name, each.occurrence > 0, each.outcome.value, each.ended_as)
                for each in counting.begun
            ),
        ),
        tasks=_summed(found.Tasks, counting.tasks()),
        messages=_summed(found.Messages, counting.messages()),
        met=tuple(sorted(counting.met())),
        taken_up=tuple(sorted(counting.taken_up())),
    )


def _summed(row: Any, keys: Iterator[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(sorted(row(*key, number) for key, number in Counter(keys).items()))


def _begun(journey: Journey) -> tuple[int, str]:
    return max(journey.started_us, journey.taken_up_us), journey.journey_id


class _Counting:
    def __init__(self, store: KeptJourneys, errands: KeptErrands, counted: Counted) -> None:
        self._store = store
        self._errands = errands
        self._counted = counted
        self._of_it = [each for each in store.journeys.values() if self._is_it(each.scenario.name)]
        self.begun = [each for each in self._of_it if _begun(each)[0] >= counted.since_us]

    def stands(self) -> Iterator[found.Stands]:
        numbers: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        again: dict[tuple[str, str, str, str], int] = {}
        for journey in self._of_it:
            if journey.is_over or journey.dormant:
                continue
            stage = journey.current.name if journey.current is not None else ""
            key = journey.scenario.name, stage, phase_name(journey.phase), journey.obstacle
            is_parked = journey.phase is Phase.PARKED
            is_parked_long = is_parked and journey.entered_us < self._counted.parked_us
            told = numbers[key]
            told[0] += 1
            told[1] += 0 < journey.due_us < self._counted.overdue_us and not is_parked_long
            told[2] += is_parked_long
            is_old = journey.entered_us < self._counted.endless_us
            told[3] += journey.phase is Phase.STAGE and not journey.due_us and is_old
            if is_parked and journey.due_us:
                again[key] = min(again.get(key, journey.due_us), journey.due_us)
        for key, counted in numbers.items():
            yield replace(found.Stands(*key, *counted), again_us=again.get(key, 0))

    def flows(self) -> Iterator[tuple[str, ...]]:
        for journey in self.begun:
            passages = self._passages(journey)
            for place, passage in enumerate(passages):
                name = journey.scenario.name
                if place + 1 < len(passages):
                    yield name, passage.stage, passages[place + 1].stage, "", "", ""
                    continue
                answer = journey.answer if journey.outcome is Outcome.ANSWERED else ""
                yield name, passage.stage, "", journey.outcome.value, answer, journey.ended_as

    def visits(self) -> Iterator[found.Visits]:
        entered = Counter[tuple[str, str]]()
        ever: dict[tuple[str, str], set[str]] = defaultdict(set)
        reached: dict[tuple[str, str], set[str]] = defaultdict(set)
        times: dict[tuple[str, str], list[int]] = defaultdict(list)
        for journey in self.begun:
            passages = self._passages(journey)
            ends = [each.entered_us for each in passages[1:]]
            ends += [journey.ended_us] if journey.is_over else []
            for place, passage in enumerate(passages):
                key = journey.scenario.name, passage.stage
                entered[key] += 1
                ever[key].add(journey.journey_id)
                entry = self._store.entries.get(journey.journey_id)
                if entry is not None and entry.reached_us:
                    reached[key].add(journey.journey_id)
                if place < len(ends):
                    times[key].append(ends[place] - passage.entered_us)
        for key, number in entered.items():
            took = sorted(times[key])
            spread = [took[place_at(len(took), share)] if took else 0 for share in (0.1, 0.5, 0.9)]
            yield found.Visits(*key, number, len(ever[key]), len(reached[key]), len(took), *spread)

    def tasks(self) -> Iterator[tuple[str, str, str]]:
        begun = {each.journey_id: each for each in self.begun}
        for task, occurrence in self._store.tasks.values():
            journey = begun.get(task.journey_id)
            if journey is not None:
                stage = self._store.passages[task.journey_id, occurrence].stage
                yield journey.scenario.name, stage, task.outcome

    def messages(self) -> Iterator[tuple[str, ...]]:
        begun = {each.journey_id for each in self.begun}
        dispatches = self._errands.all()
        for errand_id, (journey, due) in self._store.errands.items():
            if journey.journey_id in begun:
                stage = journey.scenario.stages[due.stage].name
                kept = dispatches[errand_id]
                yield (
                    journey.scenario.name,
                    stage,
                    due.effect.kind,
                    kept.state.value,
                    kept.told_reason,
                )

    def taken_up(self) -> Iterator[found.TakenUp]:
        theirs: dict[str, list[Journey]] = defaultdict(list)
        for journey in self.begun:
            if journey.taken_up_us:
                theirs[journey.scenario.name].append(journey)
        for name, journeys in theirs.items():
            entered = sum(each.occurrence > 0 for each in journeys)
            waiting = [
                each.due_us
                for each in journeys
                if not (each.is_over or each.occurrence or each.dormant)
            ]
            last_us = max(waiting, default=0)
            yield found.TakenUp(name, 0, True, len(journeys), len(waiting), entered, last_us)

    def met(self) -> Iterator[found.Met]:
        firsts: dict[tuple[str, str], Entry] = {}
        entries = [
            each
            for each in self._store.entries.values()
            if self._is_it(each.scenario.name) and not each.scenario.is_shadow
        ]
        for entry in sorted(entries, key=lambda each: (each.met_us, each.journey_id)):
            oldest_id = self._store.set_of(entry.person_id)[0]
            firsts.setdefault((entry.scenario.name, oldest_id), entry)
        groups: dict[tuple[str, bool], list[Entry]] = defaultdict(list)
        for entry in firsts.values():
            if entry.met_us >= self._counted.since_us:
                groups[entry.scenario.name, entry.held_out].append(entry)
        for key, met in groups.items():
            missing = [each for each in met if not each.reached_us]
            in_time = sum(each.until_us >= self._counted.now_us for each in missing)
            worth = [each.value_micros for each in met if each.value_micros]
            reached = len(met) - len(missing)
            yield found.Met(*key, len(met), reached, in_time, len(worth), sum(worth))

    def _is_it(self, scenario: str) -> bool:
        return self._counted.scenario in ("", scenario)

    def _passages(self, journey: Journey) -> list[Passage]:
        passages = self._store.passages
        return [passages[journey.journey_id, number] for number in range(1, journey.occurrence + 1)]
