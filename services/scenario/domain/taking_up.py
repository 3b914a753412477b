"""People who are quiet already, taken up by a scenario within one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
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
class Taken:
    """What came of some persons."""

    steps: Sequence[Transition] = ()
    unread: frozenset[str] = frozenset()
    """Persons who turned out to be one with somebody whose events were not given."""


async def take_up(
    transaction: JourneyTransaction,
    look: Look,
    events: Mapping[str, Sequence[Happened]],
    starting_of: StartingOf,
    now_us: int,
) -> Taken:
    """Begin journeys for persons whose silence lasts, each once in a look; nobody else writes.

    `events` are all that decide about each person; see `reads_types`. Journeys that were taken up
    before hear of those that have become known since.
    """
    groups = {tuple(each) for each in (await transaction.sets_of(events)).values()}
    members = {person_id for group in groups for person_id in group}
    steps = Steps(await transaction.open_of(members))
    ended = await transaction.ended(members)
    unread: set[str] = set()
    for group in sorted(groups):
        scenario = _of_name(look.scenario, starting_of(group))
        if scenario is None:
            continue
        missing = set(group) - events.keys()
        unread |= missing
        if not missing:
            told = [event for person_id in group for event in events[person_id]]
            told.sort(key=lambda event: event.time_us)
            told = [event for event in told if event.time_us <= now_us]
            _tell(steps, group, scenario, told, now_us)
            _begin(steps, group, ended, look, lasting(scenario, told, now_us), now_us)
    return Taken(await saved(transaction, steps), frozenset(unread))


def _tell(
    steps: Steps,
    group: Collection[str],
    scenario: Scenario,
    events: Sequence[Happened],
    now_us: int,
) -> None:
    """Let journeys hear what has become known of their persons after they were taken up.

    Each hears for itself: of several the oldest goes on of those that this does not end.
    """
    for event in events:
        for journey in steps.of(group):
            is_meant = journey.scenario.name == scenario.name and journey.taken_up_us
            waits = journey.phase is Phase.QUIET and event.time_us > journey.started_us
            if is_meant and waits:
                steps.take(happened(journey, event, now_us))
    together = [each for each in steps.of(group) if each.scenario.name == scenario.name]
    for journey in together:
        steps.take(rest(journey, has_older(journey, together)))


def _begin(
    steps: Steps,
    group: Collection[str],
    ended: Mapping[tuple[str, str, int], Ended],
    look: Look,
    silences: Sequence[Journey],
    now_us: int,
) -> None:
    for journey in silences:
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
