"""Which rules could not be evaluated lately, by the minute, so that somebody is told in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.rules.domain.acts import Act

MINUTE_US = 60_000_000
LATELY_US = 60 * MINUTE_US


class FailureKey(NamedTuple):
    """What is counted together."""

    minute_us: int
    rule: str
    shadow: bool


Failures = dict[FailureKey, int]
"""How many decisions."""
NO_FAILURES: Mapping[FailureKey, int] = {}


@dataclass(frozen=True, slots=True)
class RecentFailure:
    """A rule that failed."""

    rule: str
    shadow: bool
    """It kept nothing from anybody; enforced it would have."""
    decisions: int
    latest_us: int
    """The minute of the last one."""


def count_failures(failures: Failures, now_us: int, acts: Iterable[tuple[str, Act]]) -> None:
    """Count the rules that failed in one decision."""
    minute_us = now_us - now_us % MINUTE_US
    for rule, act in acts:
        if act.failed:
            key = FailureKey(minute_us, rule, act.shadow)
            failures[key] = failures.get(key, 0) + 1


def merge_failures(failures: Failures, others: Mapping[FailureKey, int]) -> None:
    """Add failures to failures."""
    for key, decisions in others.items():
        failures[key] = failures.get(key, 0) + decisions


def since(failures: Mapping[FailureKey, int], since_us: int) -> list[RecentFailure]:
    """Return what failed in the minutes that began since then, the most frequent first."""
    found: dict[tuple[str, bool], RecentFailure] = {}
    for key, decisions in failures.items():
        if key.minute_us >= since_us:
            before = found.get(key[1:], RecentFailure(key.rule, key.shadow, 0, 0))
            found[key[1:]] = RecentFailure(
                key.rule,
                key.shadow,
                before.decisions + decisions,
                max(before.latest_us, key.minute_us),
            )
    return sorted(found.values(), key=lambda each: (-each.decisions, each.rule, each.shadow))


def told(failures: Iterable[RecentFailure]) -> str:
    """Say which enforced rules failed in the last hour, and in how many decisions; empty: none."""
    often = [f"{each.rule} {each.decisions}" for each in failures if not each.shadow]
    return f"failed in the last hour: {', '.join(often)}" if often else ""
