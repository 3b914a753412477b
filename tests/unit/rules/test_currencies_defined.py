"""Currencies are read with every mistake at its place, and compared rate by rate."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from services.rules.definitions.comparing import changes_between
from tests.unit.rules.test_definitions import GOOD
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile

TABLE = """\
currencies:
  base: USD
  as_of: 2026-11-01
  rates: {EUR: 1.08, GBP: "1.27"}
"""
OFFERS = """\
  - {offer_id: a, kind: CONTENT, title: A, value: 5 USD}
  - {offer_id: b, kind: CONTENT, title: B, value: 5 EUR}
"""
HEAD = GOOD.replace("is_default: true}\n", "is_default: true}\n" + OFFERS, 1)
FIRST = HEAD.count("\n") + 1
"""The line on which what follows begins."""


def checked(text: str) -> tuple[list[tuple[int, int, str]], Bundle | None]:
    found = check_definitions([DefinitionFile(path="all.yaml", text=text)])
    return [(each.line, each.column, each.message) for each in found.problems], found.bundle


def test_a_table_comes_into_the_bundle() -> None:
    problems, bundle = checked(HEAD + TABLE)
    assert not problems
    assert bundle is not None
    assert (bundle.currencies.base, bundle.currencies.as_of) == ("USD", "2026-11-01")
    assert dict(bundle.currencies.rates) == {"EUR": "1.08", "GBP": "1.27"}


@pytest.mark.parametrize(
    ("right", "wrong", "place", "told"),
    [
        ("base: USD", "base: usd", (1, 9), "base must be a code of ISO 4217"),
        ("2026-11-01", "2026-13-01", (2, 10), "as_of must be a day such as 2026-11-01"),
        ("2026-11-01", "20261101", (2, 10), "as_of must be a day such as 2026-11-01"),
        ("EUR: 1.08", "EUR: 0", (3, 16), "rates: '0' is no rate"),
        ("EUR: 1.08", "EUR: -1", (3, 16), "rates: '-1' is no rate"),
        ("EUR: 1.08", "EUR: [1]", (3, 11), "rates: must be a single value"),
        ("{EUR: 1.08,", "{EUR: 1, euro: 2,", (3, 19), "rates: must be a code of ISO 4217"),
        ("{EUR: 1.08,", "{EUR: 1, EUR: 2,", (3, 19), "EUR is given twice"),
        ("{EUR: 1.08,", "{EUR: 1, USD: 2,", (3, 10), "rates: USD is the base, so its rate is 1"),
        ('rates: {EUR: 1.08, GBP: "1.27"}', "rates: 1.08", (3, 10), "rates must be a mapping"),
        ("  as_of: 2026-11-01\n", "", (1, 3), "as_of is missing"),
        ("  base: USD\n", "  bass: USD\n", (1, 3), "unknown key bass; did you mean base?"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    right: str, wrong: str, place: tuple[int, int], told: str
) -> None:
    problems, bundle = checked(HEAD + TABLE.replace(right, wrong, 1))
    assert bundle is None
    line, column = place
    assert any(
        each[:2] == (FIRST + line, column) and each[2].startswith(told) for each in problems
    ), problems


def test_a_list_of_tables_is_no_table() -> None:
    problems, _ = checked(HEAD + "currencies:\n  - {base: USD}\n")
    assert (FIRST + 1, 3, "must be a mapping with base, as_of, rates, earlier") in problems


def test_all_mistakes_are_told_at_once() -> None:
    problems, _ = checked(HEAD + "currencies: {base: us, as_of: today, rates: {EUR: no, X: 1}}\n")
    assert len(problems) >= 4


def test_a_value_that_nobody_can_convert_is_a_mistake_at_its_place() -> None:
    problems, _ = checked(HEAD.replace("5 EUR", "5 CHF") + TABLE)
    [(line, _, told)] = problems
    assert "value: 5 CHF" in HEAD.replace("5 EUR", "5 CHF").splitlines()[line - 1]
    assert told == "value: there is no rate of CHF in currencies; known are EUR, GBP, USD"


def test_values_in_several_currencies_need_a_table() -> None:
    [(_, _, told)] = checked(HEAD)[0]
    assert told == "value: is in EUR, others are in USD; currencies must say their rates"
    assert not checked(HEAD.replace("EUR", "USD"))[0]


def test_two_tables_are_one_too_many() -> None:
    files = [
        DefinitionFile(path="a.yaml", text=HEAD + TABLE),
        DefinitionFile(path="b.yaml", text=TABLE),
    ]
    [problem] = check_definitions(files).problems
    assert (problem.path, problem.line, problem.message) == (
        "b.yaml",
        2,
        "currencies are given twice",
    )


def test_a_difference_is_told_rate_by_rate() -> None:
    before, after = (
        checked(HEAD + TABLE)[1],
        checked(HEAD + TABLE.replace("1.08", "1.10").replace("-01\n", "-02\n"))[1],
    )
    assert before is not None
    assert after is not None
    told = [
        (change.section, change.name, field.field, field.before, field.after)
        for change in changes_between(before, after)
        for field in change.fields
    ]
    assert told == [
        ("currencies", "base", "as_of", "2026-11-01", "2026-11-02"),
        ("currencies", "EUR", "rate", "1.08", "1.10"),
    ]


EARLIER = (
    TABLE
    + """\
  earlier:
    - {as_of: 2026-10-01, rates: {EUR: 1.10}}
    - {as_of: 2026-09-01, rates: {EUR: 1.20}}
