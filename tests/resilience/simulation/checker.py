"""Judges what was seen: knows the definitions as they are written, and nothing of the engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from tests.resilience.simulation.record import Carried, Effect, Held, Record, Seen, Word
from touchpoint.rules.v1 import rules_pb2 as pb

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SLACK_US = HOUR_US
"""Leases, frozen processes, and a profile that does not answer for ten minutes at a time."""
PARKED_US = 7 * DAY_US
ASKED_WITHIN_US = 60_000_000
"""Leave that was given longer ago is none: a lease and a margin."""
ZONE = ZoneInfo("Europe/Berlin")


def faults(record: Record) -> list[str]:
    """Return what is wrong, in words; empty: nothing."""
    return [
        *(f"defect: {each}" for each in record.defects),
        *_doubled(record),
        *_missing(record),
        *_not_either(record),
        *_carried_wrongly(record),
        *_over_the_limits(record),
        *_again_too_soon(record),
        *_stuck(record),
        *_kept_of_erased(record),
        *_held_by_two(record),
    ]


@lru_cache(maxsize=256)
def written(definition: bytes) -> pb.Scenario:
    return pb.Scenario.FromString(definition)


def _doubled(record: Record) -> Iterator[str]:
    """Effects are brought about once per journey, stage, occurrence and kind."""
    keys = Counter((each.journey_id, each.occurrence, each.kind) for each in record.effects)
    for key, count in keys.items():
        if count > 1:
            yield f"effect {key} was brought about {count} times"


def _missing(record: Record) -> Iterator[str]:
    """Whoever is seen in a stage has got what that stage says, and errands come to an end."""
    done = {(each.journey_id, each.occurrence, each.kind) for each in record.effects}
    sent = Counter(each.journey_id for each in record.effects if each.kind == "message")
    for seen in record.seen:
        if seen.phase != "STAGE" or not seen.occurrence:
            continue
        scenario = written(seen.definition)
        stage = _stage(scenario, seen.stage)
        for kind in _brings_about(stage):
            key = seen.journey_id, seen.occurrence, kind
            if scenario.mode == pb.RuleMode.SHADOW:
                if key in done:
                    yield f"{key} of a journey in shadow was brought about"
            elif key not in done and not _may_be_silent(scenario, kind, sent[seen.journey_id]):
                yield f"{key} is missing in stage {seen.stage}"
    for errand_id, state in record.open_errands.items():
        yield f"errand {errand_id} is still {state}"
    for each in record.effects:
        is_told = each.kind in ("attributes", "note") and record.states.get(each.ref) == "sent"
        if is_told and each.ref not in record.logged and each.person_id not in record.erased:
            yield f"{each.kind} {each.ref} is not in the log of its person"


def _stage(scenario: pb.Scenario, name: str) -> pb.Stage:
    return next(each for each in scenario.stages if each.stage == name)


def _calls_or_writes(stage: pb.Stage) -> bool:
    """Say whether a stage does one of both, in an hour of the person's."""
    return stage.HasField("task") and stage.HasField("send")


def _brings_about(stage: pb.Stage) -> Iterator[str]:
    if not _calls_or_writes(stage):
        if stage.HasField("task"):
            yield "task"
        if stage.HasField("send"):
            yield "message"
    if stage.set:
        yield "attributes"
    if stage.note:
        yield "note"


def _not_either(record: Record) -> Iterator[str]:
    """Where a stage calls or writes it never does both, and one of them before it is over."""
    done = {(each.journey_id, each.occurrence, each.kind) for each in record.effects}
    paths: dict[str, list[Seen]] = defaultdict(list)
    for seen in record.seen:
        paths[seen.journey_id].append(seen)
    for journey_id, path in paths.items():
        for since, then in pairwise(path):
            if since.phase != "STAGE" or not since.occurrence:
                continue
            stage = _stage(written(since.definition), since.stage)
            if not _calls_or_writes(stage):
                continue
            kinds = [
                kind for kind in ("task", "message") if (journey_id, since.occurrence, kind) in done
            ]
            if len(kinds) > 1:
                yield f"{journey_id} called and wrote in stage {since.stage}"
            if not kinds and then.outcome == "passed":
                yield f"{journey_id} neither called nor wrote in stage {since.stage}"


def _may_be_silent(scenario: pb.Scenario, kind: str, sent: int) -> bool:
    most = scenario.limits.messages
    return kind == "message" and 0 < most <= sent


