"""Times and counts as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.showing.words import ago, duration, several

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (41, "41 s"),
        (60, "1 min 0 s"),
        (3_725, "1 h 2 min"),
        (2 * 86_400 + 3 * 3_600 + 59, "2 d 3 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (timedelta(), "now"),
        (timedelta(minutes=-5), "5 min 0 s ago"),
        (timedelta(days=1), "in 1 d 0 h"),
    ],
)
def test_an_instant_is_said_as_seen_from_now(by, said):
    then = Timestamp()
    then.FromDatetime(NOW + by)
    assert ago(then, NOW) == said


def test_a_noun_agrees_with_its_count():
    assert several(1, "row") == "1 row"
    assert several(2_000, "row") == "2,000 rows"
    assert several(0, "person", "persons") == "0 persons"
