"""What became of what was shown in trials, beside all others in the same hours."""

from __future__ import annotations

import pytest

from services.rules.domain.results import HOUR_US, AnswerCount, AnswerKey, Touch
from services.rules.storage.definitions import InForce, Signature, StoredVersion
from services.rules.storage.in_memory_results import InMemoryResults
from services.rules.trial_results import trial_answers
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Rule, RuleMode, TrialAnswers

pytestmark = pytest.mark.asyncio(loop_scope="session")
MINUTE_US = HOUR_US // 60
RULES = {
    "old": {"same": Rule(name="same"), "tried": Rule(name="tried", mode=RuleMode.SHADOW)},
    "new": {"same": Rule(name="same"), "tried": Rule(name="tried"), "more": Rule(name="more")},
}


def version(number: int, activated_us: int, bundle: str, trial: str = "") -> StoredVersion:
    tried = Trial(bundle_hash=trial, share=0.1, salt=trial) if trial else None
    return StoredVersion(number, activated_us, 2, Signature("", "", ""), InForce(bundle, tried))


async def rules_of(bundle_hash: str) -> dict[str, Rule]:
    return RULES[bundle_hash]


async def trials(*versions: StoredVersion, until_us: int) -> list[TrialAnswers]:
    """Show one to either group in each of the first ten hours, then ask."""
    store = InMemoryResults()
    answers = {
        AnswerKey(hour * HOUR_US, bundle, "", Touch.NONE): AnswerCount(shown=1)
        for hour in range(10)
        for bundle in ("old", "new")
    }
    await store.add_answers(0, 1, answers)
    newest_first = sorted(versions, key=lambda each: -each.number)
    return await trial_answers(store, newest_first, 0, until_us, rules_of)


async def test_only_whole_hours_in_which_both_decided_are_compared() -> None:
    begun, ended = 2 * HOUR_US + MINUTE_US, 6 * HOUR_US + MINUTE_US
    (found,) = await trials(
        version(1, 0, "old"),
        version(2, begun, "old", "new"),
        version(3, ended, "new"),
        until_us=10 * HOUR_US,
    )
    assert (found.bundle_hash, found.beside_hash, found.share) == ("new", "old", 0.1)
    assert found.since_time.ToMicroseconds() == 3 * HOUR_US
    assert found.until_time.ToMicroseconds() == 6 * HOUR_US
    assert (found.in_trial.shown, found.beside.shown) == (3, 3)
    assert list(found.rules) == ["tried", "more"]


async def test_a_trial_under_way_counts_until_now() -> None:
    now_us = 5 * HOUR_US + MINUTE_US
    (found,) = await trials(version(1, HOUR_US, "old", "new"), until_us=now_us)
    assert found.until_time.ToMicroseconds() == now_us
    assert (found.in_trial.shown, found.beside.shown) == (5, 5)


async def test_a_trial_of_less_than_an_hour_compares_nothing() -> None:
    found = await trials(version(1, MINUTE_US, "old", "new"), until_us=30 * MINUTE_US)
    assert not found
