"""The first decision after a start, and lines to try in a second terminal."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.reach import DEFAULT_HOME
from cli.showing.decision import show_decision
from cli.suite.data import DataSet
from cli.suite.home import Endpoints, Home
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.client import AsyncTouchpoint, CallError, Wanted

DEADLINE_S = 0.25
_CHANNEL = "WEB"
_LIMIT = 3
_WARM_UP_S = 10.0
_POLL_S = 0.05
_WHOLE_ANSWERS = 5


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """A live decision and how long its caller waited for it."""

    answer: RecommendResponse
    spent_ms: float


async def first_decision(endpoints: Endpoints, data: DataSet) -> FirstDecision:
    """Ask for the data set's person; raises CallError.

    Asks previews first until nothing is missing in them, because services that have just
    started still load their caches.
    """
    async with AsyncTouchpoint(endpoints.edge, timeout_s=DEADLINE_S, caller="cli") as touchpoint:
        await _warmed_up(touchpoint, data)
        began = time.perf_counter()
        answer = await touchpoint.recommend(data.who, **_asked(data, preview=False))
        return FirstDecision(answer, (time.perf_counter() - began) * 1000)


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
        answer = await touchpoint.recommend(data.who, **_asked(data, preview=True))
    except CallError:
        return False
    return not answer.degraded and bool(answer.placements[0].recommendations)


def _asked(data: DataSet, *, preview: bool) -> Wanted:
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
    console.print(f"Right now, {data.moment} ({data.who}):", markup=False)
    show_decision(console, first.answer, spent_ms=first.spent_ms, deadline_ms=DEADLINE_S * 1000)
    console.print("\nIn a second terminal:")
    for line in lines_to_try(endpoints, home, data, first.answer):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def lines_to_try(
    endpoints: Endpoints, home: Home, data: DataSet, answer: RecommendResponse
) -> list[str]:
    """Return commands that work as they are, for this suite and no other."""
    command, where = _command(), _where(home)
    looking = f" --item {data.item}" if data.item else ""
    place = f"--channel {_CHANNEL} --placement {data.placement}{looking}{where}"
    place += f" --limit {_LIMIT}"
    lines = [_curl(endpoints, data), f"{command} recommend {data.who} {place}"]
    shown = answer.placements[0].recommendations if answer.placements else ()
    if shown:
        offer = shown[0].offer_id
        lines += [
            f"{command} track decline {data.who} --offer {offer} "
            f"--decision {answer.decision_id} --channel {_CHANNEL}{where}",
            f"{command} recommend {data.who} {place} --live",
            f"{command} explain {answer.decision_id}{where}",
        ]
    lines.append(f"{command} view {data.who}{where}")
    if data.name == "story":
        lines.append(f"{command} demo{where}")
    return lines


def _command() -> str:
    """Return how this very program is called from the working folder."""
    if shutil.which("touchpoint"):
        return "touchpoint"
    return ".venv/bin/touchpoint"


def _where(home: Home) -> str:
    if home.path == DEFAULT_HOME.absolute():
        return ""
    try:
        return f" --home {home.path.relative_to(Path.cwd())}"
    except ValueError:
        return f" --home {home.path}"


def _curl(endpoints: Endpoints, data: DataSet) -> str:
    kind, _, value = data.who.partition(":")
    asked = {
        "identities": [{"kind": kind, "value": value}],
        "channel": _CHANNEL,
        "placements": [{"placement": data.placement, "limit": _LIMIT}],
        "context": {"itemIds": [data.item] if data.item else []},
        "preview": True,
    }
    rpc = f"http://{endpoints.web}/touchpoint.aggregator.v1.AggregatorService/Recommend"
    return f"curl -s {rpc} -H 'Content-Type: application/json' -d '{json.dumps(asked)}'"
