"""Rows read column by column come to what they come to one by one."""

import pytest

from cli.importing import KINDS
from cli.importing.event_rows import NotPlainError, columns_of, read_columns
from touchpoint.profile.v1.transfer_pb2 import EventRows

EVENTS = KINDS["events"]
PLAIN = {"event_id": "e", "type": "view", "time": "2026-03-01T12:00:00.25Z", "customer_id": "ada"}
VARIED = [
    PLAIN,
    PLAIN | {"event_id": 7, "channel": "web", "session_id": "s", "duration_s": "1.5"},
    PLAIN | {"value": "12.50", "currency": "USD", "quantity": 3, "order_id": "", "page": None},
    PLAIN | {"customer_id": "", "email": "a@b.example", "visitor": "v"},
    PLAIN | {"identities": "phone:+15550100|visitor:w", "customer_id": None},
    PLAIN | {"attributes": '{"gift": true, "n": 2}', "attr.sentiment": "like", "attr.new": "true"},
    PLAIN | {"attributes": {}, "query": "blue shoe", "offer_id": "ten", "item_id": "shoe"},
]


def full(rows):
    """Return every column in full, so that one left out equals one of empty cells."""
    count = len(rows.event_ids)
    found = {field.name: list(getattr(rows, field.name)) for field in EventRows.DESCRIPTOR.fields}
    found["identity_counts"] = found["identity_counts"] or [1] * count
    for field in EventRows.DESCRIPTOR.fields:
        empty = "" if field.cpp_type == field.CPPTYPE_STRING else 0
        found[field.name] = found[field.name] or [empty] * count
    return found


@pytest.mark.parametrize("rows", [VARIED, *([row] for row in VARIED)])
def test_columns_come_to_the_same_as_single_events(rows):
    assert full(read_columns(EVENTS, rows)) == full(columns_of(map(EVENTS.build, rows)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_id": ""},
        {"time": "yesterday"},
        {"customer_id": ""},
        {"quantity": -1},
        {"currency": "dollars"},
        {"colour": "red"},
        {"attributes": "[1]"},
        {"session_id": 1.5},
    ],
)
def test_a_row_that_is_refused_alone_is_refused_among_others(wrong):
    with pytest.raises(NotPlainError):
        read_columns(EVENTS, [*VARIED, PLAIN | wrong])


def test_a_contact_of_another_type_is_not_taken_for_one():
    row = {name: cell for name, cell in PLAIN.items() if name != "type"} | {"channel": "EMAIL"}
    [kind] = read_columns(KINDS["contacts"], [row]).types
    assert kind == "contact_sent"
    with pytest.raises(NotPlainError):
        read_columns(KINDS["contacts"], [row, row | {"type": "view"}])
