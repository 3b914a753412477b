"""A file may hold anything: each bad row is told, the others arrive, and memory stays bounded."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from cli.importing import KINDS, BrokenFileError, Importer
from cli.importing.bookmark import Bookmark
from cli.importing.event_rows import NotPlainError, read_columns
from cli.importing.files import open_rows
from cli.importing.kind import CellError
from cli.importing.report import RowError, error_file
from cli.importing.slicing import SLICE_BYTES
from cli.importing.target import Finished, Outcome, Refused
from cli.main import app

EVENT = {"event_id": "e", "type": "view", "time": "2026-03-01T12:00:00Z", "customer_id": "c"}
run = CliRunner()


class KilledError(Exception):
    """What ends an import in the middle."""


class Keeps:
    """Keeps how many rows each request has, and refuses as told."""

    in_flight = 1

    def __init__(self, refused=()):
        self.slices = []
        self.refused = refused

    async def send(self, messages, first_row):
        count = len(messages.event_ids) if hasattr(messages, "event_ids") else len(messages)
        size = messages.ByteSize() if hasattr(messages, "ByteSize") else 0
        self.slices.append((count, size or sum(each.ByteSize() for each in messages)))
        refused = self.refused if first_row == 1 else ()
        return Outcome(count - len(refused), 0, refused)

    async def finish(self):
        return Finished()


def silent(_):
    return None


def lines(tmp_path, rows, name="events.jsonl"):
    path = tmp_path / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


BAD_CELLS = [
    ("events", EVENT | {"event_id": "half \ud800"}, "event_id", "half of a character"),
    ("events", EVENT | {"attributes": {"a": "\ud800"}}, "attributes", "half of a character"),
    ("events", EVENT | {"attributes": {"a": float("nan")}}, "attributes", "finite"),
    ("events", EVENT | {"attr.a": float("inf")}, "attributes", "finite"),
    ("events", EVENT | {"attributes": {"a": 10**400}}, "attributes", "finite"),
    ("events", EVENT | {"quantity": 10**400}, "quantity", "must be a number"),
    ("events", EVENT | {"attributes": json.loads('{"a":' * 60 + "1" + "}" * 60)}, "attributes",
     "nested deeper"),
    ("items", {"item_id": "i", "title": "\udfff"}, "title", "half of a character"),
    ("items", {"item_id": "i", "title": "t", "stock": 10**19}, "stock", "whole number"),
    ("items", {"item_id": "i", "title": "t", "attr.a": b"\xff"}, "attr.a", "must be text"),
    ("customers", {"customer_id": "\ud800"}, "customer_id", "half of a character"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "row", "column", "reason"), BAD_CELLS)
def test_a_cell_that_no_message_can_hold_is_told_by_its_column(kind, row, column, reason):
    with pytest.raises(CellError) as told:
        KINDS[kind].build(row)
    assert (told.value.column, reason in told.value.reason) == (column, True), told.value.reason
    if kind == "events":
        with pytest.raises(NotPlainError):
            read_columns(KINDS[kind], [row, EVENT])


async def test_bad_cells_stop_no_import_and_can_be_written_down(tmp_path):
    rows = [EVENT, *(row for kind, row, *_ in BAD_CELLS if kind == "events"), EVENT]
    importer, target = Importer(KINDS["events"], lines(tmp_path, rows)), Keeps()
    importer.check()
    with error_file(tmp_path / "errors.csv") as sink:
        importer.report.sink = sink
        report = await importer.apply(target, silent)
    assert (report.applied, report.refused, report.stopped) == (2, len(rows) - 2, "")
    json.dumps(report.as_json(), ensure_ascii=False).encode()


async def test_a_row_that_fits_no_request_is_refused_and_the_others_arrive(tmp_path):
    huge = EVENT | {"query": "x" * (SLICE_BYTES + 1)}
    path = lines(tmp_path, [EVENT, huge, EVENT | {"query": "y" * 5_000_000}, EVENT])
    importer, target = Importer(KINDS["events"], path), Keeps()
    importer.check()
    report = await importer.apply(target, silent)
    assert (report.applied, report.stopped) == (2, "")
    told = sorted((error.row, error.reason) for error in report.errors)
    assert [row for row, _ in told] == [2, 3]
    assert "too large" in told[0][1]
    assert "longer than 4,000,000 bytes" in told[1][1]
    assert sum(len(str(error)) for error in report.errors) < 1_000


async def test_a_request_is_never_larger_than_services_take(tmp_path):
    item = {"item_id": "i", "title": "t", "attr.text": "x" * 1_400_000}
    path = lines(tmp_path, [item] * 5, "items.jsonl")
    importer, target = Importer(KINDS["items"], path), Keeps()
    report = await importer.apply(target, silent)
    assert report.applied == 5
    assert max(size for _, size in target.slices) <= SLICE_BYTES


async def test_of_long_rows_fewer_are_in_memory_at_once(tmp_path):
    path = lines(tmp_path, [EVENT | {"page": "x" * 400_000}] * 100)
    read = []
    slices = Importer(KINDS["events"], path)._slicer.slices(read.append)
    next(slices)
    assert sum(read) < 20_000_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1' + b"0" * 5_000 + b"}", "digits"),
    ],
)
def test_json_that_would_run_away_is_refused(tmp_path, content, said):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content + b"\n")
    with pytest.raises(BrokenFileError, match=said):
        open_rows(path).check()


async def test_a_row_that_contradicts_itself_is_refused_and_the_others_arrive(tmp_path):
    path = lines(tmp_path, [EVENT, EVENT])
    with path.open("a") as file:
        file.write(json.dumps(EVENT)[:-1] + ', "type": "purchase"}\n')
        file.write(json.dumps(EVENT)[:-1] + ', "attributes": {"a": 1, "a": 2}}\n')
    report = await Importer(KINDS["events"], path).apply(Keeps(), silent)
    assert report.applied == 2
    assert [str(error) for error in report.errors] == [
        "row 3: says 'type' twice",
        "row 4: says 'a' twice",
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_csv_with_another_separator_is_told_so(tmp_path, separator):
    path = tmp_path / "a.csv"
    path.write_text(f"item_id{separator}title\n1{separator}b\n")
    with pytest.raises(BrokenFileError, match="save it with commas"):
        open_rows(path).columns()


def test_csv_of_one_endless_line_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("item_id,title\n" + "1," * 3_000_000)
    with pytest.raises(BrokenFileError, match="longer than"):
        open_rows(path).check()


def test_progress_of_csv_adds_up_to_the_bytes_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("item_id,title\n" + "1,Обувь\n" * 50_000)
    told = []
    file = open_rows(path)
    assert len(list(file.rows(told.append))) == 50_000
    assert sum(told) == file.size
    assert 1 < len(told) < 20


def test_the_file_of_errors_starts_no_formula(tmp_path):
    with error_file(tmp_path / "errors.csv") as sink:
        sink(RowError(2, "=cmd|' /C calc'!A0", "is not known", "@SUM(A1)"))
        sink(RowError(3, "value", "must be an amount", "-5,00"))
    with (tmp_path / "errors.csv").open(newline="") as file:
        _, one, other = csv.reader(file)
    assert (one[1][0], one[2]) == ("'", "'@SUM(A1)")
    assert other[2] == "-5,00"


@pytest.mark.parametrize("option", ["--dry-run", "--from-start"])
def test_an_export_is_not_restored_by_a_dry_run(tmp_path, option):
    answer = run.invoke(app, ["import", "export", str(tmp_path), option])
    assert answer.exit_code == 2
    assert "--dry-run" in answer.stderr


def test_errors_do_not_replace_what_is_imported(tmp_path):
    path = lines(tmp_path, [EVENT])
    before = path.read_text()
    answer = run.invoke(app, ["import", "events", str(path), "--errors", str(path)])
    assert answer.exit_code == 2
    assert path.read_text() == before


def test_errors_that_cannot_be_written_are_a_sentence(tmp_path):
    path = lines(tmp_path, [EVENT])
    where = tmp_path / "nowhere" / "errors.csv"
    answer = run.invoke(app, ["import", "events", str(path), "--errors", str(where)])
    assert answer.exit_code == 1
    assert "No such file" in answer.stderr


async def test_what_a_killed_import_refused_is_told_again_by_the_one_that_goes_on(tmp_path):
    rows = [EVENT | {"event_id": f"e{number}"} for number in range(10_000)]
    rows[3] = {"type": "view"}
    rows[9_998] = {"type": "view"}
    path, mark = lines(tmp_path, rows), tmp_path / "imports" / "mark.json"

    class Dies(Keeps):
        async def send(self, messages, first_row):
            if self.slices:
                raise KilledError
            return await super().send(messages, first_row)

    killed = Importer(KINDS["events"], path, bookmark=Bookmark.at(mark))
    with pytest.raises(KilledError):
        await killed.apply(Dies([Refused(7, "", "told by the service")]), silent)
    again = Importer(KINDS["events"], path, bookmark=Bookmark.at(mark))
    report = await again.apply(Keeps(), silent)
    assert [error.row for error in report.errors] == [4, 9, 9_999]
    assert report.rows == report.applied + report.skipped + report.refused == 10_000
    assert not list(mark.parent.iterdir())


async def test_parquet_keeps_zones_days_and_amounts_and_tells_what_is_out_of_reach(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    table = arrow.table(
        {
            "customer_id": ["c1", "c2"],
            "attr.born": [date(1990, 5, 17), None],
            "attr.children": arrow.array([2.0, None], arrow.float64()),
            "attr.since": arrow.array([noon, None], arrow.timestamp("ns", "Europe/Berlin")),
            "attr.far": arrow.array([None, 9 * 10**12], arrow.timestamp("s")),
        }
    )
    path = tmp_path / "customers.parquet"
    parquet.write_table(table, path)
    [(_, first), (_, second)] = open_rows(path).rows()
    made = KINDS["customers"].build(first)
    assert dict(made.attributes) == {
        "born": "1990-05-17",
        "children": "2",
        "since": "2026-07-01T12:00:00+00:00",
    }
    with pytest.raises(CellError) as told:
        KINDS["customers"].build(second)
    assert told.value.column == "attr.far"


def test_parquet_with_a_column_twice_or_a_broken_page_is_refused(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "twice.parquet"
    parquet.write_table(
        arrow.Table.from_arrays([arrow.array(["a"]), arrow.array(["b"])], ["item_id", "item_id"]),
        path,
    )
    with pytest.raises(BrokenFileError, match="twice"):
        open_rows(path).columns()
    path = tmp_path / "broken.parquet"
    parquet.write_table(
        arrow.table({"item_id": [f"i{n}" for n in range(9_000)]}), path, compression="zstd"
    )
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    path.write_bytes(content)
    with pytest.raises(BrokenFileError, match=r"broken\.parquet"):
        list(open_rows(path).rows())


async def test_a_file_that_ends_in_the_middle_counts_what_came_before(tmp_path, monkeypatch):
    path = lines(tmp_path, [EVENT])
    importer, target = Importer(KINDS["events"], path), Keeps()

    def rows(_):
        yield from ((number, EVENT) for number in range(1, 5_001))
        raise BrokenFileError("a page is broken")

    monkeypatch.setattr(type(importer._file), "rows", lambda self, advance: rows(advance))
    report = await importer.apply(target, silent)
    assert (report.applied, report.stopped) == (5_000, "a page is broken")
