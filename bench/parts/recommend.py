"""What a recommendation takes, beside the floor that gRPC alone takes in the same minutes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.customers import banner_requests
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.floor_graph import floor
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.rates import Rates
from bench.rating import rated
from bench.recording import record
from bench.scale import Scale
from bench.subject import DEADLINE_S, GOOD_SHARE, Subject
from bench.under_track import under_track
from cli.load.edge import recommending
from cli.load.outcome import Summary, percentile

_WARM_UP_REQUESTS = 200
_SHARE_ROUNDS = 4
_SHARE_LOAD = 0.7
_SHARE_LONGEST_S = 240.0
_HALF = 0.5


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Measure at length what `pages` measures."""
    async with aclosing(pages(suite, scale, tell, Rates())) as measuring:
        async for figures in measuring:
            yield figures


async def pages(suite: OpenedSuite, scale: Scale, tell: Tell, rates: Rates) -> Measuring:
    """Measure latency, CPU and capacity, taking turns with the floor so that ratios mean something.

    Latency is that of one call at a time over gRPC for `web.home.banner` of known customers, each
    in a session of its own, with a deadline of 100 ms. What is found of them goes into `rates`.
    """
    tell("recording the message sizes of 100 real requests")
    sizes = await record(suite, banner_requests())
    async with floor(sizes) as found, recommending(suite.running.edge, DEADLINE_S) as send:
        real = Subject("the suite", send, banner_requests(), suite.processes)
        bottom = found.subject
        pair = _Pair(real, bottom, scale, tell)
        await real.one_by_one(_WARM_UP_REQUESTS)
        await bottom.one_by_one(_WARM_UP_REQUESTS)
        yield await pair.latencies()
        capacities, rates.rps, floor_rps = await pair.capacities()
        yield capacities
        cpu = await pair.cpu(rates.rps, floor_rps)
        rates.cpu_ms = cpu[0].value
        yield cpu
        yield await _shares(real, rates.rps, scale.share_requests, tell)
        yield [await under_track(suite, rates.rps * _HALF, scale, tell)]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The suite and the floor, measured in turn."""

    real: Subject[Any]
    bottom: Subject[Any]
    scale: Scale
    tell: Tell

    async def latencies(self) -> list[Figure]:
        ours, bottoms = [], []
        for number in range(self.scale.rounds):
            self.tell(f"one call at a time, round {number + 1} of {self.scale.rounds}")
            ours.append(await self.real.one_by_one(self.scale.sequential_requests))
            bottoms.append(await self.bottom.one_by_one(self.scale.sequential_requests))
        p50s, floor_p50s = _percentiles(ours, 0.5), _percentiles(bottoms, 0.5)
        return [
            Figure.median("recommend_p50_ms", p50s),
            Figure.median("recommend_p99_ms", _percentiles(ours, 0.99)),
            Figure.median("floor_p50_ms", floor_p50s),
            Figure.median("recommend_over_floor_p50", _ratios(p50s, floor_p50s)),
        ]

    async def capacities(self) -> tuple[list[Figure], float, float]:
        """Return the figures, and the median rates of the suite and of the floor."""
        ours: list[float] = []
        bottoms: list[float] = []
        for number in range(self.scale.rated_rounds):
            which = f"round {number + 1} of {self.scale.rated_rounds}"
            ours.append(await self._rated(self.real, ours, which))
            bottoms.append(await self._rated(self.bottom, bottoms, which))
        figures = [
            Figure.median("rated_rps", ours),
            Figure.median("floor_rps", bottoms),
            Figure.median("rated_over_floor", _ratios(ours, bottoms)),
        ]
        return figures, median(ours), median(bottoms)

    async def _rated(self, subject: Subject[Any], earlier: Sequence[float], which: str) -> float:
        # There is nothing in the floor that would only show after a while.
        probe_s = self.scale.probe_s / 2 if subject is self.bottom else self.scale.probe_s

        async def probe(rate: float) -> bool:
            summary = await subject.sustained(rate, probe_s)
            is_sustained = summary.good_share >= GOOD_SHARE
            verdict = "sustained" if is_sustained else f"too much: {_why(summary)}"
            self.tell(f"rating {subject.name}, {which}: {rate:.0f} requests/s {verdict}")
            return is_sustained

        found = await rated(probe, earlier[-1] if earlier else await _guess(subject))
        if not found:
            raise MeasurementError(f"{subject.name} sustains no rate at all")
        return found

    async def cpu(self, real_rps: float, floor_rps: float) -> list[Figure]:
        ours, bottoms = [], []
        for number in range(self.scale.rounds):
            self.tell(f"CPU at half the rated load, round {number + 1} of {self.scale.rounds}")
            ours.append(await self.real.cpu_ms(real_rps * _HALF, self.scale.cpu_s))
            bottoms.append(await self.bottom.cpu_ms(floor_rps * _HALF, self.scale.cpu_s))
        return [
            Figure.median("recommend_cpu_ms", ours),
            Figure.median("floor_cpu_ms", bottoms),
        ]


def _why(summary: Summary) -> str:
    """Return what most often made answers no good."""
    late = summary.undegraded_share - summary.good_share
    counts = {**summary.reasons, "late": round(late * summary.requests)}
    return ", ".join(sorted(counts, key=lambda reason: -counts[reason])[:2])


async def _guess(subject: Subject[Any]) -> float:
    """Return a rate worth trying first: what is done one by one is about what is sustained."""
    return 1000 / median(await subject.one_by_one(100))


async def _shares(real: Subject[Any], real_rps: float, wanted: int, tell: Tell) -> list[Figure]:
    """Return what is kept of the deadlines at 70% of the rated load; every request counts."""
    rate = real_rps * _SHARE_LOAD
    # A little longer than it takes, because a Poisson process brings a few more or less.
    duration_s = min(1.02 * wanted / rate, _SHARE_LONGEST_S)
    if duration_s == _SHARE_LONGEST_S:
        tell(f"so slow that {rate * duration_s:.0f} requests instead of {wanted} must do")
    rounds = []
    for number in range(_SHARE_ROUNDS):
        tell(f"deadlines at {rate:.0f} requests/s, round {number + 1} of {_SHARE_ROUNDS}")
        rounds.append(await real.under(rate, duration_s / _SHARE_ROUNDS))
    return [
        _share("in_deadline_50_share", rounds, [found.in_50_share for found in rounds]),
        _share("in_deadline_100_share", rounds, [found.in_100_share for found in rounds]),
        _share("undegraded_share", rounds, [found.undegraded_share for found in rounds]),
    ]


def _share(name: str, rounds: Sequence[Summary], shares: Sequence[float]) -> Figure:
    requests = [found.requests for found in rounds]
    pooled = sum(share * count for share, count in zip(shares, requests)) / sum(requests)
    return Figure.pooled(name, pooled, shares)


def _percentiles(rounds: Sequence[Sequence[float]], share: float) -> list[float]:
    return [percentile(latencies, share) for latencies in rounds]


def _ratios(ours: Sequence[float], bottoms: Sequence[float]) -> list[float]:
    return [value / bottom for value, bottom in zip(ours, bottoms)]
