"""Every measure has one definition, and the documents say just that."""

from pathlib import Path

import numpy as np
import pytest

from services.ranker.domain.measures.channels import SPLITS, Over
from services.ranker.domain.measures.definitions import MEASURES, Unit
from tests.unit.ranker.measures.story import deeds, measured

BASES = {Over.EVERYBODY: "all customers", Over.SEEN: "the channel seen", Over.PAIR: "the pair"}
PAGE = Path(__file__).parents[4] / "docs" / "measures.md"


@pytest.mark.parametrize("name", MEASURES)
def test_the_documents_say_of_a_measure_what_its_definition_says(name):
    measure = MEASURES[name]
    better = "more" if measure.more_is_better else "less"
    row = f"| `{name}` | {measure.definition} | {measure.unit.name.lower()} | {better} |"
    assert row in PAGE.read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", MEASURES)
def test_the_documents_say_what_seen_and_bought_mean_of_a_measure(name):
    split = SPLITS[name]
    row = f"| `{name}` | {split.seen} | {split.bought} | {BASES[split.over]} |"
    assert row in PAGE.read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_made_of_columns_that_there_are(name):
    found = measured(deeds((0, 0, "view")))
    assert {MEASURES[name].part, MEASURES[name].whole} <= set(found.columns)


def test_a_measure_is_the_total_of_one_column_by_that_of_another():
    found = measured(
        deeds(
            (0, 0, "purchase", {"offer_no": 1, "value_micros": 30_000_000, "order": 1}),
            (0, 5, "purchase", {"offer_no": 1, "value_micros": 50_000_000, "order": 1}),
            (1, 5, "purchase", {"offer_no": 1, "value_micros": 40_000_000, "order": 2}),
            (2, 5, "view", {"offer_no": 1}),
        ),
        customers=3,
    )
    assert MEASURES["order_value"].of(found).mean == 60
    assert MEASURES["revenue"].of(found).mean == 40
    assert MEASURES["look_to_book"].of(found).mean == pytest.approx(2 / 3)
    assert MEASURES["revenue"].totals(found) == (120, 3)
    spread = np.std([80, 40, 0], ddof=1)
    assert MEASURES["revenue"].of(found).error == pytest.approx(spread / np.sqrt(3))


def test_shares_are_shares():
    found = measured(deeds((0, 0, "add_to_cart"), (0, 1, "purchase")))
    for measure in MEASURES.values():
        if measure.unit is Unit.SHARE:
            assert 0 <= measure.of(found).mean <= 1
