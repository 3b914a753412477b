"""The first decision after a start, and lines to try in a second terminal."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.calling import CALLER
from cli.channels import credentials, key_to_show
from cli.reach import DEFAULT_HOME
from cli.showing.decision import show_decision
from cli.suite.data import DataSet
from cli.suite.home import Endpoints, Home
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.client import AsyncTouchpoint, CallError, Wanted
from touchpoint.common.v1.vocabulary_pb2 import Arm

DEADLINE_S = 0.25
_DEADLINE_MS = DEADLINE_S * 1000
_CHANNEL = "WEB"
_LIMIT = 3
_WARM_UP_S = 10.0
_POLL_S = 0.05
_WHOLE_ANSWERS = 5


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """A live decision and how long its caller waited for it."""

    who: str
    """The person it was asked for, as the command line writes them."""
    answer: RecommendResponse
    spent_ms: float
    failure: str = ""
    """Why there is none: the answer is empty then."""


async def first_decision(home: Home, edge: str, data: DataSet) -> FirstDecision:
    """Ask the edge at host:port for somebody of the data set.

    Asks previews first until nothing is missing in them, because services that have just
    started still load their caches. Who is held out gets nothing personal and would show little:
    another is asked for then.
    """
    key, tls = key_to_show(home, edge), credentials()
    async with AsyncTouchpoint(
        edge, timeout_s=DEADLINE_S, caller=CALLER, key=key, credentials=tls
    ) as touchpoint:
        await _warmed_up(touchpoint, data)
        for who in data.people:
            first = await _asked_for(touchpoint, who, data)
            if first.failure or await _is_personalised(touchpoint, first.answer):
                break
        return first


async def _asked_for(touchpoint: AsyncTouchpoint, who: str, data: DataSet) -> FirstDecision:
    began = time.perf_counter()
    try:
        answer, failure = await touchpoint.recommend(who, **_asked(data)), ""
    except CallError as error:  # a machine this busy for a moment is no reason to end it all
        answer, failure = RecommendResponse(), str(error)
    return FirstDecision(who, answer, (time.perf_counter() - began) * 1000, failure)


async def _is_personalised(touchpoint: AsyncTouchpoint, answer: RecommendResponse) -> bool:
    try:
        explained = await touchpoint.explain(answer.decision_id)
    except CallError:  # nobody can tell
        return True
    return explained.trace.arm == Arm.PERSONALISED


async def _warmed_up(touchpoint: AsyncTouchpoint, data: DataSet) -> None:
    """Return after some whole answers in a row, or when they do not come."""
    until = time.monotonic() + _WARM_UP_S
    whole = 0
    while whole < _WHOLE_ANSWERS and time.monotonic() < until:
        if await _is_warm(touchpoint, data):
            whole += 1
        else:
            whole = 0
            await asyncio.sleep(_POLL_S)


async def _is_warm(touchpoint: AsyncTouchpoint, data: DataSet) -> bool:
    try:
        answer = await touchpoint.recommend(data.people[0], **_asked(data, preview=True))
    except CallError:
        return False
    return not answer.degraded and bool(answer.placements[0].recommendations)


def _asked(data: DataSet, *, preview: bool = False) -> Wanted:
    return Wanted(
        channel=_CHANNEL,
        placement=data.placement,
        limit=_LIMIT,
        items=[data.item] if data.item else [],
        explain=not preview,
        preview=preview,
    )


def show_welcome(
    console: Console, endpoints: Endpoints, home: Home, data: DataSet, first: FirstDecision
) -> None:
    """Print the decision and what to try next."""
    console.print()
    console.print(f"Right now, {data.moment} ({first.who}):", markup=False)
    if first.failure:
        told = f"No decision came: {first.failure}. Everything runs; ask again."
        console.print(told, style="yellow", markup=False, soft_wrap=True)
    else:
        show_decision(console, first.answer, spent_ms=first.spent_ms, deadline_ms=_DEADLINE_MS)
    console.print("\nIn a second terminal:")
    here = f"cd {shlex.quote(str(Path.cwd()))}"
    for line in (here, *lines_to_try(endpoints, home, data, first)):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def lines_to_try(
    endpoints: Endpoints, home: Home, data: DataSet, first: FirstDecision
) -> list[str]:
    """Return commands that work as they are in this folder, for this suite and no other."""
    command, where, who, answer = _command(), _where(home), first.who, first.answer
    looking = f" --item {data.item}" if data.item else ""
    place = f"--channel {_CHANNEL} --placement {data.placement}{looking}{where}"
    place += f" --limit {_LIMIT}"
    lines = [_curl(endpoints, data, who), f"{command} recommend {who} {place}"]
    shown = answer.placements[0].recommendations if answer.placements else ()
    if shown:
        offer = shown[0].offer_id
        lines += [
            f"{command} track decline {who} --offer {offer} "
            f"--decision {answer.decision_id} --channel {_CHANNEL}{where}",
            f"{command} recommend {who} {place} --live",
            f"{command} explain {answer.decision_id}{where}",
        ]
    lines.append(f"{command} view {who}{where}")
    if data.name == "story":
        lines.append(f"{command} demo{where}")
        lines.append(f"{command} demo --traffic{where}")
    return lines


def _command() -> str:
    """Return how this very program is called from the working folder, whatever the PATH."""
    return _from_here(Path(sys.executable).with_name("touchpoint"))


def _where(home: Home) -> str:
    is_default = home.path == DEFAULT_HOME.absolute()
    return "" if is_default else f" --home {_from_here(home.path)}"


def _from_here(path: Path) -> str:
    """Write a path as a word of the shell, relative where it lies below the working folder."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _curl(endpoints: Endpoints, data: DataSet, who: str) -> str:
    kind, _, value = who.partition(":")
    asked = {
        "identities": [{"kind": kind, "value": value}],
        "channel": _CHANNEL,
        "placements": [{"placement": data.placement, "limit": _LIMIT}],
        "context": {"itemIds": [data.item] if data.item else []},
        "preview": True,
    }
    rpc = f"http://{endpoints.web}/touchpoint.aggregator.v1.AggregatorService/Recommend"
    return f"curl -s {rpc} -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(asked))}"
