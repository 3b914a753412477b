"""Runs a back-test from beginning to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog

from cli.backtest.caveats import caveats_of
from cli.backtest.past import Past, Persons
from cli.backtest.playing import Span, Tell, Went, play
from cli.backtest.reporting import backtest_of
from cli.backtest.stage import Definitions, Stage
from services.profile.domain.reading import NO_TIERS, Tiers
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
    """Tasks that agents can do in a day; 0: not known, and no limit."""


@dataclass(frozen=True, slots=True)
class Backtested:
    """What came of it, and all that it came of."""

    report: Backtest
    record: Record
    went: Went


def run(world: World, definitions: Definitions, span: Span, tell: Tell) -> Backtested:
    """Play the past of a world within a span; takes about a minute for a million events."""
    # What runs live tells its log of every step.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return asyncio.run(_run(world, definitions, span, tell))


async def _run(world: World, definitions: Definitions, span: Span, tell: Tell) -> Backtested:
    record = Record(world.persons)
    stage = Stage(
        world.catalogue,
        definitions,
        world.persons,
        world.past,
        record,
        world.tiers,
        calls_per_day=world.calls_per_day,
    )
    went = await play(stage, span, definitions.playbook.telling, tell)
    caveats = list(caveats_of(definitions.playbook.scenarios.values()))
    report = await backtest_of(stage, record, definitions, span, went, caveats)
    report.calls_per_day = world.calls_per_day
    return Backtested(report, record, went)


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
