"""The grocer's households as customers."""

from __future__ import annotations

from pathlib import Path

from demo.grocer.source import read

DEMOGRAPHICS = (
    # column of the data, attribute
    ("age", "age_band"),
    ("income", "income"),
    ("home_ownership", "home_ownership"),
    ("marital_status", "marital_status"),
    ("household_size", "household_size"),
    ("household_comp", "household_type"),
    ("kids_count", "kids"),
)


def customer_records(source: Path, households: list[int]) -> list[dict[str, object]]:
    """Describe each household; a third of them told who they are."""
    told = {row["household_id"]: row for row in read(source, "demographics").to_pylist()}
    return [
        {"customer_id": customer_id(household), "locale": "en-US"}
        | {
            f"attr.{attribute}": told[household][column]
            for column, attribute in DEMOGRAPHICS
            if household in told and told[household][column] is not None
        }
        for household in households
    ]


def customer_id(household: int) -> str:
    return f"H{household:04d}"
