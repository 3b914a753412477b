"""Rows of history are refused by the command line for what the ranker would refuse later."""

import pytest

from cli.importing.history_rows import history_row

ROW = {
    "time": "2026-01-01T10:00:00Z",
    "channel": "WEB",
    "placement": "web.home.banner",
    "offer_id": "coupon",
    "accepted": "1",
}


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("position", "51", "position: is 51, at most 50"),
        ("time", "1969-12-31T23:59:59Z", "time: must be after 1970"),
    ],
)
def test_what_the_ranker_would_refuse_is_refused_with_its_column(column, cell, reason):
    with pytest.raises(ValueError, match=reason):
        history_row({**ROW, column: cell})


def test_the_last_position_is_taken():
    assert history_row({**ROW, "position": "50"}).position == 50
