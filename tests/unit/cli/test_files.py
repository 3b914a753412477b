"""Files are read row by row, and a broken one is refused whole."""

from __future__ import annotations

import pytest

from cli.importing import BrokenFileError
from cli.importing.files import digest, open_rows


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path):
    return list(open_rows(path).rows())


def test_rows_of_csv_are_numbered_as_a_spreadsheet_does(tmp_path):
    path = written(tmp_path, "a.csv", 'item_id,title\n1,"two\nlines"\n\n2,b\n')
    assert read(path) == [
        (2, {"item_id": "1", "title": "two\nlines"}),
        (4, {"item_id": "2", "title": "b"}),
    ]


def test_a_line_of_csv_with_too_few_cells_is_told_by_its_row(tmp_path):
    path = written(tmp_path, "a.csv", "item_id,title\n1\n2,b\n")
    assert read(path)[0] == (2, "has 1 cells where the header has 2")


def test_json_lines_are_numbered_by_line_and_empty_ones_left_out(tmp_path):
    path = written(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}')
    assert read(path) == [(1, {"a": 1}), (3, {"a": 2})]


def test_progress_adds_up_to_the_size(tmp_path):
    path = written(tmp_path, "a.jsonl", '{"a": 1}\n' * 50_000)
    told = []
    file = open_rows(path)
    assert len(list(file.rows(told.append))) == 50_000
    assert sum(told) == file.size
    assert len(told) > 1


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"a": 1}\n{"a": \n', "a.jsonl:2:6"),
        (b'{"a": 1}\n[1]\n', "a.jsonl:2:1"),
        (b'{"a": "\xff"}\n', "a.jsonl:1: is not UTF-8"),
    ],
)
def test_broken_json_is_refused_with_its_line(tmp_path, content, where):
    with pytest.raises(BrokenFileError, match=where):
        open_rows(written(tmp_path, "a.jsonl", content)).check()


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'item_id,title\n1,"never closed\n', "unexpected end of data"),
        (b"item_id,title\n1,\xff\n", "is not UTF-8"),
    ],
)
def test_broken_csv_is_refused(tmp_path, content, where):
    with pytest.raises(BrokenFileError, match=where):
        open_rows(written(tmp_path, "a.csv", content)).check()


@pytest.mark.parametrize("header", ["", "a,a\n1,2\n"])
def test_csv_without_a_good_header_is_refused(tmp_path, header):
    with pytest.raises(BrokenFileError, match="first line"):
        open_rows(written(tmp_path, "a.csv", header)).columns()


def test_a_name_that_does_not_say_what_it_is_is_refused(tmp_path):
    with pytest.raises(BrokenFileError, match=r"\.csv, \.jsonl, \.ndjson, \.parquet"):
        open_rows(written(tmp_path, "a.txt", "x"))
    with pytest.raises(BrokenFileError, match="is not a file"):
        open_rows(tmp_path / "nothing.csv")


def test_parquet_is_read_with_its_types(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"item_id": ["1", "2"], "stock": [3, None]}), path)
    assert read(path) == [
        (2, {"item_id": "1", "stock": 3}),
        (3, {"item_id": "2", "stock": None}),
    ]
    assert open_rows(path).columns() == {"item_id", "stock"}


def test_broken_parquet_is_refused(tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(BrokenFileError, match=r"a\.parquet"):
        open_rows(written(tmp_path, "a.parquet", "no parquet")).check()


def test_the_same_content_has_the_same_name(tmp_path):
    one, same = written(tmp_path, "a.csv", "x"), written(tmp_path, "b.csv", "x")
    assert digest(one) == digest(same) != digest(written(tmp_path, "c.csv", "y"))