"""
)


def test_rates_of_earlier_days_are_kept_in_order_and_told_of_by_day() -> None:
    problems, bundle = checked(HEAD + EARLIER)
    assert not problems
    assert bundle is not None
    assert [(day.as_of, dict(day.rates)) for day in bundle.currencies.earlier] == [
        ("2026-09-01", {"EUR": "1.20"}),
        ("2026-10-01", {"EUR": "1.10"}),
    ]
    other = checked(HEAD + EARLIER.replace("1.20", "1.25"))[1]
    assert other is not None
    [change] = changes_between(bundle, other)
    assert (change.section, change.name) == ("currencies", "2026-09-01 EUR")


@pytest.mark.parametrize(
    ("right", "wrong", "place", "told"),
    [
        ("2026-09-01", "2026-10-01", (6, 15), "as_of: 2026-10-01 has rates already"),
        ("2026-09-01", "2026-11-01", (6, 15), "as_of: 2026-11-01 has rates already"),
        ("2026-10-01", "2026-12-01", (5, 15), "as_of: 2026-12-01 is later than the rates"),
        ("{EUR: 1.20}", "{USD: 1.20}", (6, 34), "rates: USD is the base, so its rate is 1"),
        ("{EUR: 1.20}", "{EUR: 0}", (6, 40), "rates: '0' is no rate"),
        ("as_of: 2026-09-01, ", "", (6, 7), "as_of is missing"),
    ],
)
def test_a_mistake_in_an_earlier_day_is_told_with_its_place(
    right: str, wrong: str, place: tuple[int, int], told: str
) -> None:
    problems, bundle = checked(HEAD + EARLIER.replace(right, wrong, 1))
    assert bundle is None
    line, column = place
    assert any(
        each[:2] == (FIRST + line, column) and each[2].startswith(told) for each in problems
    ), problems


def test_a_cart_that_nobody_can_compare_is_a_mistake_at_its_place() -> None:
    scenario = """\
scenarios:
  - scenario: big
    when: {cart_above: 20 CHF}
    stages: [{stage: s, propose: {offer: a, placements: [web.home.banner]}}]
"""
    problems, _ = checked(HEAD + TABLE + scenario)
    line = FIRST + TABLE.count("\n") + 2
    message = "cart_above: there is no rate of CHF in currencies; known are EUR, GBP, USD"
    assert (line, 11, message) in problems
