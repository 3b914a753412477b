"""Rows of history are read, or refused with their column."""

from __future__ import annotations

import pytest

from cli.importing.history_rows import history_row
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source

ROW = {
    "time": "2026-03-01T12:30:00Z",
    "channel": "EMAIL",
    "placement": "email.body",
    "offer_id": "lamp",
    "accepted": "true",
}


def test_a_row_holds_what_its_columns_say():
    found = history_row(
        ROW
        | {
            "person": "p-1",
            "source": "also_bought",
            "position": "2",
            "age": 41,
            "segments": "gardeners|loyal",
            "attr.hobby": "cycling",
            "attr.children": 2,
            "context.weather": "rain",
            "persona": "",
            "id": 17,
            "selection_probability": "0.25",
            "candidates": "lamp|shade",
        }
    )
    assert found.time_us == 1_772_368_200_000_000
    assert (found.channel, found.placement, found.offer_id) == (Channel.EMAIL, "email.body", "lamp")
    assert found.accepted
    assert (found.person, found.position, found.age) == ("p-1", 2, 41)
    assert found.source == Source.ALSO_BOUGHT
    assert list(found.segments) == ["gardeners", "loyal"]
    assert list(found.attributes) == ["hobby=cycling", "children=2"]
    assert list(found.told) == ["weather=rain"]
    assert not found.persona
    assert (found.id, found.selection_probability) == ("17", 0.25)
    assert list(found.candidates) == ["lamp", "shade"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"accepted": ""}, "accepted must be said"),
        ({"accepted": "perhaps"}, "accepted: must be true or false"),
        ({"time": "yesterday"}, "time: must be a time"),
        ({"channel": "SMOKE"}, "channel: .* is no channel"),
        ({"source": "magic"}, "source: 'MAGIC' is no source"),
        ({"position": "-1"}, "position: "),
        ({"selection_probability": "0"}, "selection_probability: is 0, above 0 and at most 1"),
        ({"selection_probability": 1.1}, "selection_probability: is 1.1"),
        ({"id": "x" * 129}, "id: is longer than 128 characters"),
        ({"candidates": "|".join(map(str, range(201)))}, "candidates: are 201, at most 200"),
        ({"colour": "blue"}, "colour: is no column of history"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_column(change, told):
    with pytest.raises(ValueError, match=told):
        history_row(ROW | change)