def _carried_wrongly(record: Record) -> Iterator[str]:
    """Each message arrives once at most, at somebody who wants it, and who is still somebody."""
    arrived = Counter(each.errand_id for each in record.carried if each.arrived)
    for errand_id, count in arrived.items():
        if count > 1:
            yield f"message {errand_id} arrived {count} times"
    effects = {each.ref: each for each in record.effects}
    for each in record.carried:
        effect = effects.get(each.errand_id)
        if effect is None:
            yield f"message {each.errand_id} was sent, and nobody ordered it"
            continue
        if each.at_us - each.asked_us > ASKED_WITHIN_US:
            yield f"message {each.errand_id} was sent long after it was asked whether it may be"
        if not _wanted(record, each, effect):
            yield f"message {each.errand_id} was sent to somebody who does not want it"
    for errand_id, state in record.states.items():
        if state == "sent" and effects[errand_id].kind == "message" and not arrived[errand_id]:
            yield f"message {errand_id} is said to be sent, and never arrived"


def _wanted(record: Record, each: Carried, effect: Effect) -> bool:
    """Say whether the person, and whoever they are one with, wanted it when it was asked."""
    members = _group(record, each.person_id, each.asked_us)
    words = [_word(record.words[member], each.asked_us) for member in members]
    purposes = {effect.purpose, f"{effect.purpose}:{each.channel}"}
    if any(purposes & word.refusals for word in words):
        return False
    return effect.purpose == "transactional" or any(purposes & word.consents for word in words)


def _word(words: Sequence[Word], at_us: int) -> Word:
    return [each for each in words if each.at_us <= at_us][-1]


def _group(record: Record, person_id: str, at_us: int) -> tuple[str, ...]:
    told = [ids for when, who, ids in record.linked if who == person_id and when <= at_us]
    return told[-1] if told else (person_id,)


def _over_the_limits(record: Record) -> Iterator[str]:
    """No more journeys at a time or a day, and no more messages, than their definition says."""
    inside: dict[str, set[str]] = defaultdict(set)
    entered: set[str] = set()
    begun: Counter[tuple[str, str]] = Counter()
    for _, commit in groupby(record.seen, key=lambda seen: seen.commit):
        seen_at_once = sorted(commit, key=_is_on)  # who leaves makes room first
        for seen in seen_at_once:
            here = inside[seen.scenario]
            if not _is_on(seen):
                here.discard(seen.journey_id)
                continue
            here.add(seen.journey_id)
            if seen.journey_id in entered:
                continue
            entered.add(seen.journey_id)
            limits, day = written(seen.definition).limits, _day(seen.at_us)
            begun[seen.scenario, day] += 1
            if 0 < limits.under_way < len(here):
                yield f"{len(here)} journeys of {seen.scenario} are under way"
            if 0 < limits.per_day < begun[seen.scenario, day]:
                yield f"{begun[seen.scenario, day]} journeys of {seen.scenario} began on {day}"
    sent = Counter(each.journey_id for each in record.effects if each.kind == "message")
    most = {each.journey_id: written(each.definition).limits.messages for each in record.seen}
    for journey_id, count in sent.items():
        if 0 < most[journey_id] < count:
            yield f"{journey_id} sends {count} messages"


def _is_on(seen: Seen) -> bool:
    return seen.phase in ("STAGE", "PARKED") and seen.occurrence > 0


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(ZONE).date().isoformat()


def _again_too_soon(record: Record) -> Iterator[str]:
    """Nobody is on a scenario twice, begins it again too soon, or too often."""
    now: dict[str, Seen] = {}
    for seen in record.seen:
        is_new = seen.journey_id not in now
        if is_new and seen.phase != "GONE":
            members = {seen.person_id, *_told(record, seen)}
            theirs = [
                each
                for each in now.values()
                if each.scenario == seen.scenario and each.person_id in members
            ]
            yield from _judged_again(seen, theirs)
        now[seen.journey_id] = seen


def _told(record: Record, seen: Seen) -> tuple[str, ...]:
    told = [ids for after, who, ids in record.sets if who == seen.person_id and after < seen.commit]
    return told[-1] if told else ()


