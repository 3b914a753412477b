"""An import sends good rows in slices, tells bad ones, and counts what became of each."""

from __future__ import annotations

import asyncio
import gc
import json

import grpc.aio
import pytest

from cli.importing import KINDS, BrokenFileError, Importer
from cli.importing.slicing import SLICE_ROWS
from cli.importing.target import Finished, Outcome, Refused


class InMemoryTarget:
    """Keeps what it is sent; refuses and fails as told."""

    def __init__(self, in_flight=2, refused=(), fails_at=None, busy_times=0, races_lost=0):
        self.in_flight = in_flight
        self.slices = []
        self.finished = 0
        self.at_once = 0
        self.most_at_once = 0
        self._refused = refused
        self._fails_at = fails_at
        self._busy_times = busy_times
        self._races_lost = races_lost

    async def send(self, messages, first_row):
        if self._busy_times:
            self._busy_times -= 1
            raise failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy")
        self.slices.append((first_row, [message.item_id for message in messages]))
        if self._fails_at == len(self.slices):
            raise failure(grpc.StatusCode.INTERNAL, "gone")
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        refused = self._refused if first_row == 2 else ()
        return Outcome(len(messages) - len(refused), 0, refused)

    async def finish(self):
        self.finished += 1
        if self._races_lost:
            self._races_lost -= 1
            raise failure(grpc.StatusCode.ABORTED, "a race was lost")
        return Finished(5, 2)


def failure(code, details):
    metadata = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, metadata, metadata, details)


def items(tmp_path, rows):
    path = tmp_path / "items.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return Importer(KINDS["items"], path, busy_pauses_s=(0.0, 0.0))


def many(count):
    return [{"item_id": f"i{number}", "title": "x"} for number in range(count)]


def silent(_):
    return None


async def test_every_good_row_arrives_once_and_in_full_slices(tmp_path):
    target = InMemoryTarget()
    report = await items(tmp_path, many(2 * SLICE_ROWS + 7)).apply(target, silent)
    assert [len(sent) for _, sent in target.slices] == [SLICE_ROWS, SLICE_ROWS, 7]
    assert [first for first, _ in target.slices] == [1, SLICE_ROWS + 1, 2 * SLICE_ROWS + 1]
    assert (report.rows, report.applied, report.refused) == (10_007, 10_007, 0)
    assert (report.persons, report.parked, target.finished, report.is_good) == (5, 2, 1, True)


async def test_no_more_slices_are_on_their_way_than_the_target_takes(tmp_path):
    for in_flight in (1, 3):
        target = InMemoryTarget(in_flight)
        await items(tmp_path, many(4 * SLICE_ROWS)).apply(target, silent)
        assert target.most_at_once <= in_flight


async def test_a_bad_row_is_told_and_the_good_ones_around_it_are_applied(tmp_path):
    rows = [
        *many(1),
        {"item_id": "b", "title": "x", "price": "dear"},
        {"item_id": "c", "title": "y"},
    ]
    target = InMemoryTarget()
    report = await items(tmp_path, rows).apply(target, silent)
    assert target.slices == [(1, ["i0", "c"])]
    assert [(error.row, error.column) for error in report.errors] == [(2, "price")]
    assert (report.applied, report.refused, report.is_good) == (2, 1, False)


async def test_what_the_service_refuses_is_told_by_the_row_of_the_file(tmp_path):
    rows = [{"title": "no id"}, *many(3)]
    target = InMemoryTarget(refused=[Refused(1, "title", "is too long")])
    report = await items(tmp_path, rows).apply(target, silent)
    assert sorted((error.row, error.column) for error in report.errors) == [
        (1, "item_id"),
        (3, "title"),
    ]
    assert (report.applied, report.refused) == (2, 2)


async def test_when_the_service_goes_away_what_was_applied_is_counted_and_said(tmp_path):
    target = InMemoryTarget(in_flight=1, fails_at=2)
    report = await items(tmp_path, many(3 * SLICE_ROWS)).apply(target, silent)
    assert report.applied == SLICE_ROWS
    assert (report.stopped, target.finished) == ("gone", 0)
    assert not report.is_good


async def test_a_service_that_is_busy_is_asked_again_and_not_for_ever(tmp_path):
    target = InMemoryTarget(busy_times=2)
    report = await items(tmp_path, many(3)).apply(target, silent)
    assert (report.applied, report.is_good, len(target.slices)) == (3, True, 1)
    report = await items(tmp_path, many(3)).apply(InMemoryTarget(busy_times=9), silent)
    assert (report.applied, report.stopped) == (0, "busy")


async def test_the_end_of_an_import_is_attempted_again_too(tmp_path):
    target = InMemoryTarget(races_lost=1)
    report = await items(tmp_path, many(3)).apply(target, silent)
    assert (report.persons, target.finished, report.is_good) == (5, 2, True)


def test_a_rehearsal_reads_every_row(tmp_path):
    report = items(tmp_path, [*many(3), {"item_id": "x"}]).rehearse(silent)
    assert (report.rows, report.applied, report.refused, report.dry_run) == (4, 0, 1, True)
    assert gc.isenabled()


def test_a_header_without_a_needed_column_is_refused_before_any_row(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,name\n1,Lamp\n")
    with pytest.raises(BrokenFileError, match="title is missing"):
        Importer(KINDS["items"], path).check()
