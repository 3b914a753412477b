"""A rule over items that may act on promotions by accident is told of, and still applied."""

from __future__ import annotations

import pytest

from tests.unit.rules.test_definitions import GOOD, checked

RULE = """\
  - name: of_items
    code: NOT_DUE
    level: APPLICABILITY
    {kinds}
    remove_when: >-
      {condition}
    lever: 2
    lever_when: {lever}
"""
SURE = 'item.brand == "Novus"'


def warned(
    condition: str, kinds: str = "mode: ENFORCED", lever: str = "history.owned"
) -> list[str]:
    rule = RULE.format(condition=condition, kinds=kinds, lever=lever)
    found = checked(GOOD.replace("parameters:\n", "parameters:\n  least: 5\n") + rule)
    assert found.bundle is not None, found.problems
    told = [each for each in found.problems if "are no item" in each.message]
    assert all(each.warning for each in told)
    return [each.message for each in told]


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ("item.stock < 3", "item.stock"),
        ('item.brand != "Novus"', "item.brand"),
        ("customer.known && item.price_micros < 1000", "item.price_micros"),
        ("item.price_micros <= params.least", "item.price_micros"),
        ("item.days_since_released < 30.0 && history.owned", "item.days_since_released"),
        ("item.brand == offer.brand && item.stock < 3", "item.brand, item.stock"),
        ('item.category.startsWith("A") || item.min_age < 18', "item.category, item.min_age"),
        ('item.attributes.colour == "red" && history.owned', "item.attributes"),
    ],
)
def test_what_may_hold_or_fail_for_a_promotion_is_told(condition: str, read: str) -> None:
    [message] = warned(condition)
    assert message == (
        f"remove_when may hold, or fail, for offers that are no item, so without {read}: "
        "say kinds: [PRODUCT], or ask for what an item has"
    )
    assert warned(condition, "kinds: [PRODUCT, PROMOTION]") == [message]
    assert not warned(condition, "kinds: [PRODUCT]")


@pytest.mark.parametrize(
    "condition",
    [
        "item.stock == 0",
        "item.stock >= 0 && item.stock < 3",
        "has(item.id) && item.stock < 3",
        'item.category.startsWith("A") && item.price_micros < 1000',
        'has(item.attributes.colour) && item.attributes.colour != "red"',
        'item.attributes.colour == "red" && item.brand == "x"',
        'offer.kind != "SURVEY" && item.stock < 3',
        "item.brand in customer.disliked_brands",
        "customer.segments.exists(item, item == 'a')",
        "offer.stock < 3",
    ],
)
def test_what_asks_for_something_of_an_item_or_for_the_kind_is_not_told_of(condition: str) -> None:
    assert not warned(condition)


def test_a_lever_is_looked_at_as_well() -> None:
    [message] = warned(SURE, lever="item.price_micros < 5000000")
    assert message.startswith("lever_when may hold, or fail, for offers that are no item")
    assert not warned(SURE, lever=f"'{SURE}'")