def _judged_again(seen: Seen, theirs: Sequence[Seen]) -> Iterator[str]:
    scenario = written(seen.definition)
    done = [each for each in theirs if each.phase == "ENDED" and each.occurrence]
    pause_us = scenario.again_after.ToMicroseconds()
    for each in done:
        if pause_us and seen.started_us < each.at_us + pause_us:
            yield f"{seen.journey_id} begins too soon after {each.journey_id}"
    if 0 < scenario.again_most <= len(done):
        yield f"{seen.journey_id} is one too many of {seen.scenario}"
    for each in theirs:
        if each.phase not in ("ENDED", "GONE"):
            yield f"{seen.journey_id} begins while {each.journey_id} is under way"


def _stuck(record: Record) -> Iterator[str]:
    """Every journey goes on when its stage has had its time, and none before."""
    paths: dict[str, list[Seen]] = defaultdict(list)
    for seen in record.seen:
        paths[seen.journey_id].append(seen)
    for journey_id, path in paths.items():
        yield from _waits_too_long(record, journey_id, path)


def _waits_too_long(record: Record, journey_id: str, path: Sequence[Seen]) -> Iterator[str]:
    since = path[0]
    for seen in [*path[1:], None]:
        if seen is not None and _place(seen) == _place(since) and not seen.dormant:
            continue
        until_us = record.ended_us if seen is None else seen.at_us
        longest_us = _longest_us(record, since, until_us)
        rested = any(each.dormant for each in path)
        if longest_us is not None and until_us > longest_us + SLACK_US and not rested:
            hours = (until_us - since.at_us) / HOUR_US
            yield f"{journey_id} stayed {hours:.1f} h in {since.phase} {since.stage}"
        if seen is not None:
            since = seen


def _place(seen: Seen) -> tuple[object, ...]:
    stage = seen.stage if seen.phase == "STAGE" else ""
    return seen.phase, stage, seen.occurrence


def _longest_us(record: Record, since: Seen, until_us: int) -> int | None:
    """Return until when a journey may be where it is; None: for ever."""
    scenario = written(since.definition)
    if since.phase in ("ENDED", "GONE"):
        return None
    if since.phase == "QUIET":
        quiet_us = scenario.quiet_for.ToMicroseconds()
        ever = {each for _, who, ids in record.sets if who == since.person_id for each in ids}
        members = {since.person_id, *ever}
        heard = [
            each.at_us
            for each in record.happenings
            if each.person_id in members and each.taken_us <= until_us
        ]
        return max([since.started_us, *heard]) + quiet_us
    longest = max(each.lasts.ToMicroseconds() for each in scenario.stages)
    if since.phase == "PARKED":
        return since.at_us + PARKED_US + longest
    stage = _stage(scenario, since.stage)
    named_us = [
        each.again_us + DAY_US
        for each in record.held
        if stage.HasField("task") and each.person_id == since.person_id and each.again_us
    ]
    lasts_us = stage.lasts.ToMicroseconds()
    if stage.HasField("until"):
        lasts_us = lasts_us or stage.until.after.ToMicroseconds() + 6 * DAY_US
    return max([since.at_us + lasts_us, *named_us]) if lasts_us else None


def _kept_of_erased(record: Record) -> Iterator[str]:
    """Of whoever was erased nothing is kept, sent or given to anybody."""
    for table, persons in record.left.items():
        for person_id in sorted(persons & record.erased.keys()):
            yield f"of {person_id}, erased, there is something in {table}"
    for each in record.carried:
        if record.erased.get(each.person_id, 2**62) < each.asked_us:
            yield f"message {each.errand_id} was sent to {each.person_id}, erased before"
    for held in record.held:
        if record.erased.get(held.person_id, 2**62) < held.at_us:
            yield f"task {held.task_id} of {held.person_id}, erased, went on"


def _held_by_two(record: Record) -> Iterator[str]:
    """A task is one agent's at a time, and ends once."""
    before: dict[str, Held] = {}
    for each in record.held:
        last = before.get(each.task_id, each)
        is_anothers = last.agent_id not in ("", each.agent_id) and bool(each.agent_id)
        if is_anothers and each.at_us < last.until_us and not each.outcome:
            yield f"task {each.task_id} is held by {last.agent_id} and {each.agent_id}"
        if last.outcome not in ("", each.outcome):
            yield f"task {each.task_id} ended as {last.outcome} and as {each.outcome}"
        if last.outcome and each.agent_id != last.agent_id:
            yield f"task {each.task_id} was given after it had ended"
        before[each.task_id] = each
