"""People who are quiet already, taken up by a scenario within one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.scenario.domain.endings import rest
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey, Phase
from services.scenario.domain.passage import happened
from services.scenario.domain.ports import Ended, JourneyTransaction
from services.scenario.domain.quiet_already import lasting, taken_up
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.starting import Starting, StartingOf, behind_of, may_start
from services.scenario.domain.steps import Steps, has_older
from services.scenario.domain.taking import saved
from services.scenario.domain.transition import Transition

_IDS = uuid.UUID("5f1a5a0e-8d5f-5c62-9f0e-3f3b1c6a7d10")
"""Names journeys that are taken up: the same silence twice is the same journey."""


@dataclass(frozen=True, slots=True)
class Look:
    """One search of the log for people who are quiet already."""

    scenario: str
    begun_us: int
    """When the scenario came into force, or whom it means was changed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the events of persons who are one come to."""

    group: tuple[str, ...]
    scenario: Scenario
    events: Sequence[Happened]
    """In order, none later than now."""
    silences: Sequence[Journey]
    """The journeys that they would be on; see `lasting`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of some persons."""

    steps: Sequence[Transition] = ()
    unread: frozenset[str] = frozenset()
    """Persons who were judged with others than those whom they are one with by now."""


def judge(
    look: Look,
    group: tuple[str, ...],
    events: Mapping[str, Sequence[Happened]],
    starting_of: StartingOf,
    now_us: int,
) -> Judged | None:
    """Say whose silence lasts, by all events that decide about each person; see `reads_types`.

    None: the scenario takes nobody up for these.
    """
    scenario = _of_name(look.scenario, starting_of(group))
    if scenario is None:
        return None
    told = [each for person_id in group for each in events[person_id] if each.time_us <= now_us]
    told.sort(key=lambda event: event.time_us)
    return Judged(group, scenario, told, lasting(scenario, told, now_us))


async def take_up(
    transaction: JourneyTransaction, look: Look, judged: Mapping[str, Judged], now_us: int
) -> Taken:
    """Begin journeys for persons whose silence lasts, each once in a look; nobody else writes.

    Journeys that were taken up before hear of those events that have become known since.
    """
    sets = await transaction.sets_of(judged)
    unread = {person_id for person_id, group in sets.items() if judged[person_id].group != group}
    known = {judged[person_id].group: judged[person_id] for person_id in sets.keys() - unread}
    members = {person_id for group in known for person_id in group}
    steps = Steps(await transaction.open_of(members))
    ended = await transaction.ended(members)
    for _, each in sorted(known.items()):
        _tell(steps, each, now_us)
        _begin(steps, each, ended, look, now_us)
    return Taken(await saved(transaction, steps), frozenset(unread))


def _tell(steps: Steps, judged: Judged, now_us: int) -> None:
    """Let journeys hear what has become known of their persons after they were taken up.

    Each hears for itself: of several the oldest goes on of those that this does not end.
    """
    group, name = judged.group, judged.scenario.name
    for waiting in steps.of(group):
        if waiting.scenario.name == name and waiting.taken_up_us:
            _tell_one(steps, waiting, judged.events, now_us)
    together = [each for each in steps.of(group) if each.scenario.name == name]
    for journey in together:
        steps.take(rest(journey, has_older(journey, together)))


def _tell_one(steps: Steps, journey: Journey, events: Sequence[Happened], now_us: int) -> None:
    for event in events:
        if journey.phase is Phase.QUIET and event.time_us > journey.started_us:
            step = happened(journey, event, now_us)
            if step is not None:
                steps.take(step)
                journey = step.journey


def _begin(
    steps: Steps,
    judged: Judged,
    ended: Mapping[tuple[str, str, int], Ended],
    look: Look,
    now_us: int,
) -> None:
    group = judged.group
    for journey in judged.silences:
        asked = journey.scenario, journey.subject_no, journey.started_us
        behind = behind_of(journey.matter, group, steps, ended)
        was_on_it = any(each.latest_us >= journey.started_us for each in behind)
        if may_start(*asked, group, steps, ended) and not was_on_it:
            steps.take(taken_up(journey, _id_of(journey, look), now_us))


def _id_of(journey: Journey, look: Look) -> str:
    name = f"{journey.scenario.name}/{look.begun_us}/{journey.person_id}"
    return str(uuid.uuid5(_IDS, f"{name}/{journey.subject_no}/{journey.started_us}"))


def _of_name(name: str, starting: Starting) -> Scenario | None:
    """Return a scenario in force that takes people up, None where there is none of that name."""
    for scenarios in starting.values():
        for scenario in scenarios:
            if scenario.name == name:
                return scenario if scenario.quiet_already is not None else None
    return None
