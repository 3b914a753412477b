"""What became of what was shown in trials, beside all others in the same time."""

from __future__ import annotations

import pytest

from services.rules.domain.results import HOUR_US, AnswerCount, AnswerKey, Touch, stretch_us
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
    """Show one to either group in every tenth minute of the first ten hours, then ask."""
    store, answers = InMemoryResults(), dict[AnswerKey, AnswerCount]()
    activated_us = sorted(each.activated_us for each in versions)
    for minute in range(0, 600, 10):
        since_us = stretch_us(minute * MINUTE_US, activated_us)
        for bundle in ("old", "new"):
            key = AnswerKey(since_us, bundle, "", Touch.NONE)
            answers.setdefault(key, AnswerCount()).add(AnswerCount(shown=1))
    await store.add_answers(0, 1, answers)
    newest_first = sorted(versions, key=lambda each: -each.number)
    return await trial_answers(store, newest_first, 0, until_us, rules_of)


async def test_just_the_time_in_which_both_decided_is_compared() -> None:
    begun, ended = 2 * HOUR_US + 25 * MINUTE_US, 6 * HOUR_US + 15 * MINUTE_US
    (found,) = await trials(
        version(1, 0, "old"),
        version(2, begun, "old", "new"),
        version(3, ended, "new"),
        until_us=10 * HOUR_US,
    )
    assert (found.bundle_hash, found.beside_hash, found.share) == ("new", "old", 0.1)
    assert found.since_time.ToMicroseconds() == begun
    assert found.until_time.ToMicroseconds() == ended
    assert (found.in_trial.shown, found.beside.shown) == (23, 23)
    assert list(found.rules) == ["tried", "more"]


async def test_a_trial_under_way_counts_until_now() -> None:
    now_us = 5 * HOUR_US + MINUTE_US
    (found,) = await trials(version(1, HOUR_US, "old", "new"), until_us=now_us)
    assert found.until_time.ToMicroseconds() == now_us
    assert (found.in_trial.shown, found.beside.shown) == (30, 30)


async def test_a_trial_of_minutes_is_compared_as_well() -> None:
    (found,) = await trials(
        version(1, 5 * MINUTE_US, "old", "new"),
        version(2, 45 * MINUTE_US, "old"),
        until_us=HOUR_US,
    )
    assert (found.in_trial.shown, found.beside.shown) == (4, 4)


async def test_a_larger_share_and_the_hours_asked_for_are_compared_apart() -> None:
    found = await trials(
        version(1, 0, "old", "new"), version(2, 95 * MINUTE_US, "old", "new"), until_us=2 * HOUR_US
    )
    assert [each.in_trial.shown for each in found] == [2, 10]
