"""What a store of the rules' results promises, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.rules.domain.acts import Act
from services.rules.domain.failures import (
    MINUTE_US,
    Failures,
    RecentFailure,
    count_failures,
)
from services.rules.domain.results import (
    EVERY_RULE,
    HOUR_US,
    AnswerCount,
    AnswerKey,
    Count,
    CountKey,
    Counts,
    ResultStore,
    Touch,
    count_decision,
)
from services.rules.storage import MIGRATIONS
from services.rules.storage.in_memory_results import InMemoryResults
from services.rules.storage.results import PostgresResults
from shared.testing.plugin import FreshDatabase

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY_US = 24 * HOUR_US


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def store(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> AsyncIterator[ResultStore]:
    if request.param == "in memory":
        yield InMemoryResults()
    else:
        yield PostgresResults(await fresh_database("rules", MIGRATIONS))


def decided(now_us: int, person: str, *acts: tuple[str, Act]) -> Counts:
    counts: Counts = {}
    count_decision(counts, now_us, person, ["banner", "cart"], acts)
    return counts


def key(hour_us: int, rule: str = EVERY_RULE, touch: Touch = Touch.NONE) -> AnswerKey:
    return AnswerKey(hour_us, "bundle", rule, touch)


async def test_counts_of_several_replicas_and_hours_add_up(store: ResultStore) -> None:
    owned = ("owned", Act(candidates=3, placement_bits=0b10))
    failing = ("owned", Act(candidates=1, placement_bits=0b11, failed=True))
    await store.add_counts(decided(5, "ann", owned))
    await store.add_counts(decided(6, "ann", failing))
    await store.add_counts(decided(HOUR_US + 1, "bob", owned))
    counts = await store.counts(0, DAY_US)
    whole = counts[CountKey(0, "owned", False, "")]
    assert (whole.decisions, whole.candidates, whole.failed) == (3, 7, 1)
    assert counts[CountKey(0, "owned", False, "cart")].decisions == 3
    assert counts[CountKey(0, "owned", False, "banner")].decisions == 1
    assert counts[CountKey(0, EVERY_RULE, False, "")].decisions == 3


async def test_a_person_seen_by_two_replicas_is_one(store: ResultStore) -> None:
    for person in ("ann", "bob", "ann"):
        await store.add_counts(decided(5, person, ("owned", Act(candidates=1))))
    counts = await store.counts(0, DAY_US)
    assert len(counts[CountKey(0, "owned", False, "")].people) == 2


async def test_shadow_is_counted_beside_what_was_enforced(store: ResultStore) -> None:
    await store.add_counts(decided(5, "", ("owned", Act(candidates=1))))
    await store.add_counts(decided(5, "", ("owned", Act(shadow=True, candidates=9))))
    counts = await store.counts(0, DAY_US)
    assert counts[CountKey(0, "owned", False, "")] == Count(1, 1)
    assert counts[CountKey(0, "owned", True, "")] == Count(1, 9)


async def test_only_hours_that_begin_in_the_time_asked_for_are_told(store: ResultStore) -> None:
    for hour in (1, 2, 3):
        await store.add_counts(decided(hour * HOUR_US + 7, ""))
    counts = await store.counts(2 * HOUR_US, 3 * HOUR_US)
    assert counts[CountKey(0, EVERY_RULE, False, "")].decisions == 1


async def test_answers_add_up_and_rows_count_once(store: ResultStore) -> None:
    answers = {
        key(0): AnswerCount(2, 1, 0, 40),
        key(HOUR_US, "owned", Touch.ACTED): AnswerCount(1, 0, 1, 0),
    }
    assert await store.answers_position() == 0
    assert await store.add_answers(0, 10, answers)
    assert not await store.add_answers(0, 10, answers)
    assert await store.add_answers(10, 12, answers)
    assert await store.answers_position() == 12
    found = await store.answers(0, DAY_US)
    assert found[key(0)] == AnswerCount(4, 2, 0, 80)
    assert found[key(0, "owned", Touch.ACTED)] == AnswerCount(2, 0, 2, 0)


async def test_rows_that_come_to_nothing_are_passed_all_the_same(store: ResultStore) -> None:
    assert await store.add_answers(0, 7, {})
    assert await store.answers_position() == 7


async def test_old_hours_are_forgotten(store: ResultStore) -> None:
    for hour in (1, 2):
        await store.add_counts(decided(hour * HOUR_US, "ann"))
        before = await store.answers_position()
        await store.add_answers(before, before + 1, {key(hour * HOUR_US): AnswerCount(1)})
    assert await store.forget(2 * HOUR_US, 0) == 2
    assert await store.forget(2 * HOUR_US, 0) == 0
    counts, answers = await store.counts(0, DAY_US), await store.answers(0, DAY_US)
    assert counts[CountKey(0, EVERY_RULE, False, "")].decisions == 1
    assert answers[key(0)].shown == 1


def failed(now_us: int, *rules: str, shadow: bool = False) -> Failures:
    failures: Failures = {}
    acts = [(rule, Act(failed=True, shadow=shadow)) for rule in rules]
    count_failures(failures, now_us, [*acts, ("well", Act(candidates=1))])
    return failures


async def test_failures_of_several_replicas_and_minutes_add_up(store: ResultStore) -> None:
    nothing: Counts = {}
    await store.add_counts(nothing, failed(MINUTE_US + 5, "divides"))
    await store.add_counts(nothing, failed(MINUTE_US + 9, "divides", "looks_up"))
    await store.add_counts(nothing, failed(3 * MINUTE_US, "divides"))
    await store.add_counts(nothing, failed(3 * MINUTE_US, "divides", shadow=True))
    assert await store.failures(0) == [
        RecentFailure("divides", False, 3, 3 * MINUTE_US),
        RecentFailure("divides", True, 1, 3 * MINUTE_US),
        RecentFailure("looks_up", False, 1, MINUTE_US),
    ]


async def test_only_failures_of_late_are_told_and_old_ones_are_forgotten(
    store: ResultStore,
) -> None:
    nothing: Counts = {}
    for minute in (1, 2, 3):
        await store.add_counts(nothing, failed(minute * MINUTE_US, "divides"))
    assert [each.decisions for each in await store.failures(2 * MINUTE_US)] == [2]
    assert await store.forget(0, 3 * MINUTE_US) == 2
    assert [each.decisions for each in await store.failures(0)] == [1]
