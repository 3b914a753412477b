"""Whether callers had their answers in time, and how those are spread that came."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cli.load.outcome import Fate, NothingSentError, Outcome

_BOUNDS_MS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 2000, 5000)
_SHED = "RESOURCE_EXHAUSTED"
_LATE = "DEADLINE_EXCEEDED"


class Verdict(Enum):
    """What one caller got."""

    IN_TIME = "in_time"
    """A whole answer before the deadline."""
    DEGRADED = "degraded"
    """An answer before the deadline, with less in it."""
    SHED = "shed"
    """Refused by an edge that was too busy."""
    LATE = "late"
    """No answer before the deadline."""
    ERROR = "error"
    """Refused or failed for another reason."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Answers that took at most so long, and longer than those of the bar before."""

    to_ms: float | None
    """None: longer than all others."""
    count: int


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What became of all callers of a run."""

    requests: int
    verdicts: dict[Verdict, int]
    histogram: Sequence[Bar]
    """From the quickest answers to the slowest; empty without any."""

    @property
    def in_time_share(self) -> float:
        """Share of all requests that were answered before the deadline, degraded or not."""
        found = self.verdicts[Verdict.IN_TIME] + self.verdicts[Verdict.DEGRADED]
        return found / self.requests

    def as_json(self) -> dict[str, Any]:
        """Return all figures by name."""
        return {
            **{verdict.value: count for verdict, count in self.verdicts.items()},
            "in_time_share": self.in_time_share,
            "histogram": [{"to_ms": bar.to_ms, "count": bar.count} for bar in self.histogram],
        }


def judge(outcome: Outcome, deadline_s: float) -> Verdict:
    """Say what a caller got who waited `deadline_s` from the instant the request was due."""
    if outcome.fate is Fate.FAILED:
        return {_SHED: Verdict.SHED, _LATE: Verdict.LATE}.get(outcome.reason, Verdict.ERROR)
    if outcome.latency_s > deadline_s:
        return Verdict.LATE
    return Verdict.DEGRADED if outcome.fate is Fate.DEGRADED else Verdict.IN_TIME


def held(outcomes: Sequence[Outcome], deadline_s: float) -> Deadlines:
    """Add up what callers got; raises NothingSentError without any."""
    if not outcomes:
        raise NothingSentError("no request fell due")
    found = Counter(judge(outcome, deadline_s) for outcome in outcomes)
    return Deadlines(
        requests=len(outcomes),
        verdicts={verdict: found[verdict] for verdict in Verdict},
        histogram=_histogram(outcomes),
    )


def plot(histogram: Sequence[Bar], width: int = 40) -> Iterator[tuple[str, str]]:
    """Yield the label of each bar and the bar, as text; the highest has `width` characters."""
    most = max((bar.count for bar in histogram), default=0)
    for bar in histogram:
        label = "longer" if bar.to_ms is None else f"≤ {bar.to_ms:g} ms"
        # Whatever was measured shows.
        drawn = "█" * max(round(width * bar.count / most), bar.count > 0)
        yield label, f"{drawn} {bar.count}".strip()


def read_share(text: str) -> float:
    """Read `99%` or `0.99`; raises ValueError for what is no share."""
    number, percent = (text.strip()[:-1], 100) if text.strip().endswith("%") else (text, 1)
    try:
        share = float(number) / percent
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{text!r} is no share: say 99% or 0.99")
    return share


def _histogram(outcomes: Sequence[Outcome]) -> Sequence[Bar]:
    bounds: list[float | None] = [*_BOUNDS_MS, None]
    counts = [0] * len(bounds)
    for outcome in outcomes:
        if outcome.fate is not Fate.FAILED:
            counts[bisect_left(_BOUNDS_MS, outcome.latency_s * 1000)] += 1
    filled = [place for place, count in enumerate(counts) if count]
    if not filled:
        return ()
    return [Bar(bounds[place], counts[place]) for place in range(filled[0], filled[-1] + 1)]
