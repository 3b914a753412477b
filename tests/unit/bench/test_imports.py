"""The file that is imported is one that the import understands, row by row."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from bench.customers import Shoppers
from bench.parts import imports
from cli.importing import KINDS

PEOPLE = ["imported-1", "imported-2", "imported-3"]


@pytest.fixture
def events(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "shoppers", lambda: Shoppers([], ["tin-1", "tin-2"]))
    file = tmp_path / "events.csv"
    count = imports._write(file, PEOPLE)
    with file.open(newline="") as opened:
        found = [KINDS["events"].build(row) for row in csv.DictReader(opened)]
    assert len(found) == count
    return found


def test_every_row_is_an_event_of_its_own(events):
    assert len({event.event_id for event in events}) == len(events)
    assert {event.type for event in events} == {"purchase"}


def test_everybody_has_as_many_orders_as_their_view_must_show(events):
    orders = {(event.identities[0].value, event.order_id) for event in events}

    assert Counter(person for person, _ in orders) == dict.fromkeys(PEOPLE, imports._ORDERS)


def test_rows_come_in_the_order_of_time(events):
    times = [event.time.seconds for event in events]

    assert times == sorted(times)
