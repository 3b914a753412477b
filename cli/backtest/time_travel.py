"""Lets one person live through a script, and writes down what scenarios make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from cli.backtest.hushed import hushed
from cli.backtest.past import Past, Persons
from cli.backtest.script import RESTOCKED, TASK, WAIT, Line, Script
from cli.backtest.stage import Definitions, Stage
from cli.backtest.timeline import Moment, Timeline
from services.scenario.backtest.agents import Shift, with_skills
from shared.catalogue import Catalogue
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import Problem

_BEFORE_US = 1_000_000
"""So long before the script begins the person told who they are."""


@hushed()
def travel(
    script: Script, catalogue: Catalogue, definitions: Definitions, shifts: Sequence[Shift] = ()
) -> list[Moment]:
    """Return what happened, in order; mistakes of the script are added to its problems.

    `shifts` say who is there to call in place of a message. The same script on the same definitions
    and catalogue comes to the same lines.
    """
    return asyncio.run(_travel(script, catalogue, definitions, shifts))


async def _travel(
    script: Script, catalogue: Catalogue, definitions: Definitions, shifts: Sequence[Shift]
) -> list[Moment]:
    persons = Persons()
    there = with_skills(shifts, definitions.playbook.defined.values())
    timeline = Timeline(catalogue, definitions)
    past = Past(persons, catalogue)
    stage = Stage(catalogue, definitions, persons, past, timeline, whole=True, shifts=there)
    timeline.stage = stage
    stage.clock.set(script.starts_us - _BEFORE_US)
    for event in _said_before(script):
        await stage.take(script.person_id, event)
    for line in script.lines:
        problem = _unknown(line, catalogue)
        if problem:
            script.problems.append(_problem(script, line, problem))
    if script.problems:
        return []
    for line in script.lines:
        await stage.player.until(line.time_us)
        timeline.did(line.text)
        problem = await _live(stage, timeline, script.person_id, line)
        if problem:
            script.problems.append(_problem(script, line, problem))
    await stage.player.until(max(script.until_us, stage.clock.now_us()))
    return timeline.moments


async def _live(stage: Stage, timeline: Timeline, person_id: str, line: Line) -> str:
    """Let a line happen; returns what is wrong with it."""
    if line.kind == WAIT:
        return ""
    if line.kind == RESTOCKED:
        await stage.player.restocked(stage.catalogue.offer_no(line.says))
        return ""
    if line.kind == TASK:
        found = await stage.player.said(person_id, line.says)
        return "" if found else "the person has no task then"
    assert line.event is not None, "all others are events"
    taken = await stage.take(person_id, line.event)
    if isinstance(taken, str):
        return taken
    happened = stage.past.heard(person_id, taken, line.event.placement)
    await stage.player.concerned(happened)
    await timeline.refusals(happened)
    return ""


def _said_before(script: Script) -> Iterator[Event]:
    """Yield what the person is known to have said before the script begins."""
    said: list[tuple[str, dict[str, str]]] = [
        ("attribute_set", {"attribute": name, "value": value})
        for name, value in script.attributes.items()
    ]
    for consent in script.consents:
        purpose, _, channel = consent.partition(":")
        of_channel = {"channel": channel} if channel else {}
        said.append(("consent", {"purpose": purpose, "granted": "true", **of_channel}))
    for number, (kind, attributes) in enumerate(said):
        event = Event(event_id=f"before-{number}", type=kind, channel=Channel.WEB)
        event.time.FromMicroseconds(script.starts_us - _BEFORE_US)
        event.attributes.update(attributes)
        yield event


def _unknown(line: Line, catalogue: Catalogue) -> str:
    """Say which item or offer of a line there is not, empty where all are there."""
    named = [line.says] if line.kind == RESTOCKED else []
    if line.event is not None:
        named += [each for each in (line.event.item_id, line.event.offer_id) if each]
    gone = [each for each in named if not catalogue.offer_no(each)]
    return f"there is no item or offer {gone[0]}; `items:` can say what there is" if gone else ""


def _problem(script: Script, line: Line, message: str) -> Problem:
    path = script.path
    return Problem(path=path, line=line.line, column=line.column, message=message)
