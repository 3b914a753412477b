"""Rules carry examples, which are run as tests when definitions are checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.conditions import ConditionCompiler
from services.rules.conditions.example import outcome_on
from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_files, read_folder
from services.rules.definitions.problems import Problems
from tests.unit.rules.test_definitions import GOOD, checked, mistakes

RULE = """\
  - name: declined
    level: APPLICABILITY
    code: DECLINED
    kinds: [PRODUCT, PROMOTION]
    remove_when: |
      history.days_since_declined >= 0.0
        && history.days_since_declined < days(params.declined_for)
    lever: 2
    lever_when: offer.category == "Garden" && customer.category_affinities.Garden > 0.5
    examples:
      - removed: false
      - {history: {days_since_declined: 29}, removed: true}
      - {history: {days_since_declined: 30}, removed: false}
      - {history: {days_since_declined: 1}, offer: {kind: SURVEY}, removed: false}
      - title: they like gardens
        customer: {category_affinities: {Garden: 0.6}}
        offer: {category: Garden}
        levered: true
      - {offer: {category: Garden}, levered: false}
"""
CLOCK = """\
  - name: night
    code: NOT_DUE
    remove_when: now.getHours("Europe/London") < 7
    examples:
      - {now: "2026-11-21T03:00:00Z", removed: true}
      - {now: 2026-11-21 12:00:00, removed: false}
"""


ITEMS = """\
  - name: televisions
    level: APPLICABILITY
    code: NOT_DUE
    remove_when: |
      item.category.startsWith("Electronics > TVs") && item.stock < 5
        && item.days_since_released > 30.0 && item.family != "tv-best"
    examples:
      - item: {category: Electronics > TVs, stock: 4, days_since_released: 31}
        removed: true
      - item: {category: Electronics > TVs, days_since_released: 31, family: tv-best}
        removed: false
      - {title: in want of a date, item: {category: Electronics > TVs, stock: 4}, removed: false}
      - title: it is about TVs and none itself
        offer: {kind: PROMOTION, category: Electronics > TVs, stock: 4}
        removed: false
      - title: what a product is as an offer it is as an item
        offer: {category: Electronics > TVs, stock: 4}
        item: {days_since_released: 31}
        removed: true
      - title: nothing is said of it
        removed: false
