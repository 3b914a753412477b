"""What is bought next, against counting it one by one."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from services.retrieval.domain.learning import successors as limits
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.successor_model import SuccessorModel
from services.retrieval.domain.learning.successors import learned_successors
from tests.unit.retrieval.learning.tastes import DAY_US, events

Told = dict[tuple[int, int], int]


def told(model: SuccessorModel) -> Told:
    """Return how many bought the second after the first."""
    numbers, bounds = model.offer_nos.tolist(), model.starts.tolist()
    return {
        (one, int(model.next_nos[at])): int(model.counts[at])
        for one, (begin, end) in zip(numbers, pairwise(bounds))
        for at in range(begin, end)
    }


def buying(
    sequence: tuple[int, ...], persons: int, first: int = 0, gap: float = 10.0
) -> list[tuple[str, int, float, float]]:
    return [
        (f"p{person}", number, 90.5 - gap * at, 1.0)
        for person in range(first, first + persons)
        for at, number in enumerate(sequence)
    ]


OTHERS = buying((30, 31), 40, 500)
"""Who buy something else: without them all that is bought next is bought next anyway."""
OF_OTHERS = {(30, 31): 40}


def test_only_the_later_is_bought_next() -> None:
    model = learned_successors(events(*buying((1, 2), 20), *buying((3, 4), 20, 20)))
    assert told(model) == {(1, 2): 20, (3, 4): 20}
    assert model.buyers.tolist() == [20, 20, 20, 20]
    assert model.window_days == 10.0


def test_what_is_bought_in_the_same_order_or_after_the_window_is_not_next() -> None:
    together = [
        (f"q{at}", number, 50.2 - 0.01 * number, 1.0) for at in range(20) for number in (5, 6)
    ]
    late = buying((7, 8), 2, 100, gap=60.0)
    model = learned_successors(events(*buying((1, 2), 40), *together, *late, *OTHERS))
    assert told(model) == {(1, 2): 40, **OF_OTHERS}


def test_what_everybody_buys_anyway_is_no_successor() -> None:
    log = [*buying((1, 9), 20), *buying((2, 9), 20, 20), *buying((3, 9), 20, 40)]
    assert told(learned_successors(events(*log))) == {}
    told_apart = told(learned_successors(events(*log, *buying((1, 4), 20, 60))))
    assert told_apart[1, 4] == 20


def test_two_persons_prove_nothing_and_views_are_no_purchases() -> None:
    log = [*buying((1, 2), 2), *buying((3, 4), 5, 2), *OTHERS]
    more = buying((5, 6), 40, 20)
    assert told(learned_successors(events(*log, *more))) == {(3, 4): 5, (5, 6): 40, **OF_OTHERS}
    viewed = [(*row[:3], 0.1) for row in buying((1, 2), 20)]
    assert told(learned_successors(events(*viewed, *more, *OTHERS))) == {(5, 6): 40, **OF_OTHERS}


def random_log(seed: int) -> Interactions:
    random = np.random.default_rng(seed)
    rows = []
    for person in range(150):
        number, age_days = int(random.integers(1, 9)), float(random.integers(40, 60))
        for _ in range(int(random.integers(1, 9))):
            rows.append((f"p{person}", number, age_days, 1.0))
            age_days -= float(random.integers(0, 5))
            number = (number + int(random.integers(0, 3))) % 8 + 1
    return events(*rows)


def one_by_one(log: Interactions, window: float) -> tuple[Told, Told]:
    """Return the pairs that tell, and how much likelier each is in ten-thousandths."""
    first: dict[tuple[int, int], int] = {}
    days = log.times_us // DAY_US
    for person, number, day in zip(log.persons.tolist(), log.offer_nos.tolist(), days.tolist()):
        first[person, number] = min(day, first.get((person, number), day))
    both: Told = defaultdict(int)
    followed: dict[int, int] = defaultdict(int)
    buyers: dict[int, int] = defaultdict(int)
    returned: dict[int, int] = defaultdict(int)
    for (person, number), day in first.items():
        buyers[number] += 1
        later_on = [each for (who, _), each in first.items() if who == person and each > day]
        returned[number] += any(each <= day + window for each in later_on)
        for (other_person, other), later in first.items():
            if person == other_person and day < later <= day + window:
                both[number, other] += 1
                followed[other] += 1
    kept: Told = {}
    chances: Told = {}
    for (one, other), count in both.items():
        expected = returned[one] * followed[other] / sum(returned.values())
        if count >= max(3, 1.3 * expected) and count - expected >= 3 * (expected + 1) ** 0.5:
            kept[one, other] = count
            chances[one, other] = round(
                10_000 * max(count - expected - count**0.5, 0) / (buyers[one] + 10)
            )
    return kept, chances


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5])
@pytest.mark.parametrize("steps", [1, 1 << 22])
def test_pairs_and_chances_are_those_of_counting_one_by_one(
    seed: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_MOST_STEPS", steps)
    log = random_log(seed)
    model = learned_successors(log)
    counts, chances = one_by_one(log, model.window_days)
    assert counts
    assert told(model) == counts
    ones = model.offer_nos.repeat(np.diff(model.starts)).tolist()
    found = np.round(10_000 * model.chances).astype(int).tolist()
    assert dict(zip(zip(ones, model.next_nos.tolist()), found)) == chances


def test_the_window_is_as_long_as_most_take_to_come_back() -> None:
    often = learned_successors(events(*buying((1, 2, 3, 4), 20, gap=3.0)))
    assert often.window_days == 3.0
    assert learned_successors(events(*buying((1, 2), 5))).window_days == 30.0


def test_of_one_person_only_the_newest_firsts_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_OF_ONE", 2)
    model = learned_successors(events(*buying((1, 2, 3), 40), *OTHERS))
    assert told(model) == {(2, 3): 40, **OF_OTHERS}


def test_without_purchases_nothing_is_learned_and_everything_fits() -> None:
    none = learned_successors(events(("ann", 1, 1.0, 0.1)))
    assert (told(none), none.fits()) == ({}, True)
    model = learned_successors(events(*buying((1, 2), 40)))
    assert model.fits()
