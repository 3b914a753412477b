"""The lift that is known of a real experiment comes out of the service's own measures."""

from dataclasses import replace

import numpy as np
import pytest

from bench.quality.hillstrom import KNOWN, MENS, Known, lift, measured, told_apart
from bench.quality.shop import ShopMissingError, data_folder
from services.ranker.domain.experiments.comparing import Conclusion

pytest.importorskip("pyarrow", reason="the data are Parquet (extra parquet)")
ROUNDS = 50
HALF_WIDTHS = {"hillstrom_lift_visit_mens": 0.66, "hillstrom_lift_visit_womens": 0.63}


@pytest.fixture(scope="module")
def file():
    try:
        path = data_folder() / "hillstrom" / "hillstrom.parquet"
    except ShopMissingError as error:
        pytest.skip(str(error))
    if not path.is_file():
        pytest.skip(f"there is no file {path}")
    return path


def test_the_known_lift_and_the_width_of_its_interval_come_out(file):
    rows = {row["name"]: row for row in measured(lambda text: None)}
    assert {name: row["value"] for name, row in rows.items()} == {
        name: known.points for name, known in KNOWN.items()
    }
    for name, half_width in HALF_WIDTHS.items():
        low, high = rows[name]["spread"]
        assert (high - low) / 2 == pytest.approx(half_width, abs=0.015)


@pytest.mark.parametrize("name", ["visits", "revenue"])
def test_without_an_effect_it_is_called_not_significant_as_often_as_promised(file, name):
    persons, chance = told_apart(file), np.random.default_rng(7)
    said = []
    for _ in range(ROUNDS):
        shuffled = replace(persons, arm=chance.permutation(persons.arm))
        said.append(lift(shuffled, Known(name, MENS, 0.0)).conclusion)
    assert said.count(Conclusion.NOT_SIGNIFICANT) >= 0.9 * ROUNDS