"""


def told(old: str, new: str, rule: str = RULE) -> list[tuple[int, int, str]]:
    assert old in rule
    return mistakes(GOOD + rule.replace(old, new, 1))


def place_of(new: str, rule: str) -> tuple[int, int]:
    """Return where a text stands in the definitions with this rule."""
    before = (GOOD + rule).partition(new)[0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize("rule", [RULE, CLOCK, ITEMS])
def test_examples_that_come_true_are_no_problem_and_no_part_of_the_bundle(rule: str) -> None:
    found = checked(GOOD + rule)
    assert not found.problems
    assert found.bundle is not None
    bare = checked(GOOD + rule.partition("    examples:")[0]).bundle
    assert bare is not None
    assert bare.bundle_hash == found.bundle.bundle_hash


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("removed: true", "removed: false", "removed should be false, came true: remove_when is"),
        ("removed: false", "removed: true", "removed should be true, came false: remove_when is"),
        ("levered: true", "levered: false", "levered should be false, came true"),
    ],
)
def test_an_example_that_fails_is_a_mistake_at_its_place(old: str, new: str, message: str) -> None:
    [(line, column, words)] = told(old, new)
    assert words.startswith(message)
    expected = place_of(old, RULE)
    assert (line, column) == (expected[0], expected[1] + old.index(":") + 2)
    assert checked(GOOD + RULE.replace(old, new, 1)).bundle is None


def test_what_the_rule_is_not_for_is_not_removed() -> None:
    [(_, _, words)] = told("kind: SURVEY}, removed: false", "kind: SURVEY}, removed: true")
    assert "the rule is not for this kind or placement" in words


def test_what_cannot_be_evaluated_is_removed_and_not_levered() -> None:
    [(_, _, words), *_] = told(
        "history.days_since", 'offer.attributes.k == "a" || history.days_since'
    )
    assert "removed should be false, came true: remove_when cannot be evaluated" in words
    [(_, _, words)] = told("category: Garden}, levered: false", "category: Garden}, levered: true")
    assert "levered should be true, came false: lever_when cannot be evaluated" in words


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        (
            "days_since_declined: 29",
            "days_since_decline: 29",
            0,
            "did you mean days_since_declined",
        ),
        ("days_since_declined: 29", "days_since_declined: long", 21, "must be a number"),
        ("kind: SURVEY", "kind: SURVAY", 6, "must be one of"),
        ("kind: SURVEY", "min_age: 18.5", 9, "must be a whole number"),
        ("kind: SURVEY", "stock: 9223372036854775808", 7, "more than 64 bits"),
        ("kind: SURVEY", "is_default: 1", 12, "must be true or false"),
        ("kind: SURVEY", "attributes: [a]", 12, "must be a mapping"),
        ("{Garden: 0.6}", "{Garden: much}", 9, "Garden must be a number"),
        ("history: {days_since_declined: 1}", "histori: {}", 0, "did you mean history"),
        ("{history: {days_since_declined: 1}", "{now: soon", 6, "must be a time such as"),
        ("{history: {days_since_declined: 1}", "{session: {last_time: 5}", 22, "must be a time"),
    ],
)
def test_fields_are_typed_as_the_conditions_see_them(
    old: str, new: str, at: int, message: str
) -> None:
    rule = RULE.replace(old, new, 1)
    line, column = place_of(new, rule)
    found = mistakes(GOOD + rule)
    assert any((line, column + at) == place[:2] and message in place[2] for place in found), found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "item: {category: Electronics > TVs, stock: 4, days",
            "offer: {kind: SURVEY}\n        item: {days",
            "only a PRODUCT is an item, and the example is of a SURVEY",
        ),
        (
            "item: {days",
            "item: {stock: 5, days",
            "item.stock and offer.stock are the same thing, and differ here",
        ),
        ("item: {category: Electronics > TVs, stock: 4, days", "item: {dais", "unknown key dais"),
        ("stock: 4, days_since_released: 31}", "stock: many}", "must be a whole number"),
        ("stock: 4}, removed", "attributes: {a: [b]}}, removed", "must be a single value"),
        ("family: tv-best}", "family: tv}", "removed should be false, came true"),
    ],
)
def test_an_example_of_an_item_is_of_one_that_there_could_be(
    old: str, new: str, message: str
) -> None:
    found = told(old, new, ITEMS)
    assert any(message in words for _, _, words in found), found
    if "item" in message and "unknown" not in message:
        [(line, column, _)] = found
        rule = ITEMS.replace(old, new, 1)
        at = place_of(new.rpartition("\n")[2].strip(), rule)
        assert (line, column) == (at[0], at[1] + len("item: "))


def test_what_is_given_as_an_item_is_a_product_whatever_else_the_rule_is_for() -> None:
    rule = """\
  - name: few
    level: APPLICABILITY
    code: NOT_DUE
    kinds: [PROMOTION, PRODUCT]
    remove_when: item.stock == 2
    examples:
      - {item: {stock: 2}, removed: true}
      - {offer: {stock: 2}, removed: false}
      - {offer: {kind: PRODUCT, stock: 2}, removed: true}
"""
    assert not mistakes(GOOD + rule)


def test_an_example_says_what_comes_and_of_a_condition_that_there_is() -> None:
    [(_, _, words)] = told("      - removed: false\n", "      - {offer: {stock: 1}}\n")
    assert words == "an example needs removed or levered: what comes?"
    [(_, _, words)] = told("removed: false", "levered: true", CLOCK)
    assert words == "levered is about lever_when: there is none"


def test_a_condition_that_reads_the_time_needs_it_in_its_examples() -> None:
    [(_, _, words)] = told("now: 2026-11-21 12:00:00, ", "", CLOCK)
    assert words == "the example needs now: remove_when reads it"


def test_there_are_at_most_twenty_examples() -> None:
    [(_, _, words)] = told("      - removed: false\n", "      - removed: false\n" * 16)
    assert "examples has 21 entries, at most 20" in words


def test_a_form_over_columns_that_differs_from_cel_is_told() -> None:
    compiler = ConditionCompiler({})
    condition = compiler.compile("offer.stock == 0")
    other = compiler.compile("offer.stock != 0")
    wrong = replace(condition, term=other.term)
    assert outcome_on(condition, {"offer.stock": 0}, compiler.activation).is_agreed
    assert not outcome_on(wrong, {"offer.stock": 0}, compiler.activation).is_agreed


def test_every_shipped_rule_shows_when_it_acts_and_when_it_does_not() -> None:
    problems = Problems()
    rules = read_files(read_folder(shipped_definitions()), problems).by_section["rules"]
    for rule in rules:
        examples = [example.entry.values for example in rule.values.get("examples", ())]
        name = "removed" if "remove_when" in rule.values else "levered"
        assert {each.get(name) for each in examples} >= {True, False}, rule.values["name"]
