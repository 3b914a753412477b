"""Counting what rules did, and how many different people it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.counting import Counting
from services.rules.domain.acts import Act
from services.rules.domain.people import BITS, ERROR, estimate, person_bit
from services.rules.domain.results import (
    EVERY_RULE,
    HOUR_US,
    Count,
    CountKey,
    Counts,
    count_decision,
    merge,
    stretch_us,
)
from services.rules.storage.in_memory_results import InMemoryResults
from shared.errors import Unavailable

NOW_US = 1_795_262_400_000_000 + 25 * 60_000_000
HOUR = NOW_US - NOW_US % HOUR_US


def test_a_decision_counts_once_for_each_rule_and_for_the_placements_it_touched() -> None:
    counts: Counts = {}
    acts = [
        ("owned", Act(candidates=4, placement_bits=0b101)),
        ("odd", Act(shadow=True, candidates=2, placement_bits=0b010, failed=True)),
    ]
    count_decision(counts, NOW_US, "", ["banner", "cart", "mail"], acts)
    assert counts == {
        CountKey(HOUR, EVERY_RULE, False, ""): Count(1),
        CountKey(HOUR, "owned", False, ""): Count(1, 4),
        CountKey(HOUR, "owned", False, "banner"): Count(1),
        CountKey(HOUR, "owned", False, "mail"): Count(1),
        CountKey(HOUR, "odd", True, ""): Count(1, 2, 1),
        CountKey(HOUR, "odd", True, "cart"): Count(1),
    }


def test_somebody_unknown_is_no_person() -> None:
    counts: Counts = {}
    count_decision(counts, NOW_US, "", [], [])
    count_decision(counts, NOW_US, "ann", [], [])
    count_decision(counts, NOW_US, "ann", [], [])
    whole = counts[CountKey(HOUR, EVERY_RULE, False, "")]
    assert (whole.decisions, estimate(whole.people)) == (3, 1)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 20, 100, 1_000, 30_000])
def test_people_are_estimated_within_three_standard_errors(size: int) -> None:
    bits = {person_bit(f"person-{number}") for number in range(size)}
    assert abs(estimate(bits) - size) <= max(1.0 if size > 5 else 0.0, 3 * ERROR * size)


@given(st.lists(st.text(min_size=1), max_size=50), st.lists(st.text(min_size=1), max_size=50))
def test_sketches_that_are_merged_are_the_sketch_of_all(
    first: list[str], second: list[str]
) -> None:
    apart: Counts = {}
    for people in (first, second):
        part: Counts = {}
        for person in people:
            count_decision(part, NOW_US, person, [], [])
        merge(apart, part)
    together: Counts = {}
    for person in (*first, *second):
        count_decision(together, NOW_US, person, [], [])
    assert apart == together
    assert all(0 <= person_bit(person) < BITS for person in (*first, *second))


class FailingOnce(InMemoryResults):
    """A store that is away the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = True

    async def add_counts(self, counts: object, failures: object = None) -> None:
        if self.is_away:
            self.is_away = False
            raise Unavailable("away", reason="AWAY")
        await super().add_counts(counts, failures)  # type: ignore[arg-type]


@pytest.mark.asyncio(loop_scope="session")
async def test_what_could_not_be_written_is_written_with_what_came_meanwhile() -> None:
    store = FailingOnce()
    counting = Counting(store)
    counting.count(NOW_US, ["ann"], ["banner"], [("owned", Act(candidates=1, failed=True))])
    with pytest.raises(Unavailable):
        await counting.write()
    counting.count(NOW_US, ["bob"], ["banner"], [("owned", Act(candidates=2, failed=True))])
    await counting.write()
    await counting.write()
    whole = (await store.counts(0, NOW_US))[CountKey(0, "owned", False, "")]
    assert (whole.decisions, whole.candidates, len(whole.people)) == (2, 3, 2)
    assert [each.decisions for each in await store.failures(0)] == [2]


@given(st.lists(st.integers(0, 10 * HOUR_US)), st.integers(0, 10 * HOUR_US))
def test_a_stretch_begins_in_the_hour_and_never_before_what_is_in_force(
    activated: list[int], time_us: int
) -> None:
    begins_us = stretch_us(time_us, sorted(activated))
    assert time_us - time_us % HOUR_US <= begins_us <= time_us
    assert not any(begins_us < each <= time_us for each in activated)
