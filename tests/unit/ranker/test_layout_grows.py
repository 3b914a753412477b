"""Rows and snapshots made before columns were added mean what they meant."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.layout import COLUMN, COLUMNS, VERSION
from services.ranker.domain.model import Model, SnapshotError
from tests.unit.ranker.shop import BIKES, liker, maker, proposed

MADE_BEFORE = Path(__file__).parent / "layout_1"
"""A snapshot of five rows, and the rows with what they were predicted, by the code of layout 1."""


def rows():
    return json.loads((MADE_BEFORE / "rows.json").read_text())


def restored():
    return Model.restored((MADE_BEFORE / "model.snapshot").read_bytes())


def test_a_snapshot_of_the_layout_before_predicts_what_it_predicted():
    model = restored()
    assert model.number == 5
    for each in rows():
        sight = decode(bytes.fromhex(each["row"]))
        assert model.predict(sight) == each["probability"]


def test_it_learns_on_and_is_saved_in_the_layout_of_today():
    model, row = restored(), decode(bytes.fromhex(rows()[0]["row"]))
    before = model.predict(row)
    model.learn(6, Outcome.SHOWN, row)
    model.learn(7, Outcome.ACCEPTED, row)
    assert model.predict(row) > before
    again = Model.restored(model.snapshot())
    assert again.predict(row) == model.predict(row)
    assert again.snapshot() == model.snapshot()


def test_what_the_same_situation_showed_then_still_speaks_of_the_same_weights():
    """The columns of then lie where they lay: their part of a row of today is the row of then."""
    situation = liker(BIKES, segments=["a"], attributes=["club=yes"])
    features = maker().features(proposed(1), situation)
    then = decode(bytes.fromhex(rows()[0]["row"])).indices.tolist()
    of_then = features.columns < COLUMN["placement_position"]
    assert sorted(features.indices[of_then, 0].tolist()) == then


def test_a_snapshot_and_a_row_of_a_newer_layout_are_refused():
    data = bytearray(Model().snapshot())
    data[16] = VERSION + 1
    with pytest.raises(SnapshotError, match="newer layout"):
        Model.restored(bytes(data))
    row = bytearray(encode(0.0, np.array([1], np.uint32)))
    assert decode(bytes(row)) is not None
    row[1] = VERSION + 1
    assert decode(bytes(row)) is None


def test_regions_of_different_columns_do_not_overlap():
    taken = {(column.start, column.start + column.size) for column in COLUMNS}
    bounds = sorted(taken)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(bounds))
