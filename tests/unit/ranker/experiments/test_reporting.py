"""What an experiment came to, in figures and in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from services.ranker.domain.experiments.comparing import Conclusion, Role, shared_out
from services.ranker.domain.experiments.reporting import (
    NOBODY,
    Group,
    Looked,
    Parted,
    Report,
    assigned_and_seen,
    report,
)
from services.ranker.domain.experiments.samples import ratio_of
from services.ranker.domain.experiments.shares import Stratum
from services.ranker.domain.experiments.wording import sentences
from services.ranker.domain.measures.persons import PersonMeasures

_HALVES = (0.5, 0.5)
_EVEN = (Group("control", 0.5), Group("bold", 0.5))


def _persons(columns: Mapping[str, Sequence[float]]) -> PersonMeasures:
    count = len(next(iter(columns.values())))
    return PersonMeasures(
        [f"p{number}" for number in range(count)],
        np.zeros(count, np.uint8),
        np.zeros(count, np.int64),
        {name: np.array(column, np.float64) for name, column in columns.items()},
    )


def _looked(name: str, role: Role = Role.GOAL, *, is_more_better: bool = True) -> Looked:
    return Looked(name, role, lambda part: ratio_of(part[name], np.ones(len(part))), is_more_better)


def _two_groups(
    rates: tuple[float, float],
    people: tuple[int, int] = (4_000, 4_000),
    seed: int = 1,
    mixed: int = 0,
) -> tuple[PersonMeasures, Parted]:
    random = np.random.default_rng(seed)
    bought = [random.binomial(1, rate, count) for rate, count in zip(rates, people, strict=True)]
    persons = _persons({"orders": np.concatenate(bought).tolist()})
    groups = np.repeat([0, 1], people)
    return persons, Parted(groups, (Stratum(people, _HALVES),), mixed)


def _said(found: Report) -> list[str]:
    return list(sentences(found, lambda name: name, lambda name, value: f"{value:.3f}"))


def test_whom_nothing_was_decided_for_takes_no_part() -> None:
    parted = assigned_and_seen(
        [0, 1, 1], [frozenset({0}), frozenset(), frozenset({1})], [_HALVES] * 3
    )

    assert parted.group_of.tolist() == [0, NOBODY, 1]
    assert parted.strata == (Stratum((1, 1), _HALVES),)
    assert parted.mixed == 0


@pytest.mark.parametrize("seen", [frozenset({0, 1}), frozenset({1})])
def test_who_met_another_group_than_their_own_is_left_out_and_counted(seen: frozenset[int]) -> None:
    parted = assigned_and_seen([0], [seen], [_HALVES])

    assert parted.group_of.tolist() == [NOBODY]
    assert parted.mixed == 1


def test_sizes_are_those_of_everybody_met_so_that_merges_do_not_shrink_the_small_group() -> None:
    """Of two who turn out to be one, both were in the small group in one case of a hundred."""
    random = np.random.default_rng(7)
    assigned = random.choice(2, 20_000, p=[0.1, 0.9]).tolist()
    others = random.choice(2, 20_000, p=[0.1, 0.9]).tolist()
    is_merged = (random.random(20_000) < 0.2).tolist()
    seen = [
        frozenset({group, other}) if merged else frozenset({group})
        for group, other, merged in zip(assigned, others, is_merged, strict=True)
    ]
    persons = _persons({"orders": [0.0] * 20_000})

    shares = (0.1, 0.9)
    parted = assigned_and_seen(assigned, seen, [shares] * 20_000)
    found = report(persons, parted, [Group("small", 0.1), Group("large", 0.9)], [])

    assert not found.shared_out.is_mismatch
    assert sum(found.shared_out.people) == 20_000
    assert sum(found.people) == 20_000 - parted.mixed
    assert parted.strata == (Stratum((assigned.count(0), assigned.count(1)), shares),)
    assert shared_out([Stratum(found.people, shares)]).is_mismatch


def test_each_counts_by_the_shares_by_which_they_came_and_of_whom_nobody_knows_these_not() -> None:
    before, after = (0.5, 0.5, 0.0), (0.4, 0.4, 0.2)
    parted = assigned_and_seen(
        [0, 1, 2, 1, 0, NOBODY],
        [frozenset({group}) for group in (0, 1, 2, 1, 0, 0)],
        [before, before, after, after, None, before],
    )

    assert parted.strata == (Stratum((1, 1, 0), before), Stratum((0, 1, 1), after))
    assert parted.group_of.tolist() == [0, 1, 2, 1, 0, NOBODY]


def test_a_real_effect_is_told_as_better_with_what_it_may_be() -> None:
    persons, parted = _two_groups((0.10, 0.15))

    found = report(persons, parted, _EVEN, [_looked("orders")])

    assert found.outcomes[0].compared[0].conclusion is Conclusion.BETTER
    (said,) = _said(found)
    assert "bold: orders 0.1" in said
    assert "better; the difference is between +0.0" in said


def test_without_an_effect_it_says_not_significant() -> None:
    persons, parted = _two_groups((0.12, 0.12))

    (said,) = _said(report(persons, parted, _EVEN, [_looked("orders")]))

    assert "not significant" in said


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (4_000, "a change of 20.0% or more is still possible"),
        (60_000, "less than the 20.0% that matters: it may be ended"),
    ],
)
def test_it_is_said_whether_a_change_that_matters_is_still_possible(people: int, said: str) -> None:
    persons, parted = _two_groups((0.12, 0.12), people=(people, people))
    found = report(persons, parted, _EVEN, [_looked("orders")])

    (told,) = sentences(found, str, lambda name, value: f"{value:.3f}", minimal_effect=0.2)

    assert said in told


def test_a_guard_that_gets_worse_is_told_and_one_that_does_not_is_not() -> None:
    persons, parted = _two_groups((0.10, 0.16))
    looked = [
        _looked("orders", Role.GUARD, is_more_better=False),
    ]

    (said,) = _said(report(persons, parted, _EVEN, looked))
    none = _said(report(*_two_groups((0.10, 0.10)), _EVEN, looked))

    assert said.startswith("But bold costs: orders 0.1")
    assert none == []


def test_groups_of_other_sizes_than_planned_are_told_before_anything_else() -> None:
    persons, parted = _two_groups((0.10, 0.15), people=(4_000, 3_400))

    said = _said(report(persons, parted, _EVEN, [_looked("orders")]))

    assert "believe nothing of this before the reason is found" in said[0]
    assert "control 4,000, bold 3,400; planned control 50.0%, bold 50.0%" in said[0]


def test_a_handful_of_people_tells_nothing() -> None:
    persons, parted = _two_groups((0.1, 0.9), people=(50, 50))

    assert _said(report(persons, parted, _EVEN, [_looked("orders")])) == [
        "bold: too few people to tell (fewer than 100 in a group)."
    ]


def test_a_group_without_anybody_is_no_error() -> None:
    persons, parted = _two_groups((0.1, 0.1), people=(300, 0))

    found = report(persons, parted, _EVEN, [_looked("orders")])

    assert found.outcomes[0].compared[0].conclusion is Conclusion.TOO_FEW
    assert found.outcomes[0].samples[1].people == 0


def test_mixed_people_are_told() -> None:
    persons, parted = _two_groups((0.1, 0.1), mixed=3)

    said = _said(report(persons, parted, _EVEN, []))

    assert said == [
        "3 people were seen in two groups, as two who turned out to be one, and left out."
    ]
