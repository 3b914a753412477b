"""Results of rules in memory, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.rules.domain import failures as recent
from services.rules.domain.failures import NO_FAILURES, FailureKey, Failures, RecentFailure
from services.rules.domain.results import (
    AnswerCount,
    AnswerCounts,
    AnswerKey,
    Count,
    CountKey,
    Counts,
    merge,
)


@dataclass
class InMemoryResults:
    """See `ResultStore`."""

    _counts: Counts = field(default_factory=dict)
    _failures: Failures = field(default_factory=dict)
    _answers: AnswerCounts = field(default_factory=dict)
    _position: int = 0

    async def add_counts(
        self, counts: Mapping[CountKey, Count], failures: Mapping[FailureKey, int] = NO_FAILURES
    ) -> None:
        merge(self._counts, counts)
        recent.merge_failures(self._failures, failures)

    async def counts(self, since_us: int, until_us: int) -> Counts:
        found: Counts = {}
        for key, count in self._counts.items():
            if since_us <= key.hour_us < until_us:
                merge(found, {key._replace(hour_us=0): count})
        return found

    async def failures(self, since_us: int) -> Sequence[RecentFailure]:
        return recent.since(self._failures, since_us)

    async def answers_position(self) -> int:
        return self._position

    async def add_answers(
        self, before: int, position: int, answers: Mapping[AnswerKey, AnswerCount]
    ) -> bool:
        if before != self._position:
            return False
        self._position = position
        for key, answer in answers.items():
            self._answers.setdefault(key, AnswerCount()).add(answer)
        return True

    async def answers(self, since_us: int, until_us: int) -> AnswerCounts:
        found: AnswerCounts = {}
        for key, answer in self._answers.items():
            if since_us <= key.since_us < until_us:
                found.setdefault(key._replace(since_us=0), AnswerCount()).add(answer)
        return found

    async def forget(self, before_us: int, failures_before_us: int) -> int:
        old = [*(each for each in self._counts if each.hour_us < before_us)]
        old_answers = [*(each for each in self._answers if each.since_us < before_us)]
        old_failures = [*(each for each in self._failures if each.minute_us < failures_before_us)]
        for key in old:
            del self._counts[key]
        for failure_key in old_failures:
            del self._failures[failure_key]
        for answer_key in old_answers:
            del self._answers[answer_key]
        return len(old) + len(old_answers) + len(old_failures)
