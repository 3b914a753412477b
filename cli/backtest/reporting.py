"""What played scenarios came to, as one report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cli.backtest.past import Past
from cli.backtest.played import Played
from cli.backtest.playing import Span
from cli.backtest.stage import Definitions
from services.scenario.backtest.agents import Shift
from services.scenario.backtest.record import Record
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.counts import Counts
from services.scenario.domain.entries import Entry
from services.scenario.domain.errands import Dispatch, State
from services.scenario.domain.how_often import Met, how_often
from services.scenario.domain.journey import Journey
from services.scenario.domain.moments import local_day
from services.scenario.domain.scenario import Scenario
from services.scenario.reports.how_often_messages import how_often_message
from services.scenario.reports.scenario_messages import Parts, report_of
from shared.catalogue import Catalogue
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.scenario.v1.backtest_pb2 import (
    Backtest,
    BacktestDay,
    BacktestGroup,
    BacktestShift,
)

ENTERED, FULL, YIELDED, HELD_OUT = "entered", "full", "yielded", "held_out"
_EVERY = ""
"""In place of a scenario: all of them."""


@dataclass(slots=True)
class _Day:
    entries: int = 0
    tasks: int = 0
    sent: Counter[int] = field(default_factory=Counter)


async def backtest_of(
    played: Played,
    past: Past,
    catalogue: Catalogue,
    definitions: Definitions,
    span: Span,
    caveats: Sequence[str],
) -> Backtest:
    """Return the report; scenarios of the session are named, and nothing is counted of them."""
    record, went = played.record, played.went
    made = Backtest(
        events=went.events,
        events_before=went.before,
        events_moving=went.moved,
        people=past.people,
        caveats=caveats,
        not_folded=played.failures,
    )
    made.since_time.FromMicroseconds(span.since_us)
    made.until_time.FromMicroseconds(span.until_us)
    counts = await record.counts(span.since_us, span.until_us)
    playbook = definitions.playbook
    days = _days(record, playbook.time_zone)
    for name, scenario in sorted(playbook.scenarios.items()):
        _add(made, scenario, counts, record, days.get(name, {}), span)
    exchange = playbook.exchange
    currency = catalogue.only_currency or exchange.table(catalogue).base
    mean_micros = past.mean_order_micros(span.since_us, span.until_us, exchange)
    _tell_how_often(made, played.met, span, mean_micros, currency)
    made.days.extend(_told(days.get(_EVERY, {})))
    return made


def shift_message(shift: Shift) -> BacktestShift:
    """Return who was there as the report tells it."""
    return BacktestShift(
        agents=shift.agents,
        skills=shift.skills,
        from_minute=shift.from_minute,
        to_minute=shift.to_minute,
        days=[day + 1 for day in sorted(shift.days)],
    )


def _add(
    made: Backtest,
    scenario: Scenario,
    counts: Counts,
    record: Record,
    days: Mapping[str, _Day],
    span: Span,
) -> None:
    told = made.scenarios.add()
    told.report.CopyFrom(report_of(Parts.of(scenario.name, scenario, counts), is_defined=True))
    told.report.mode = RuleMode.SHADOW if scenario.is_shadow else RuleMode.ENFORCED
    told.days.extend(_told(days))
    told.groups.extend(_groups(record, scenario.name, span))
    told.messages_over_limit = record.missing_messages[scenario.name]


def _tell_how_often(
    made: Backtest, met: Sequence[Met], span: Span, mean_micros: int, currency: str
) -> None:
    kept = {each.report.scenario: each for each in made.scenarios if not each.report.in_session}
    for found in how_often(met, kept, span.since_us, span.until_us, mean_micros):
        kept[found.scenario].how_often.CopyFrom(how_often_message(found, currency))


def _groups(record: Record, scenario: str, span: Span) -> Iterator[BacktestGroup]:
    """Yield those who met what it takes, by what became of it; each once, the first time."""
    firsts: dict[str, Entry] = {}
    theirs = [each for each in record.entries.values() if each.scenario.name == scenario]
    for entry in sorted(theirs, key=lambda each: (each.met_us, each.journey_id)):
        firsts.setdefault(record.set_of(entry.person_id)[0], entry)
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in firsts.values():
        groups[_became(record.journeys[entry.journey_id])].append(entry)
    for group in (ENTERED, FULL, YIELDED, HELD_OUT):
        if entries := groups.get(group):
            missing = [each for each in entries if not each.reached_us]
            worth = [each.value_micros for each in entries if each.value_micros]
            yield BacktestGroup(
                group=group,
                people=len(entries),
                reached=len(entries) - len(missing),
                in_time=sum(each.until_us >= span.until_us for each in missing),
                mean_value_micros=round(sum(worth) / len(worth)) if worth else 0,
            )


def _became(journey: Journey) -> str:
    """Return what became of a journey whose person met what it takes."""
    if journey.occurrence:
        return ENTERED
    # Who waits for room found none so far, whatever else may end it meanwhile.
    return journey.outcome.value if journey.outcome.value in (YIELDED, HELD_OUT) else FULL


def _days(record: Record, time_zone: str) -> Mapping[str, Mapping[str, _Day]]:
    """Return days by scenario, and of all of them."""
    days: dict[str, dict[str, _Day]] = defaultdict(lambda: defaultdict(_Day))

    def of(scenario: str, moment_us: int) -> Iterator[_Day]:
        day = local_day(moment_us, time_zone)
        yield days[_EVERY][day]
        yield days[scenario][day]

    for entry in record.entries.values():
        first = record.passages.get((entry.journey_id, 1))
        if first is not None:
            for day in of(entry.scenario.name, first.entered_us):
                day.entries += 1
    for given in record.given:
        for day in of(given.scenario, given.time_us):
            day.tasks += 1
    for dispatch in record.dispatches.values():
        if _is_sent(dispatch):
            for day in of(dispatch.scenario, dispatch.sent_us):
                day.sent[dispatch.channel] += 1
    return days


def _is_sent(dispatch: Dispatch) -> bool:
    return isinstance(dispatch.job, MessageOrder) and dispatch.state is State.SENT


def _told(days: Mapping[str, _Day]) -> Iterator[BacktestDay]:
    for day, found in sorted(days.items()):
        told = BacktestDay(day=day, entries=found.entries, tasks=found.tasks)
        for channel, sent in sorted(found.sent.items()):
            told.messages.add(channel=channel, sent=sent)
        yield told
