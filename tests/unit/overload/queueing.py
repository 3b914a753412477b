"""A queueing model of a service, on a clock of its own: shared processors, callers who retry."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from shared.errors import Shed
from shared.overload.limit import Limit
from shared.overload.limiter import Limiter, Ticket
from shared.overload.priority import Priority

KIND = "Recommend"
REFUSAL_WORK_S = 0.0005
"""Of a processor, the caller's part included."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests of one caller at random times (Poisson)."""

    rate: float
    until_s: float
    from_s: float = 0.0
    priority: Priority = Priority.WEB
    caller: str = "web"
    deadline_s: float = 0.1
    tries: int = 1
    """Each has the deadline for itself."""
    is_patient: bool = True
    """Whether it waits as long as it was told before it tries again."""


@dataclass(slots=True)
class Outcome:
    """What became of one request."""

    stream: Stream
    due_s: float
    tried: int = 0
    took_s: float | None = None
    """From the try that was answered in time until its answer; None: there was none."""


@dataclass(slots=True)
class _Job:
    work_s: float
    ended: Callable[[bool], None] | None = None
    is_over: bool = False


@dataclass(slots=True)
class Machine:
    """A service behind a limiter, on so many processors; each request uses one at a time."""

    limit: Limit
    processors: float = 2.0
    work_s: float = 0.01
    wait_s: Callable[[float], float] = lambda now: 0.0
    """Of a request that begins then: what it waits for others, without using a processor."""
    seed: int = 1
    now: float = 0.0
    limiter: Limiter = field(init=False)
    _chance: random.Random = field(init=False)
    outcomes: list[Outcome] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _running: list[tuple[float, int, _Job]] = field(default_factory=list)
    _count: int = 0
    _served: float = 0.0
    """What each of those that run has been given so far."""
    _number: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self.limiter = Limiter(self.limit, monotonic=lambda: self.now, chance=self._chance.random)

    def run(self, *streams: Stream) -> list[Outcome]:
        """Serve all requests of these streams, and return what became of each."""
        for stream in streams:
            self._next_of(stream, stream.from_s)
        while self._events or self._running:
            self._step()
        return self.outcomes

    def _next_of(self, stream: Stream, after: float) -> None:
        due = after + self._chance.expovariate(stream.rate)
        if due < stream.until_s:
            self._at(due, lambda: self._arrive(stream))

    def _arrive(self, stream: Stream) -> None:
        self._next_of(stream, self.now)
        outcome = Outcome(stream, self.now)
        self.outcomes.append(outcome)
        self._try(outcome)

    def _try(self, outcome: Outcome) -> None:
        stream, outcome.tried = outcome.stream, outcome.tried + 1
        try:
            ticket = self.limiter.admit(stream.priority, stream.caller)
        except Shed as refused:
            self._start(_Job(REFUSAL_WORK_S))
            self._again(outcome, refused.retry_after_s if stream.is_patient else 0.001)
            return
        began = self.now
        job = _Job(self.work_s * self._chance.uniform(0.7, 1.3))
        job.ended = lambda in_time: self._ended(outcome, ticket, began, in_time)
        self._at(began + self.wait_s(began), lambda: self._start(job))
        self._at(began + stream.deadline_s, lambda: self._give_up(job))

    def _again(self, outcome: Outcome, after_s: float) -> None:
        if outcome.tried < outcome.stream.tries:
            self._at(self.now + after_s, lambda: self._try(outcome))

    def _ended(self, outcome: Outcome, ticket: Ticket, began: float, in_time: bool) -> None:
        self.limiter.ended(ticket, KIND, outcome.stream.deadline_s)
        if in_time:
            outcome.took_s = self.now - began
        else:
            self._again(outcome, 0.001)

    def _start(self, job: _Job) -> None:
        if not job.is_over:
            self._count += 1
            self._number += 1
            heapq.heappush(self._running, (self._served + job.work_s, self._number, job))

    def _give_up(self, job: _Job) -> None:
        if not job.is_over:
            self._count -= any(each is job for _, _, each in self._running)
            self._end(job, in_time=False)

    def _end(self, job: _Job, *, in_time: bool) -> None:
        job.is_over = True
        if job.ended is not None:
            job.ended(in_time)

    def _at(self, when: float, event: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, event))

    def _step(self) -> None:
        while self._running and self._running[0][2].is_over:
            heapq.heappop(self._running)
        speed = min(1.0, self.processors / max(self._count, 1))
        done = self.now + (self._running[0][0] - self._served) / speed if self._running else None
        if done is not None and (not self._events or done <= self._events[0][0]):
            self._pass(done, speed)
            job = heapq.heappop(self._running)[2]
            self._count -= 1
            self._end(job, in_time=True)
        elif self._events:
            when, _, event = heapq.heappop(self._events)
            self._pass(when, speed)
            event()

    def _pass(self, when: float, speed: float) -> None:
        self._served += max(when - self.now, 0.0) * speed
        self.now = max(self.now, when)


def goodput(outcomes: Iterable[Outcome], from_s: float, until_s: float) -> float:
    """Return the answers in time a second to what was due in a span."""
    good = sum(each.took_s is not None for each in within(outcomes, from_s, until_s))
    return good / (until_s - from_s)


def within(outcomes: Iterable[Outcome], from_s: float, until_s: float) -> list[Outcome]:
    """Return what was due in a span."""
    return [each for each in outcomes if from_s <= each.due_s < until_s]


def answered_share(outcomes: Sequence[Outcome]) -> float:
    """Return the share that was answered in time."""
    return sum(each.took_s is not None for each in outcomes) / len(outcomes)


def slowest_s(outcomes: Sequence[Outcome], share: float) -> float:
    """Return the time within which a share of the answers came."""
    times = sorted(each.took_s for each in outcomes if each.took_s is not None)
    return times[int(share * (len(times) - 1))]
