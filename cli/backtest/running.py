"""Runs a back-test from beginning to end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

from cli.backtest.caveats import caveats_of
from cli.backtest.hushed import hushed
from cli.backtest.past import Past, Persons
from cli.backtest.played import Played, together
from cli.backtest.playing import EVERYBODY, Share, Span, Tell, Went, play
from cli.backtest.reporting import backtest_of, shift_message
from cli.backtest.sharing import had_room, play_shares, shares_for, shares_of
from cli.backtest.stage import Definitions, Stage
from services.profile.domain.reading import NO_TIERS, Tiers
from services.scenario.backtest.agents import PlayedAgents, Shift, with_skills
from services.scenario.backtest.clock import PlayedClock
from services.scenario.backtest.record import Record
from services.scenario.definitions import Playbook
from shared.catalogue import Catalogue
from touchpoint.scenario.v1.backtest_pb2 import Backtest


@dataclass(frozen=True, slots=True)
class World:
    """What was gathered."""

    catalogue: Catalogue
    past: Past
    persons: Persons
    tiers: Tiers = NO_TIERS
    calls_per_day: int = 0
    """Tasks that agents can do in a day; 0: not known, and no limit. Of `shifts`: theirs."""
    shifts: tuple[Shift, ...] = ()
    """Who is there to call; empty: nobody."""

    def staffed(self, definitions: Definitions) -> World:
        """Return it with what agents of its shifts can do, as they would live; else as it is."""
        if not self.shifts:
            return self
        playbook = definitions.playbook
        shifts = with_skills(self.shifts, playbook.defined.values())
        agents = PlayedAgents(shifts, definitions.working, PlayedClock())
        can_do = agents.calls_per_day(playbook.desk.assumed)
        return replace(self, shifts=shifts, calls_per_day=can_do)


@dataclass(frozen=True, slots=True)
class Backtested:
    """What came of it, and all that it came of."""

    report: Backtest
    record: Record
    went: Went


@hushed()
def run(
    world: World, definitions: Definitions, span: Span, tell: Tell, jobs: int = 0
) -> Backtested:
    """Play the past of a world within a span; takes about a minute for a million events.

    In as many processes as there are processors, `jobs` at most where that is not 0. Where people
    then came to where there is room for only so many, one process plays all of it again: who gets
    the room is decided by who came first. What comes of it is the same in any case.
    """
    world, playbook = world.staffed(definitions), definitions.playbook

    def play_share(share: Share, tell: Tell) -> Played:
        return asyncio.run(_played(world, definitions, span, tell, share))

    number = shares_for(jobs, len(world.past))
    played: Played | None = None
    if number > 1:
        known = {"/persons": world.persons, **playbook.defined}
        by_person = shares_of(world.past.events_by_person(), number)
        shares = play_shares(play_share, known, by_person, tell)
        if had_room(shares, playbook, world.calls_per_day):
            played = together(shares)
    if played is None:
        played = play_share(EVERYBODY, tell)
    caveats = list(caveats_of(playbook.scenarios.values(), world.shifts))
    told = backtest_of(played, world.past, world.catalogue, definitions, span, caveats)
    report = asyncio.run(told)
    report.calls_per_day = world.calls_per_day
    report.shifts.extend(map(shift_message, world.shifts))
    return Backtested(report, played.record, played.went)


async def _played(
    world: World, definitions: Definitions, span: Span, tell: Tell, share: Share
) -> Played:
    record = Record(world.persons, share.ids)
    stage = Stage(
        world.catalogue,
        definitions,
        world.persons,
        world.past,
        record,
        world.tiers,
        calls_per_day=world.calls_per_day,
        ids=share.ids,
        shifts=world.shifts,
    )
    went = await play(stage, span, definitions.playbook, tell, share)
    rooms, failures = stage.player.journeys.asked, stage.people.failures
    return Played(record, went, stage.witness.met, rooms, failures)


def only(definitions: Definitions, names: Collection[str]) -> Definitions:
    """Return definitions with these scenarios alone; raises KeyError naming one there is not."""
    playbook = definitions.playbook
    for name in names:
        if name not in playbook.defined:
            raise KeyError(name)
    return replace(definitions, playbook=_only(playbook, frozenset(names)))


def _only(playbook: Playbook, names: frozenset[str]) -> Playbook:
    starting = {
        kind: kept
        for kind, scenarios in playbook.starting.items()
        if (kept := [each for each in scenarios if each.name in names])
    }
    return replace(
        playbook,
        scenarios={name: each for name, each in playbook.scenarios.items() if name in names},
        in_session=[each for each in playbook.in_session if each.name in names],
        starting=starting,
        treatments=None,
    )
