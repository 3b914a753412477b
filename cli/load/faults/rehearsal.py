"""Makes one service after another bad, and asks the edge all the while."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice

from cli.console import CommandError
from cli.load.deadlines import Deadlines, held
from cli.load.edge import recommending
from cli.load.faults.causing import caused
from cli.load.faults.fault import Fault
from cli.load.faults.recovery import until_well
from cli.load.faults.targets import ENGINES
from cli.load.generator import Send, drive
from cli.load.outcome import Fate, Outcome
from cli.load.schedule import poisson
from cli.suite.home import Home
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest

ENGINE_FAULTS = (Fault.FROZEN, Fault.SLOW)
"""Nobody starts an engine again that was killed."""
SERVICE_FAULTS = (Fault.DEAD, *ENGINE_FAULTS)

Tell = Callable[[str, int], None]
"""Told what is under way, and how many more calls have ended."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of whom, and what is made bad."""

    home: Home
    edge: str
    requests: Iterator[RecommendRequest]
    """Each is to be decided anew; there is no end of them."""
    names: Sequence[str]
    """Services and engines, in their order."""
    calls: int
    """At each deadline, while one thing is wrong."""
    rate: float
    """Calls a second, a Poisson process."""
    deadlines_s: Sequence[float]
    """Tried one after the other while a thing is wrong."""
    seed: int = 1

    @property
    def faults(self) -> Sequence[tuple[str, Fault]]:
        """Everything in turn, beginning with nothing."""
        return [
            ("", Fault.NONE),
            *(
                (name, fault)
                for name in self.names
                for fault in (ENGINE_FAULTS if name in ENGINES else SERVICE_FAULTS)
            ),
        ]


@dataclass(frozen=True, slots=True)
class Cell:
    """What callers with one deadline got while one thing was wrong."""

    name: str
    """The service or the engine; "" where nothing was wrong."""
    fault: Fault
    deadline_s: float
    outcomes: Sequence[Outcome]
    late_sends: int
    """Calls sent over 10 ms after they were due: what asks was short of CPU itself."""
    well_after_s: float | None
    """Seconds from the end of the fault until all was well again; None where it was not."""

    @property
    def what(self) -> str:
        return what(self.name, self.fault)

    @property
    def kept(self) -> Deadlines:
        return held(self.outcomes, self.deadline_s)

    @property
    def latencies_ms(self) -> Sequence[float]:
        """Of all answers, ascending; empty without any."""
        return sorted(
            each.latency_s * 1000 for each in self.outcomes if each.fate is not Fate.FAILED
        )

    @property
    def reasons(self) -> Sequence[tuple[str, int]]:
        """What answers lacked or why there was none, the most frequent first."""
        return Counter(each.reason for each in self.outcomes if each.reason).most_common()


def what(name: str, fault: Fault) -> str:
    """Say what is wrong."""
    return f"{name} {fault.value}" if name else "nothing wrong"


async def rehearse(plan: Plan, tell: Tell) -> AsyncGenerator[Cell, None]:
    """Yield what callers got of each deadline and fault; ends early where all is not well again.

    Raises CommandError where all is not well before, or a fault cannot be caused.
    """
    async with AsyncExitStack() as stack:
        sends = [
            await stack.enter_async_context(recommending(plan.edge, each, plan.home, whole=True))
            for each in plan.deadlines_s
        ]
        tell("until all is well", 0)
        if await until_well(plan.home, plan.edge, plan.requests) is None:
            raise CommandError("All must be well before anything is made bad: `touchpoint status`")
        for name, fault in plan.faults:
            async with caused(plan.home.path, name, fault):
                found = [
                    await _asked(plan, send, partial(tell, what(name, fault))) for send in sends
                ]
            tell(f"{what(name, fault)}: until all is well again", 0)
            after_s = await until_well(plan.home, plan.edge, plan.requests)
            for (outcomes, late), deadline_s in zip(found, plan.deadlines_s, strict=True):
                yield Cell(name, fault, deadline_s, outcomes, late, after_s)
            if after_s is None:
                return


async def _asked(
    plan: Plan, send: Send[RecommendRequest], tell: Callable[[int], None]
) -> tuple[Sequence[Outcome], int]:
    """Return what became of each call, and how many were sent late."""
    outcomes = []

    def noted(outcome: Outcome) -> bool:
        outcomes.append(outcome)
        tell(1)
        return False

    due = islice(poisson(plan.rate, math.inf, plan.seed), plan.calls)
    tell(0)
    summary = await drive(send, plan.requests, due, enough=noted)
    return outcomes, summary.late_sends
