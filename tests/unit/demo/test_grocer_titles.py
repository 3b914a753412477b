"""The grocer's abbreviations become words."""

from __future__ import annotations

import pytest

from demo.grocer.titles import category_path, distinct_titles, package_size, product_name


@pytest.mark.parametrize(
    ("category", "product_type", "name"),
    [
        ("FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "White milk"),
        ("SOFT DRINKS", "SOFT DRINKS 12/18&15PK CAN CAR", "Soda, case of cans"),
        ("APPLES", "APPLES GALA (BULK&BAG)", "Gala apples"),
        ("BEEF", "LEAN", "Lean ground beef"),
        ("LAMB", "ORGANIC", "Lamb, organic"),
        ("SEAFOOD-FRESH", "SEAFOOD-FRE-SALMON", "Fresh salmon"),
        ("LIQUOR", "BOURBON/TN WHISKEY (42 UNDER P", "Bourbon or Tennessee whiskey"),
        ("MAGAZINE", "SPORTS-SPECTATOR-MAGAZINE", "Sports-spectator magazine"),
        ("BABY HBC", "BABY ANTIBIOTIC OINTMENTS & CR", "Baby antibiotic ointments"),
        (None, "SHAMPOO", "Shampoo"),
    ],
)
def test_a_product_type_is_said_in_plain_words(
    category: str | None, product_type: str, name: str
) -> None:
    assert product_name(category, product_type) == name


@pytest.mark.parametrize(
    ("size", "plain"),
    [
        ("1 GA", "1 gallon"),
        ("1/2 GAL", "1/2 gallon"),
        (".5 OZ", "0.5 oz"),
        ("12 PK/12 OZ", "12 × 12 oz"),
        ("6 CT", "6 count"),
        ("2 L", "2 liters"),
        ("1 L", "1 liter"),
        ("73.9 SQ FT", "73.9 sq ft"),
        ("PT", "1 pint"),
        (None, ""),
        ("   ", ""),
        ("LARGE", "large"),
    ],
)
def test_a_size_is_written_out(size: str | None, plain: str) -> None:
    assert package_size(size) == plain


def test_a_category_is_a_path_from_the_department() -> None:
    assert category_path("DRUG GM", "HAIR CARE PRODUCTS") == "Drugstore & home > Hair care products"
    assert category_path("GROCERY", None) == "Grocery > Other"


def test_equal_names_are_told_apart_by_brand_and_then_by_kind() -> None:
    titles = distinct_titles(["Milk", "Milk", "Milk"], ["Brand 1", "Brand 2", "Brand 1"])
    assert titles == ["Milk (Brand 1)", "Milk (Brand 2)", "Milk (Brand 1, kind 2)"]
