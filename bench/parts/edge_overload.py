"""What the edge still answers of more than it can serve, and how soon it is well again."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import grpc
import grpc.aio

from bench.customers import banner_requests, shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.rating import rated
from bench.scale import Scale
from bench.subject import DEADLINE_S, GOOD_SHARE, Subject
from cli.load.edge import recommending
from cli.load.generator import Send, drive
from cli.load.outcome import percentile
from cli.load.people import requests
from cli.load.schedule import poisson
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.client.errors import call_error
from touchpoint.common.v1.vocabulary_pb2 import Channel

_REFUSED = grpc.StatusCode.RESOURCE_EXHAUSTED
_ROUNDS = 3
_ONE_BY_ONE = 100
_LEAST_PAUSE_S = 0.05
_AGENTS_SHARE = 0.2
_AGENT_PLACEMENT = "agent.prompt"
_SERIES = itertools.count(1_000_001)
"""Sessions that no other part of the benchmark uses."""

_CALM_LOAD = 0.5
"""Before and after a spike, of the rated load."""
_BEFORE_S, _SPIKE_S, _AFTER_S = 8.0, 30.0, 6.0
_STEP_S = 0.1
_SPAN_S = 1.0
_SLOWER = 1.5
"""Times the p99 of before that an answer may take and still be normal."""
_NORMAL_SHARE = 0.97
"""Of the requests of a second: a few dozen, of which one may fall into a stall of the machine."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Measure at multiples of the rated load, all in the same minutes.

    Goodput is what is answered undegraded within the caller's 100 ms, each try having them for
    itself, over what is rated.
    """
    seconds = scale.probe_s / 2
    async with recommending(suite.running.edge, DEADLINE_S) as send:
        subject = Subject("the edge", send, banner_requests(), suite.processes)
        load = _Load(send, await _rated_rps(subject, seconds, tell), seconds, tell)
        once, twice, far = [], [], []
        refusals_ms: list[list[float]] = []
        for number in range(_ROUNDS):
            which = f"round {number + 1} of {_ROUNDS}"
            outcomes = await load.at(2.0, which)
            once.append(load.goodput(outcomes))
            refusals_ms.append(_refusals_ms(outcomes))
            twice.append(load.goodput(await load.at(2.0, f"two tries, {which}", _patient(send))))
            far.append(load.goodput(await load.at(5.0, which)))
        yield [
            Figure.median("goodput_2x", once),
            Figure.median("goodput_2x_retrying", twice),
            Figure.median("goodput_5x", far),
            Figure.median("refusal_p50_ms", [percentile(each, 0.5) for each in refusals_ms]),
            Figure.median("refusal_p99_ms", [percentile(each, 0.99) for each in refusals_ms]),
        ]
        agents = [await load.beside_agents() for _ in range(_ROUNDS)]
        yield [Figure.median("agent_in_deadline_2x", agents)]
        recoveries = [await load.recovery_s(times) for times in (2.0, 5.0)]
        yield [Figure.pooled("recovery_s", max(recoveries), recoveries)]


async def _rated_rps(subject: Subject[RecommendRequest], seconds: float, tell: Tell) -> float:
    async def probe(rate: float) -> bool:
        summary = await subject.sustained(rate, seconds)
        tell(f"rating: {rate:.0f} requests/s, {summary.good_share:.1%} answered well in time")
        return summary.good_share >= GOOD_SHARE

    await subject.one_by_one(_ONE_BY_ONE)
    found = await rated(probe, 1000 / median(await subject.one_by_one(_ONE_BY_ONE)))
    if not found:
        raise MeasurementError("the edge sustains no rate at all")
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one request."""

    due_s: float
    """After the start of its run."""
    took_ms: float
    """From the instant it was due."""
    is_good: bool = False
    """Answered with nothing degraded, within its deadline."""
    is_refused: bool = False
    is_degraded: bool = False

    def is_within(self, seconds: float) -> bool:
        """Say whether there was an answer so soon, degraded or not."""
        return (self.is_good or self.is_degraded) and self.took_ms <= seconds * 1000


