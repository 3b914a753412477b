"""Rules over `item` act on items alone, whatever a promotion is about."""

from __future__ import annotations

import pytest

from tests.grpc.rules.rules_kit import (
    GUIDE,
    LAPTOP,
    LAPTOP_AND_MORE,
    LAPTOP_PROMO,
    LAPTOP_RED,
    MILK,
    RUNNING_PROMO,
    SHOES,
    SURVEY,
    WINE_PROMO,
    Rules,
    ann,
    codes,
    kept,
)
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

EVERYTHING = (
    *(LAPTOP, LAPTOP_RED, MILK, SHOES, GUIDE, SURVEY),
    *(LAPTOP_PROMO, LAPTOP_AND_MORE, RUNNING_PROMO, WINE_PROMO),
)
LAPTOPS = (LAPTOP, LAPTOP_RED)


def removing(condition: str) -> DefinitionFile:
    rule = f"rules:\n  - {{name: own, code: NOT_SUITABLE, remove_when: '{condition}'}}\n"
    return DefinitionFile(path="own.yaml", text=rule)


@pytest.mark.parametrize(
    ("condition", "removed"),
    [
        ('item.category.startsWith("Running")', {SHOES}),
        ('offer.category.startsWith("Running")', {SHOES, RUNNING_PROMO, LAPTOP_AND_MORE}),
        ('item.brand == "Novus" && customer.known', set(LAPTOPS)),
        ('item.family == "item-1"', set(LAPTOPS)),
        ('item.family == "item-1" && item.id != item.family', {LAPTOP_RED}),
        ("item.price_micros > 0 && item.stock > 9 && !item.is_consumable", {*LAPTOPS, SHOES}),
        ("item.is_consumable && customer.age > 0", {MILK}),
        ('has(item.id) && item.id.matches("^item-[34]$")', {MILK, SHOES}),
        ("item.days_since_released < 0.0 && item.stock < 0", set(EVERYTHING[4:])),
    ],
)
async def test_a_rule_over_items_removes_items_and_spares_what_is_about_them(
    rules: Rules, condition: str, removed: set[int]
) -> None:
    before = await rules.check(*EVERYTHING, person=ann())
    assert set(kept(before, *EVERYTHING)) == set(EVERYTHING)
    await rules.apply(removing(condition))
    after = await rules.check(*EVERYTHING, person=ann())
    assert codes(after) == dict.fromkeys(sorted(removed), "NOT_SUITABLE")
    assert set(kept(after, *EVERYTHING)) == set(EVERYTHING) - removed
