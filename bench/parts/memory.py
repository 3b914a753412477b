"""How much memory everything takes together."""

from __future__ import annotations

from bench.customers import banner_requests
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from bench.subject import DEADLINE_S, Subject
from cli.load.edge import recommending

_RPS = 20.0
_ROUND_S = 5.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Measure after each round of a little load, so that everything has been used."""
    rounds = []
    async with recommending(suite.running.edge, DEADLINE_S) as send:
        subject = Subject("the suite", send, banner_requests(), suite.processes)
        for number in range(scale.rounds):
            tell(f"memory under load, round {number + 1} of {scale.rounds}")
            await subject.under(_RPS, _ROUND_S)
            rounds.append(suite.processes.resident_mb())
    yield [Figure.median("rss_total_mb", rounds)]
