"""History is sent in parts that the ranker takes: neither too many rows, nor too many bytes."""

import pytest

from cli.commands.train_ranker import _parts, _Read
from touchpoint.ranker.v1.history_pb2 import HistoryRow, TrainRankerRequest


def row(number, width):
    return HistoryRow(time_us=number + 1, offer_id="item", attributes=["x" * width])


@pytest.mark.parametrize(
    "widths",
    [[1] * 25_000, [900] * 12_000, [10] * 9_000 + [3_000] * 3_000, [40_000] * 150, [1] * 100],
)
def test_every_part_is_small_enough_to_be_taken_and_large_enough_to_learn_from(widths):
    rows = [row(number, width) for number, width in enumerate(widths)]
    parts = list(_parts(rows))
    assert [each for part in parts for each in part] == rows
    assert all(100 <= len(part) <= 10_000 for part in parts)
    sent = [TrainRankerRequest(rows=part, force=True).ByteSize() for part in parts]
    may_be_larger = len(rows) < 200
    assert may_be_larger or max(sent) < 4 * 1024 * 1024


def test_equal_rows_are_counted_over_all_files_but_for_how_they_were_chosen():
    found = _Read()
    for chance in (0.1, 0.2, 0.0):
        found.add(HistoryRow(time_us=1, offer_id="lamp", selection_probability=chance))
    found.add(HistoryRow(time_us=2, offer_id="lamp"))
    found.add(HistoryRow(time_us=1, offer_id="lamp", id="a"))
    assert [row.occurrence for row in found.rows] == [1, 2, 3, 1, 0]
    with pytest.raises(ValueError, match="id: a is that of a row before"):
        found.add(HistoryRow(time_us=9, offer_id="lamp", id="a"))
