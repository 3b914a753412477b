"""What became of requests: latencies, deadlines kept, answers degraded."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class NothingSentError(ValueError):
    """There is nothing to report on: the run was too short for its rate."""


class InvalidAnswerError(Exception):
    """An answer came that its caller cannot use; the text is the reason, one word."""


class Fate(Enum):
    """How one request ended."""

    ANSWERED = "answered"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request."""

    fate: Fate
    latency_s: float
    """From the instant it was due to the instant its answer was there."""
    reason: str = ""
    """The status of a failure or what an answer lacks, or the services degraded and why."""


@dataclass(frozen=True, slots=True)
class Summary:
    """All requests of one run; latencies in ms."""

    requests: int
    answered: int
    degraded: int
    failed: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    in_50_share: float
    """Share of all requests answered within 50 ms."""
    in_100_share: float
    undegraded_share: float
    """Share of all requests answered with nothing degraded."""
    good_share: float
    """Share of all requests answered undegraded within 100 ms."""
    achieved_rps: float
    """Answers a second, from the start to the last answer."""
    late_sends: int
    """Requests sent over 10 ms after they were due: the generator itself was short of CPU."""
    reasons: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return all figures by name; latencies are None where nothing was answered."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: None if found[name] != found[name] else found[name] for name in found}


def summarise(outcomes: Sequence[Outcome], duration_s: float, late_sends: int) -> Summary:
    """Add up the outcomes of a run; raises NothingSentError without any."""
    if not outcomes:
        raise NothingSentError("no request fell due")
    fates = Counter(outcome.fate for outcome in outcomes)
    answers = [outcome for outcome in outcomes if outcome.fate is not Fate.FAILED]
    clean = [outcome for outcome in answers if outcome.fate is Fate.ANSWERED]
    latencies = sorted(outcome.latency_s * 1000 for outcome in answers) or [math.nan]
    count = len(outcomes)
    return Summary(
        requests=count,
        answered=fates[Fate.ANSWERED],
        degraded=fates[Fate.DEGRADED],
        failed=fates[Fate.FAILED],
        p50_ms=percentile(latencies, 0.5),
        p90_ms=percentile(latencies, 0.9),
        p99_ms=percentile(latencies, 0.99),
        max_ms=latencies[-1],
        in_50_share=_within(answers, 0.05) / count,
        in_100_share=_within(answers, 0.1) / count,
        undegraded_share=len(clean) / count,
        good_share=_within(clean, 0.1) / count,
        achieved_rps=len(answers) / duration_s,
        late_sends=late_sends,
        reasons=dict(Counter(outcome.reason for outcome in outcomes if outcome.reason)),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of ascending values."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _within(outcomes: Sequence[Outcome], seconds: float) -> int:
    return sum(outcome.latency_s <= seconds for outcome in outcomes)