@dataclass(slots=True)
class _Load:
    """Load by multiples of what is rated; each run with arrivals of its own."""

    send: Send[RecommendRequest]
    rated_rps: float
    seconds: float
    tell: Tell
    _seeds: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def at(
        self, times: float, which: str, send: Send[RecommendRequest] | None = None
    ) -> list[Sent]:
        found = await self._run(self._due(times, self.seconds), banner_requests(), send)
        self.tell(f"{times:g} x {self.rated_rps:.0f}/s, {which}: goodput {self.goodput(found):.2f}")
        return found

    def goodput(self, found: Sequence[Sent]) -> float:
        return sum(each.is_good for each in found) / (self.seconds * self.rated_rps)

    async def beside_agents(self) -> float:
        """Return the share of agents answered in time, a fifth of twice the rated load theirs."""
        agents, _ = await asyncio.gather(
            self._run(self._due(2.0 * _AGENTS_SHARE, self.seconds), _agents()),
            self._run(self._due(2.0 * (1 - _AGENTS_SHARE), self.seconds), banner_requests()),
        )
        in_time = sum(each.is_within(DEADLINE_S) for each in agents) / len(agents)
        self.tell(f"agents beside the web at twice what is rated: {in_time:.1%} in time")
        return in_time

    async def recovery_s(self, times: float) -> float:
        """Return how long after a spike answers are as quick again as before it."""
        spike_s = _BEFORE_S + _SPIKE_S
        due = [
            *self._due(_CALM_LOAD, _BEFORE_S),
            *(_BEFORE_S + at for at in self._due(times, _SPIKE_S)),
            *(spike_s + at for at in self._due(_CALM_LOAD, _AFTER_S)),
        ]
        found = await self._run(due, banner_requests())
        before = sorted(each.took_ms for each in found if each.due_s < _BEFORE_S)
        normal_s = _SLOWER * percentile(before, 0.99) / 1000
        after = [
            (each.due_s - spike_s, each.is_within(normal_s))
            for each in found
            if each.due_s >= spike_s
        ]
        seconds = recovered_after_s(after)
        self.tell(f"{times:g} times what is rated for {_SPIKE_S:g} s: normal {seconds:.1f} s later")
        return seconds

    def _due(self, times: float, seconds: float) -> list[float]:
        return list(poisson(self.rated_rps * times, seconds, next(self._seeds)))

    async def _run(
        self,
        due: Sequence[float],
        asked: Iterator[RecommendRequest],
        send: Send[RecommendRequest] | None = None,
    ) -> list[Sent]:
        """Send each request when it is due, and return what became of all."""
        found: list[Sent] = []
        ask = send or self.send
        begun = time.perf_counter()

        async def note(request: tuple[float, RecommendRequest]) -> str:
            at, wanted = request
            degraded, code = "", grpc.StatusCode.OK
            try:
                degraded = await ask(wanted)
            except grpc.aio.AioRpcError as error:
                code = error.code()
            is_answered = code is grpc.StatusCode.OK
            found.append(
                Sent(
                    at,
                    (time.perf_counter() - begun - at) * 1000,
                    is_good=is_answered and not degraded,
                    is_refused=code is _REFUSED,
                    is_degraded=bool(degraded),
                )
            )
            return degraded

        await drive(note, zip(due, asked), due)
        return sorted(found, key=lambda each: each.due_s)


def _refusals_ms(found: Sequence[Sent]) -> list[float]:
    refusals = sorted(each.took_ms for each in found if each.is_refused)
    if not refusals:
        raise MeasurementError("nothing was refused at twice what is rated")
    return refusals


def recovered_after_s(after: Sequence[tuple[float, bool]]) -> float:
    """Return the earliest second from which on a span of a second is normal.

    Takes when each request was due, in seconds after the spike, and whether its answer was normal.
    Raises MeasurementError when none is.
    """
    last = after[-1][0]
    for step in itertools.count():
        begin = step * _STEP_S
        if begin + _SPAN_S > last:
            raise MeasurementError(f"not normal again {last:.0f} s after the load fell")
        span = [is_normal for due, is_normal in after if begin <= due < begin + _SPAN_S]
        if span and sum(span) >= _NORMAL_SHARE * len(span):
            return begin
    raise AssertionError


def _patient(send: Send[RecommendRequest]) -> Send[RecommendRequest]:
    """Send once more what was refused, as late as the edge says, and not all at once."""
    chance = random.Random(1)

    async def ask(request: RecommendRequest) -> str:
        try:
            return await send(request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not _REFUSED:
                raise
            told_s = call_error(error).retry_after_s or 0.0
        await asyncio.sleep(max(told_s, _LEAST_PAUSE_S) * chance.uniform(1.0, 1.5))
        return await send(request)

    return ask


def _agents() -> Iterator[RecommendRequest]:
    return requests(shoppers().customers, Channel.CALL_CENTER, [_AGENT_PLACEMENT], next(_SERIES))
