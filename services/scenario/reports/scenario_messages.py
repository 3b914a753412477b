"""What was counted of a scenario and how it is defined, as one message."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.scenario.domain.counts import (
    Counts,
    Ends,
    Failed,
    Flows,
    Messages,
    Met,
    Stands,
    TakenUp,
    Tasks,
    Visits,
    phase_name,
)
from services.scenario.domain.graph import (
    CANNOT_BE_OFFERED,
    Edge,
    begins,
    does,
    edges,
    longest_us,
    over,
)
from services.scenario.domain.intervals import difference
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import END, Stage
from services.scenario.domain.ways_taken import Move, Step, ways_taken
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.rules.v1.scenarios_pb2 import ScenarioAim
from touchpoint.scenario.v1 import reports_pb2 as pb

_PARKED = phase_name(Phase.PARKED)
_BEFORE = ""
"""In place of a stage: before the first."""
Row = TypeVar("Row", Stands, Flows, Ends, Tasks, Messages, Failed)
NO_VISITS = Visits("", "", 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Parts:
    """One scenario, and what was counted of it."""

    name: str
    edition: Scenario | None
    """As it is defined, else as the latest journey knows it; None: there is neither."""
    counts: Counts

    @classmethod
    def of(cls, name: str, edition: Scenario | None, counts: Counts) -> Parts:
        """Return the part of all counts that is of one scenario."""
        own = {
            kind: tuple(row for row in getattr(counts, kind) if row.scenario == name)
            for kind in Counts.__slots__
        }
        return cls(name, edition, Counts(**own))

    def stages(self) -> list[str]:
        """Return the stages, those that are not in the edition last."""
        counts = self.counts
        rows: Sequence[Iterable[Stands | Flows]] = (counts.stands, counts.flows)
        counted = {row.stage for each in rows for row in each} - {_BEFORE}
        named = [stage.name for stage in self.edition.stages] if self.edition is not None else []
        return [*named, *sorted(counted - set(named))]


def report_of(parts: Parts, *, is_defined: bool) -> pb.ScenarioReport:
    """Return the report of a scenario, without its mode."""
    counts, edition = parts.counts, parts.edition
    report = pb.ScenarioReport(scenario=parts.name, defined=is_defined)
    if edition is not None:
        report.title, report.in_session = edition.title, edition.is_in_session
        report.begins_with = "" if edition.is_in_session else begins(edition)
        report.aim = ScenarioAim.Value.Value(edition.aim or "UNSPECIFIED")
    for row in counts.stands:
        report.waiting += row.number if row.stage == _BEFORE else 0
        report.under_way += row.number if row.stage != _BEFORE else 0
        report.parked += row.number if row.phase == _PARKED else 0
        report.stuck += row.overdue + row.parked_long + row.endless
    report.began = sum(row.number for row in counts.ends)
    report.entered = sum(row.number for row in counts.ends if row.has_entered)
    report.ends.extend(
        pb.JourneyEnd(
            outcome=row.outcome,
            ended_as=row.ended_as,
            entered=row.has_entered,
            journeys=row.number,
        )
        for row in _most_first(counts.ends)
    )
    report.failed_conditions.extend(
        pb.FailedCondition(place=row.place, times=row.number) for row in _most_first(counts.failed)
    )
    _compare(report, counts.met, edition)
    for taken in counts.taken_up:
        report.taken_up.CopyFrom(_taken_up(taken))
    report.parked_before.extend(_parked(counts.stands, _BEFORE))
    ways = _ways(parts)
    report.stages.extend(_stage(parts, name, ways[name], is_defined) for name in parts.stages())
    return report


def _stage(parts: Parts, name: str, ways: list[pb.StageWay], is_defined: bool) -> pb.StageReport:
    counts = parts.counts
    stands = [row for row in counts.stands if row.stage == name]
    visits = next((row for row in counts.visits if row.stage == name), NO_VISITS)
    report = pb.StageReport(
        stage=name,
        here=sum(row.number for row in stands if row.phase != _PARKED),
        parked=_parked(stands, name),
        overdue=sum(row.overdue for row in stands),
        parked_long=sum(row.parked_long for row in stands),
        endless=sum(row.endless for row in stands),
        entered=visits.entered,
        journeys=visits.journeys,
        reached=visits.reached,
        left=visits.left,
    )
    stage = _find(parts.edition, name)
    if stage is not None:
        report.defined, report.over = is_defined, over(stage)
        report.does = does(stage, Source.Value.Name)  # type: ignore[arg-type]
    report.low_time.FromMicroseconds(visits.low_us)
    report.median_time.FromMicroseconds(visits.median_us)
    report.high_time.FromMicroseconds(visits.high_us)
    flows = [row for row in counts.flows if row.stage == name]
    report.ways.extend(ways)
    report.ends.extend(
        pb.JourneyEnd(
            outcome=row.outcome,
            ended_as=row.ended_as,
            answer=row.answer,
            entered=True,
            journeys=row.number,
        )
        for row in _most_first(row for row in flows if row.outcome)
    )
    report.tasks.extend(
        pb.TaskCount(outcome=row.outcome, tasks=row.number)
        for row in _most_first(row for row in counts.tasks if row.stage == name)
    )
    report.errands.extend(
        pb.ErrandCount(kind=row.kind, state=row.state, reason=row.reason, errands=row.number)
        for row in _most_first(row for row in counts.messages if row.stage == name)
    )
    return report


def _ways(parts: Parts) -> dict[str, list[pb.StageWay]]:
    """Return the ways of each stage: first as the edition has them, then as they were in fact."""
    reasons: dict[Step, list[str]] = {}
    words: dict[str, set[str]] = defaultdict(set)
    for edge, start, to in _named(parts.edition):
        reasons.setdefault((start, to, edge.passes), []).append(_why(edge))
        words[start] |= {edge.ends_as} if not to else set()
    moves = list(_moves(parts, words))
    if parts.edition is not None:
        taken = ways_taken(parts.edition, moves)
    else:
        taken = Counter({(start, to, False): number for start, to, number in moves if start})
    found: dict[str, list[pb.StageWay]] = defaultdict(list)
    for step in [*reasons, *sorted(taken.keys() - reasons.keys())]:
        start, to, passes = step
        why = reasons.get(step, [CANNOT_BE_OFFERED] if passes else [])
        if to or why:
            way = pb.StageWay(to=to, reasons=why, journeys=taken[step], passes=passes)
            found[start].append(way)
    return found


def _moves(parts: Parts, words: Mapping[str, set[str]]) -> Iterator[Move]:
    """Yield the moves that journeys made, also to the end, and where they entered first."""
    entered = {row.stage: row.entered for row in parts.counts.visits}
    for row in parts.counts.flows:
        if row.to:
            entered[row.to] = entered.get(row.to, 0) - row.number
        if row.to or _went_its_way(row, words.get(row.stage, set())):
            yield row.stage, row.to, row.number
    yield from (("", stage, number) for stage, number in entered.items() if number > 0)


def _went_its_way(row: Flows, words: set[str]) -> bool:
    """Say whether a journey ended by a way to the end, and not by a goal, an exit or the like."""
    if row.outcome == Outcome.PASSED.value:
        return True
    return row.outcome == Outcome.LEFT.value and row.ended_as in words


def _named(edition: Scenario | None) -> Iterator[tuple[Edge, str, str]]:
    """Yield the edges of an edition with the names of their stages; empty: the end."""
    if edition is not None:
        names = [stage.name for stage in edition.stages]
        for edge in edges(edition):
            yield edge, names[edge.start], "" if edge.to == END else names[edge.to]


def _why(edge: Edge) -> str:
    return f"{edge.why}: {edge.ends_as}" if edge.ends_as else edge.why


def _compare(report: pb.ScenarioReport, met: Sequence[Met], edition: Scenario | None) -> None:
    if not met:
        return
    groups = {row.held_out: row for row in met}
    for is_held_out, message in ((False, report.goal.entered), (True, report.goal.held_out)):
        message.SetInParent()
        row = groups.get(is_held_out)
        if row is not None:
            message.people, message.reached, message.in_time = row.people, row.reached, row.in_time
            message.valued = row.valued
            message.mean_value_micros = round(row.value_micros / row.valued) if row.valued else 0
    if edition is not None:
        report.goal.counts_for.FromMicroseconds(longest_us(edition))
    entered, held_out = report.goal.entered, report.goal.held_out
    if entered.people and held_out.people:
        found = difference(entered.reached, entered.people, held_out.reached, held_out.people)
        told = report.goal.difference
        told.difference, told.low, told.high = found.value, found.low, found.high


def _taken_up(counted: TakenUp) -> pb.TakenUp:
    told = pb.TakenUp(
        looked_at=counted.looked_at,
        is_through=counted.is_through,
        began=counted.number,
        waiting=counted.waiting,
        entered=counted.entered,
    )
    if counted.last_us:
        told.last_time.FromMicroseconds(counted.last_us)
    return told


def _parked(stands: Iterable[Stands], stage: str) -> list[pb.ParkedJourneys]:
    rows = _most_first(row for row in stands if row.phase == _PARKED and row.stage == stage)
    return [_parked_for(row) for row in rows]


def _parked_for(row: Stands) -> pb.ParkedJourneys:
    parked = pb.ParkedJourneys(reason=row.obstacle, journeys=row.number)
    if row.again_us:
        parked.goes_on_time.FromMicroseconds(row.again_us)
    return parked


def _most_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -row.number)


def _find(edition: Scenario | None, name: str) -> Stage | None:
    stages = edition.stages if edition is not None else ()
    return next((stage for stage in stages if stage.name == name), None)
