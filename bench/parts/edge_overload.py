"""What the edge still answers of more than it can serve, and how soon it is well again."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean

import grpc
import grpc.aio

from bench.customers import banner_requests, shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.rates import Rates
from bench.scale import Scale
from bench.subject import DEADLINE_S
from cli.load.edge import degraded, recommending
from cli.load.generator import Send, drive
from cli.load.outcome import percentile
from cli.load.people import requests
from cli.load.schedule import poisson
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.client import AsyncTouchpoint, CallError
from touchpoint.client.errors import call_error
from touchpoint.common.v1.vocabulary_pb2 import Channel

_REFUSED = grpc.StatusCode.RESOURCE_EXHAUSTED
_LEARNING = 2.5
"""Times as long, since a client learns over seconds how much is taken."""
_THIRDS = 3
"""Of a run: its rounds."""
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


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell, rates: Rates) -> Measuring:
    """Measure at multiples of the rated load, all in the same minutes.

    Goodput is what is answered undegraded within the caller's 100 ms, each try having them for
    itself, over what is rated. Of the client library a call has them with all its tries.
    """
    rated_rps, address = rates.rated_rps(), suite.running.edge
    async with (
        recommending(address, DEADLINE_S) as send,
        AsyncTouchpoint(address, timeout_s=DEADLINE_S) as client,
    ):
        load = _Load(send, rated_rps, scale.probe_s, tell)
        await load.calm()
        spikes = {times: await load.spike(times) for times in (2.0, 5.0)}
        yield [
            Figure.median("goodput_2x", load.goodputs(spikes[2.0])),
            Figure.median("goodput_5x", load.goodputs(spikes[5.0])),
        ]
        twice = load.goodputs(await load.at(2.0, "two tries", _patient(send)))
        yield [Figure.median("goodput_2x_retrying", twice)]
        agents = await load.beside_agents()
        yield [Figure.pooled("agent_in_deadline_2x", mean(agents), agents)]
        through = await load.at(10.0, "with the client", _through(client), _LEARNING)
        yield [Figure.median("goodput_10x", load.goodputs(through))]
        refusals_ms = _refusals_ms(spikes[2.0].thirds())
        yield [
            Figure.median("refusal_p50_ms", [percentile(each, 0.5) for each in refusals_ms]),
            Figure.median("refusal_p99_ms", [percentile(each, 0.99) for each in refusals_ms]),
        ]
        recoveries = [load.recovery_s(spike) for spike in spikes.values()]
        yield [Figure.pooled("recovery_s", max(recoveries), recoveries)]


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


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of steady load, with what came before and after it."""

    times: float
    """What is rated."""
    begin_s: float
    end_s: float
    found: Sequence[Sent]

    def thirds(self) -> list[list[Sent]]:
        """Return what fell due in each third of it."""
        third_s = (self.end_s - self.begin_s) / _THIRDS
        begins = [self.begin_s + number * third_s for number in range(_THIRDS)]
        return [
            [each for each in self.found if begin <= each.due_s < begin + third_s]
            for begin in begins
        ]

    def before(self) -> list[Sent]:
        return [each for each in self.found if each.due_s < self.begin_s]

    def after(self) -> list[Sent]:
        return [each for each in self.found if each.due_s >= self.end_s]


@dataclass(slots=True)
class _Load:
    """Load by multiples of what is rated; each run with arrivals of its own."""

    send: Send[RecommendRequest]
    rated_rps: float
    seconds: float
    """Of a run that is no spike."""
    tell: Tell
    _seeds: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def calm(self) -> None:
        """Let what an overload before has left behind pass."""
        await self._run(self._due(_CALM_LOAD, _SPAN_S), banner_requests())

    async def at(
        self, times: float, which: str, send: Send[RecommendRequest], longer: float = 1.0
    ) -> Stretch:
        """Load it so, from nothing, or so many times as long as usual."""
        seconds = self.seconds * longer
        found = await self._run(self._due(times, seconds), banner_requests(), send)
        return self._told(Stretch(times, 0.0, seconds, found), which)

    async def spike(self, times: float) -> Stretch:
        """Load it so for half a minute, between two stretches of calm."""
        end_s = _BEFORE_S + _SPIKE_S
        due = [
            *self._due(_CALM_LOAD, _BEFORE_S),
            *(_BEFORE_S + at for at in self._due(times, _SPIKE_S)),
            *(end_s + at for at in self._due(_CALM_LOAD, _AFTER_S)),
        ]
        found = await self._run(due, banner_requests())
        return self._told(Stretch(times, _BEFORE_S, end_s, found), "for half a minute")

    def goodputs(self, run: Stretch) -> list[float]:
        """Return the goodput of each third."""
        rated = self.rated_rps * (run.end_s - run.begin_s) / _THIRDS
        return [sum(each.is_good for each in third) / rated for third in run.thirds()]

    def _told(self, run: Stretch, which: str) -> Stretch:
        goodputs = ", ".join(f"{each:.2f}" for each in self.goodputs(run))
        self.tell(f"{run.times:g} x {self.rated_rps:.0f}/s, {which}: goodput {goodputs}")
        return run

    async def beside_agents(self) -> list[float]:
        """Return the share of agents answered in time, a fifth of twice the rated load theirs."""
        agents, _ = await asyncio.gather(
            self._run(self._due(2.0 * _AGENTS_SHARE, self.seconds), _agents()),
            self._run(self._due(2.0 * (1 - _AGENTS_SHARE), self.seconds), banner_requests()),
        )
        thirds = [third for third in Stretch(2.0, 0.0, self.seconds, agents).thirds() if third]
        shares = [
            sum(each.is_within(DEADLINE_S) for each in third) / len(third) for third in thirds
        ]
        self.tell(f"agents beside the web at twice what is rated: {mean(shares):.1%} in time")
        return shares

    def recovery_s(self, spike: Stretch) -> float:
        """Return how long after a spike answers are as quick again as before it."""
        before = sorted(each.took_ms for each in spike.before())
        normal_s = _SLOWER * percentile(before, 0.99) / 1000
        after = [(each.due_s - spike.end_s, each.is_within(normal_s)) for each in spike.after()]
        seconds = recovered_after_s(after)
        self.tell(f"after {spike.times:g} times what is rated: normal {seconds:.1f} s later")
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
            except (grpc.aio.AioRpcError, CallError) as error:
                code = error.code if isinstance(error, CallError) else error.code()
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


def _refusals_ms(thirds: Iterable[Sequence[Sent]]) -> list[list[float]]:
    """Return how long refusals took in each third in which there were any, ascending."""
    refusals = [sorted(each.took_ms for each in third if each.is_refused) for third in thirds]
    found = [each for each in refusals if each]
    if not found:
        raise MeasurementError("nothing was refused at twice what is rated")
    return found


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


def _through(client: AsyncTouchpoint) -> Send[RecommendRequest]:
    """Send through the client library, which leaves out what would be refused."""

    async def ask(request: RecommendRequest) -> str:
        [asked] = request.placements
        answer = await client.recommend(
            request.identities[0],
            channel=Channel.Value.Name(request.channel),
            placement=asked.placement,
            session_id=request.context.session_id,
        )
        return degraded(answer)

    return ask


def _agents() -> Iterator[RecommendRequest]:
    return requests(shoppers().customers, Channel.CALL_CENTER, [_AGENT_PLACEMENT], next(_SERIES))
