"""What each rule did, counted by the hour, and what became of what was shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol

from services.rules.domain.acts import Act
from services.rules.domain.failures import NO_FAILURES, FailureKey, RecentFailure
from services.rules.domain.people import person_bit

HOUR_US = 3_600_000_000
EVERY_RULE = ""
"""Stands for all decisions, whichever rules acted."""


class CountKey(NamedTuple):
    """What is counted together."""

    hour_us: int
    rule: str
    shadow: bool
    placement: str
    """Empty: of the whole decision."""


@dataclass(slots=True)
class Count:
    """How often; people only of whole decisions, as bits of a sketch."""

    decisions: int = 0
    candidates: int = 0
    failed: int = 0
    people: set[int] = field(default_factory=set)

    def add(self, other: Count) -> None:
        """Add what was counted elsewhere."""
        self.decisions += other.decisions
        self.candidates += other.candidates
        self.failed += other.failed
        self.people |= other.people


Counts = dict[CountKey, Count]


def count_decision(
    counts: Counts,
    now_us: int,
    person_id: str,
    placements: Sequence[str],
    acts: Iterable[tuple[str, Act]],
) -> None:
    """Count what rules did in one decision; an empty person: nobody is known."""
    hour_us = now_us - now_us % HOUR_US
    bit = person_bit(person_id) if person_id else None
    every = _of(counts, hour_us, EVERY_RULE, False, "")
    every.decisions += 1
    if bit is not None:
        every.people.add(bit)
    for rule, act in acts:
        whole = _of(counts, hour_us, rule, act.shadow, "")
        whole.decisions += 1
        whole.candidates += act.candidates
        whole.failed += act.failed
        if bit is not None:
            whole.people.add(bit)
        for index, placement in enumerate(placements):
            if act.placement_bits >> index & 1:
                _of(counts, hour_us, rule, act.shadow, placement).decisions += 1


def _of(counts: Counts, hour_us: int, rule: str, shadow: bool, placement: str) -> Count:
    key = CountKey(hour_us, rule, shadow, placement)
    found = counts.get(key)
    if found is None:
        found = counts[key] = Count()
    return found


def merge(counts: Counts, others: Mapping[CountKey, Count]) -> None:
    """Add counts to counts."""
    for key, other in others.items():
        _of(counts, *key).add(other)


class Touch(IntEnum):
    """How a rule has to do with something shown; numbers as they are stored."""

    NONE = 0
    """Not said: with `EVERY_RULE`, all that was shown."""
    ACTED = 1
    """It acted on the decision."""
    WOULD_HAVE_ACTED = 2
    """In shadow it would have."""
    WOULD_HAVE_REMOVED = 3
    """In shadow it would have removed just this."""


def stretch_us(time_us: int, activated_us: Sequence[int]) -> int:
    """Return when the stretch began that answers to a decision of this time are counted in.

    It is its hour; where other definitions came into force since (`activated_us`, ascending), it
    is the time since they did: so the answers of a trial and of all others add up to its own time.
    """
    hour_us = time_us - time_us % HOUR_US
    latest = bisect_right(activated_us, time_us) - 1
    return max(hour_us, activated_us[latest]) if latest >= 0 else hour_us


class AnswerKey(NamedTuple):
    """Whose answers are counted together; the time is that of the decision, see `stretch_us`."""

    since_us: int
    bundle_hash: str
    rule: str
    touch: Touch


@dataclass(slots=True)
class AnswerCount:
    """What became of what was shown."""

    shown: int = 0
    accepted: int = 0
    declined: int = 0
    value_micros: int = 0

    def add(self, other: AnswerCount) -> None:
        """Add what was counted elsewhere."""
        self.shown += other.shown
        self.accepted += other.accepted
        self.declined += other.declined
        self.value_micros += other.value_micros


AnswerCounts = dict[AnswerKey, AnswerCount]


class ResultStore(Protocol):
    """Keeps the counts of all replicas."""

    async def add_counts(
        self, counts: Mapping[CountKey, Count], failures: Mapping[FailureKey, int] = NO_FAILURES
    ) -> None:
        """Add both to what is kept, or neither."""
        ...

    async def counts(self, since_us: int, until_us: int) -> Counts:
        """Return what hours beginning in that time add up to; their key's hour is 0."""
        ...

    async def failures(self, since_us: int) -> Sequence[RecentFailure]:
        """Return what failed in the minutes that began since then, the most frequent first."""
        ...

    async def answers_position(self) -> int:
        """Return the last row of the learning log that was counted; 0: none."""
        ...

    async def add_answers(
        self, before: int, position: int, answers: Mapping[AnswerKey, AnswerCount]
    ) -> bool:
        """Add what rows after `before` up to `position` came to, each once.

        False: somebody else counted on from there, and nothing was added.
        """
        ...

    async def answers(self, since_us: int, until_us: int) -> AnswerCounts:
        """Return what stretches beginning in that time add up to; their key's time is 0."""
        ...

    async def forget(self, before_us: int, failures_before_us: int) -> int:
        """Delete hours, and minutes of failures, that began before then; returns how many rows.

        A slice of each at a time.
        """
        ...
