"""What became of what was shown in trials of definitions, and beside them in the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.rules.domain.results import (
    EVERY_RULE,
    AnswerCount,
    AnswerKey,
    ResultStore,
    Touch,
)
from services.rules.storage.definitions import StoredVersion
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import AnswerCounts, Rule, TrialAnswers

LATEST = 100
"""So many activations are looked through."""
_MOST = 20

RulesOf = Callable[[str], Awaitable[Mapping[str, Rule]]]
"""Returns the rules of a bundle, by name."""


@dataclass(frozen=True, slots=True)
class _Period:
    """A time in which a trial was under way."""

    trial: Trial
    beside_hash: str
    since_us: int
    until_us: int


def _periods(versions: Sequence[StoredVersion], since_us: int, until_us: int) -> Iterator[_Period]:
    """Yield those within a time, latest first; `versions` newest first."""
    ends_us = until_us
    for version in versions:
        begins_us = max(version.activated_us, since_us)
        trial, beside_hash = version.in_force.trial, version.in_force.bundle_hash
        if trial is not None and begins_us < min(ends_us, until_us):
            yield _Period(trial, beside_hash, begins_us, min(ends_us, until_us))
        ends_us = version.activated_us


async def trial_answers(
    store: ResultStore,
    versions: Sequence[StoredVersion],
    since_us: int,
    until_us: int,
    rules_of: RulesOf,
) -> list[TrialAnswers]:
    """Return the trials in a time; `since_us` is the beginning of an hour."""
    told = []
    for period in list(_periods(versions, since_us, until_us))[:_MOST]:
        answers = await store.answers(period.since_us, period.until_us)
        tried, beside = await rules_of(period.trial.bundle_hash), await rules_of(period.beside_hash)
        made = TrialAnswers(
            bundle_hash=period.trial.bundle_hash,
            beside_hash=period.beside_hash,
            share=period.trial.share,
            rules=[
                name
                for name in dict.fromkeys((*tried, *beside))
                if tried.get(name) != beside.get(name)
            ],
            in_trial=told_of(_all_of(answers, period.trial.bundle_hash)),
            beside=told_of(_all_of(answers, period.beside_hash)),
        )
        made.since_time.FromMicroseconds(period.since_us)
        made.until_time.FromMicroseconds(period.until_us)
        told.append(made)
    return told


def told_of(count: AnswerCount) -> AnswerCounts:
    """Return a count as it is told."""
    return AnswerCounts(
        shown=count.shown,
        accepted=count.accepted,
        declined=count.declined,
        value_micros=count.value_micros,
    )


def _all_of(answers: Mapping[AnswerKey, AnswerCount], bundle_hash: str) -> AnswerCount:
    return answers.get(AnswerKey(0, bundle_hash, EVERY_RULE, Touch.NONE), AnswerCount())
