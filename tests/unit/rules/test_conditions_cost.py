"""What could be slow or huge is refused when it is written, with the reason and the place."""

from __future__ import annotations

import pytest

from shared.conditions import Environment, Program, outcome_of
from shared.conditions.patterns import pattern_size
from tests.unit.rules.test_definitions import GOOD, checked, mistakes

COSTLY = [
    ("offer.id.matches('(((a{10}){10}){10})')", 35, "take a shorter pattern"),
    ("customer.attributes.exists(k, k.matches('[a-z]{50}'))", 58, "take up to 25,000 steps"),
    ("customer.segments.exists(s, offer.brand == s)", 43, "over all candidates"),
    ("true || customer.attributes.all(k, k + 'b' != offer.brand)", 50, "over all candidates"),
    ("offer.attributes.exists(k, k == 'a')", 42, "candidate by candidate (a comprehension over"),
    ("item.attributes.exists(k, k == 'a')", 41, "candidate by candidate (a comprehension over"),
    ("item.attributes == offer.attributes", 35, "candidate by candidate (_==_ of these types"),
    ("customer.segments.exists(s, item.brand == s)", 43, "over all candidates"),
    ("customer.categories.exists(c, c == offer.id && offer.id.matches('a'))", 45, "matches"),
    ("offer.id.matches('[a-z]{4}') && request.placement == 'a'", 48, "at 16 placements"),
    ("customer.categories.exists(c, c == offer.id + request.placement)", 45, "at 16 placements"),
    ("customer.segments.exists(s, s == request.placement)", 43, "at 16 placements"),
    (
        "customer.segments.exists(a, customer.segments.exists(b, a + b == 'c'))",
        43,
        "takes up to 250,500 turns",
    ),
]


@pytest.mark.parametrize(("condition", "column", "reason"), COSTLY)
def test_what_would_take_too_long_on_the_largest_input_is_refused(
    condition: str, column: int, reason: str
) -> None:
    rule = f'"{condition}"'
    [(line, where, message)] = mistakes(GOOD.replace("offer.stock == 0", rule))
    assert (line, where) == (18, column)
    assert reason in message


@pytest.mark.parametrize(
    "condition",
    [
        "offer.brand in customer.segments",
        "customer.categories.exists(c, offer.category.startsWith(c))",
        "customer.segments.exists(s, s.startsWith('vip'))",
        "customer.segments.exists(s, offer.stock == size(s))",
        "offer.id.matches('^(SALE|OUTLET)')",
        "item.attributes.colour == 'red' && 'size' in item.attributes",
        "item.family.matches('^(SALE|OUTLET)')",
        "customer.brands.exists(item, item == offer.brand)",
        "request.placement.endsWith('.cart') && offer.category.startsWith('A')",
        "customer.categories.exists(c, offer.category.startsWith(c)) && request.placement == 'a'",
        "offer.category in request.categories && request.placement in customer.segments",
    ],
)
def test_what_is_quick_enough_is_accepted(condition: str) -> None:
    assert checked(GOOD.replace("offer.stock == 0", f'"{condition}"')).bundle is not None


def test_long_conditions_over_texts_are_refused_where_they_add_up() -> None:
    many = " || ".join(f"({part})" for part in [" || ".join(["offer.attributes.k == ''"] * 8)] * 16)
    [(_, _, message)] = mistakes(GOOD.replace("offer.stock == 0", f'"{many}"'))
    assert "takes about 9 ms over all candidates" in message


@pytest.mark.parametrize(
    ("condition", "line", "column"),
    [
        ("true\n      && " + " && ".join(["[1].exists(x, x == 1)"] * 9), 20, 220),
        ("offer.id.matches(\n        offer.brand)", 19, 23),
        ("true ||\n      [1].all(a, [1].all(b,\n        [1].all(c, a + b + c > 0)))", 21, 16),
    ],
)
def test_the_place_of_what_is_refused_is_told(condition: str, line: int, column: int) -> None:
    text = GOOD.replace("remove_when: offer.stock == 0", f"remove_when: |\n      {condition}")
    [(where, at, message)] = mistakes(text)
    assert (where, at) == (line, column), message


def test_cel_that_gives_up_has_failed_and_raises_nothing() -> None:
    environment = Environment({}, {})
    hundred = f"[{', '.join(map(str, range(100)))}]"
    text = f"{hundred}.exists(a, {hundred}.exists(b, a + b < 0))"
    program = Program(environment._cel.compile(text))
    assert outcome_of(program, environment.activation({})) == (False, True)


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("abc", 3),
        ("[^a-z]]?", 3),
        (r"\d{3}", 3),
        ("(?i)(foo|bar){2,5}", 35),
        ("((a{10}){10}){10}", 1000),
        ("a{999999999}{999999999}", 10**9),
    ],
)
def test_what_a_pattern_repeats_counts_every_time(pattern: str, size: int) -> None:
    assert pattern_size(pattern) == size
