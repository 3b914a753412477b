"""A file of events is a past: read as an import reads it, placed as profile places it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.backtest.filed import past_of_file
from cli.backtest.playing import Span
from cli.backtest.running import World, run
from cli.importing import BrokenFileError
from services.profile.definitions import NO_DEFINITIONS
from tests.unit.cli.test_backtest import (  # noqa: F401 - `catalogue` is a fixture
    ADA,
    BOB,
    DAY_US,
    HOUR_US,
    NOON_US,
    SHOE,
    catalogue,
    definitions,
    event,
    world,
)

NOW_US = NOON_US + 365 * DAY_US


def row(number, type_="add_to_cart", at_us=0, **more):
    """A row of JSON Lines about the shoe."""
    time = datetime.fromtimestamp((NOON_US + at_us) / 1e6, UTC).isoformat()
    who = {} if {"visitor", "identities"} & more.keys() else {"customer_id": ADA}
    said = {"event_id": str(number), "type": type_, "time": time, "channel": "WEB", **who, **more}
    return {"item_id": "shoe", **said}


@pytest.fixture
def read(tmp_path, catalogue):  # noqa: F811
    """Read rows as a file; a text stands as it is."""

    def read_rows(*rows, name="events.jsonl", told=lambda *_: None):
        path = tmp_path / name
        lines = (each if isinstance(each, str) else json.dumps(each) for each in rows)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return past_of_file(path, catalogue, NO_DEFINITIONS, NOW_US, told)

    return read_rows


def played(catalogue, a_world):  # noqa: F811
    made = definitions(catalogue)
    return run(a_world, made, Span(NOON_US, NOON_US + 10 * DAY_US), lambda *_: None, 1).report


def test_the_same_events_come_to_the_same_from_a_file_as_from_the_log(catalogue, read):  # noqa: F811
    happened = [(ADA, 0), (BOB, 30 * HOUR_US), (ADA, 3 * DAY_US)]
    rows = [row(number, at_us=at, customer_id=who) for number, (who, at) in enumerate(happened)]
    bought = [(ADA, 4 * DAY_US)]
    rows += [row(f"b{at}", "purchase", at, customer_id=who, order_id="o") for who, at in bought]
    logged = [(who, event("add_to_cart", at)) for who, at in happened]
    logged += [(who, event("purchase", at, order_id="o")) for who, at in bought]
    filed = read(*rows)
    report = played(catalogue, World(catalogue, filed.past, filed.persons))
    assert report == played(catalogue, world(catalogue, *logged))
    left = next(each for each in report.scenarios if each.report.scenario == "left_behind")
    assert (report.events, report.people, left.report.entered) == (4, 2, 2)


def test_events_are_stamped_from_the_catalogue_as_profile_stamps_them(read):
    past = read(row(1), row(2, "purchase", HOUR_US, value="50.00", quantity=2)).past
    times, numbers = past.in_order()
    added, bought = map(past.at, numbers)
    assert times == [NOON_US, NOON_US + HOUR_US]
    assert (added.offer_no, added.category, added.price_micros) == (SHOE, "Shoes", 80_000_000)
    assert (bought.quantity, bought.value_micros) == (2.0, 50_000_000)


def test_whoever_logs_in_is_one_with_the_visitor_they_were(read):
    both = [{"kind": "visitor", "value": "v1"}, {"kind": "customer", "value": ADA}]
    filed = read(
        row(1, visitor="v1"),
        row(2, at_us=1, visitor="v2"),
        row(3, "login", 2, identities=both),
        row(4, at_us=3),
    )
    _, numbers = filed.past.in_order()
    sets = [filed.past.set_of(number) for number in numbers]
    assert sets[0] == sets[2] == sets[3] != sets[1]
    assert filed.past.people == 2


def test_what_is_wrong_with_a_row_is_told_with_its_number_and_the_others_are_taken(read):
    late = {"time": "yesterday"}
    future = datetime.fromtimestamp(NOW_US / 1e6, UTC) + timedelta(days=30)
    filed = read(
        row(1),
        row(2) | late,
        row(3, channel="TV"),
        row(4, shoes=2),
        row(5) | {"time": future.isoformat()},
        row(1),
        row(1, quantity=3),
        row(6, type_="Not A Type"),
    )
    report = filed.report
    told = {each.row: str(each) for each in report.errors}
    assert told.keys() == {2, 3, 4, 5, 7, 8}
    assert "time: must be a time" in told[2]
    assert "is no channel" in told[3]
    assert "shoes" in told[4]
    assert "event_id with other content" in told[7]
    assert (report.rows, report.applied, report.duplicates, report.refused) == (8, 1, 1, 6)
    assert len(filed.past) == 1


@pytest.mark.parametrize(
    ("lines", "name", "message"),
    [
        ([row(1), "{no json"], "events.jsonl", r"events\.jsonl:2:2: "),
        (["[]"], "events.jsonl", r"events\.jsonl:1:1: must be a JSON object"),
        (["event_id,type", "1,view"], "events.csv", "column time is missing"),
        ([], "events.txt", "must end in one of .csv, .jsonl"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(read, lines, name, message):
    with pytest.raises(BrokenFileError, match=message):
        read(*lines, name=name)


def test_it_is_told_how_far_the_file_was_read(read, tmp_path):
    told = []
    read(*(row(number, at_us=number) for number in range(50)), told=lambda *far: told.append(far))
    size = (tmp_path / "events.jsonl").stat().st_size
    assert told[-1] == (size, size)
