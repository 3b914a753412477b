"""One run of load: each part of the mix on its own, all at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from cli.load.deadlines import Deadlines, held
from cli.load.edge import recommending
from cli.load.generator import drive
from cli.load.mix import Part
from cli.load.outcome import Outcome, Summary, summarise
from cli.load.people import requests
from cli.load.schedule import Profile, arrivals
from cli.suite.home import Home
from touchpoint.common.v1.identity_pb2 import Identity

_SEED_STEP = 1_000_003
"""Between the seeds of the parts: they neither arrive together nor share a session."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of whom."""

    home: Home
    edge: str
    rate: float
    duration_s: float
    deadline_s: float
    seed: int
    profile: Profile
    parts: Sequence[Part]
    people: Sequence[Identity]
    name: str
    """Of this run."""

    @property
    def title(self) -> str:
        rate = f"{self.rate:g} requests a second, {self.profile.value}"
        return f"{rate}, deadline {self.deadline_s * 1000:g} ms"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of it."""

    outcomes: Sequence[Outcome]
    summary: Summary
    kept: Deadlines
    parts: dict[str, Deadlines]


async def run(load: Load, console: Console) -> Found:
    """Send each part as a process of its own: together they are one of the whole rate.

    Raises NothingSentError, CommandError.
    """
    outcomes: dict[str, list[Outcome]] = {part.name: [] for part in load.parts}
    async with recommending(load.edge, load.deadline_s, load.home) as send:
        with Progress(console=console, transient=True, refresh_per_second=4) as progress:
            bar = progress.add_task(f"{load.rate:g}/s", total=load.duration_s)

            async def one(part: Part, seed: int) -> Summary:
                def noted(outcome: Outcome) -> bool:
                    outcomes[part.name].append(outcome)
                    return False

                wanted = requests(load.people, part.channel, part.placements, seed, load.name)
                due = arrivals(load.profile, load.rate * part.share, load.duration_s, seed)
                return await drive(
                    send, wanted, due, lambda at: progress.update(bar, completed=at), noted
                )

            seeds = [load.seed + _SEED_STEP * place for place in range(len(load.parts))]
            began = time.perf_counter()
            summaries = await asyncio.gather(*map(one, load.parts, seeds))
            took_s = time.perf_counter() - began
    whole = [outcome for each in outcomes.values() for outcome in each]
    return Found(
        whole,
        summarise(whole, took_s, sum(each.late_sends for each in summaries)),
        held(whole, load.deadline_s),
        {name: held(each, load.deadline_s) for name, each in outcomes.items()},
    )
