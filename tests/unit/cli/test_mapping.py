"""A mapping makes our columns of a file that has its own, and says what it cannot read."""

import csv
from datetime import UTC, datetime

import pytest

from cli.importing import KINDS, BrokenFileError, Importer
from cli.importing.answers import AnswerSheet
from cli.importing.bookmark import Bookmark
from cli.importing.files import open_rows
from cli.importing.mapping import ColumnMapping
from cli.importing.report import error_file
from cli.importing.target import Finished, Outcome
from tests.unit.cli.test_importer import InMemoryTarget, items, many, silent

TILL = """
columns:
  event_id: {columns: [Bon, Zeile], join: "-"}
  type: {column: Art, values: {K: purchase, R: return}}
  time: {column: Datum, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
  customer_id: Kunde
  channel: {value: STORE}
  value: {column: Betrag, decimal: ","}
ignore: [Kasse]
"""
ROWS = (
    "Bon,Zeile,Art,Datum,Kunde,Betrag,Kasse\n"
    '17,1,K,02.03.2026 09:30,C-1,"1.234,50",3\n'
    "17,2,X,02.03.2026 09:30,C-1,5,3\n"
    "18,1,R,2026-03-02,C-2,5,3\n"
    '19,1,R,03.07.2026 09:30,C-2,"5,00",3\n'
)


def mapped(tmp_path, mapping=TILL, rows=ROWS, kind="events"):
    (tmp_path / "map.yaml").write_text(mapping)
    (tmp_path / "till.csv").write_text(rows)
    found = ColumnMapping.read(tmp_path / "map.yaml", KINDS[kind])
    return Importer(KINDS[kind], tmp_path / "till.csv", found)


EVENTS = KINDS["events"]


def told(tmp_path, columns):
    path = tmp_path / "map.yaml"
    path.write_text(f"columns: {columns}\n")
    return path


class KeepsEvents:
    in_flight = 1

    def __init__(self):
        self.rows = []

    async def send(self, messages, first_row):
        self.rows.append(messages)

        return Outcome(len(messages.event_ids), 0, ())

    async def finish(self):
        return Finished()


async def test_other_columns_become_ours(tmp_path):
    importer, target = mapped(tmp_path), KeepsEvents()
    importer.check()
    report = await importer.apply(target, silent)
    [rows] = target.rows
    assert list(rows.event_ids) == ["17-1", "19-1"]
    assert list(rows.types) == ["purchase", "return"]
    assert list(rows.amounts) == ["1234.50", "5.00"]
    assert list(rows.channels) == [10, 10]
    summer, winter = rows.times_us[1], rows.times_us[0]
    assert (winter // 10**6 % 86_400, summer // 10**6 % 86_400) == (8.5 * 3600, 7.5 * 3600)
    assert [(error.row, error.column, error.value) for error in report.errors] == [
        (3, "Art", "X"),
        (4, "Datum", "2026-03-02"),
    ]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("columns: {colour: Farbe}", "columns.colour: is no column of events"),
        ("columns: {type: {column: Art, shape: x}}", "'shape' is not known"),
        ("columns: {type: {column: Art, value: x}}", "one of column, columns or value"),
        ("columns: {time: {column: Datum, zone: Mars/City}}", "no IANA time zone"),
        ("columns: {type: Art}\nrename: {}", "'rename' is not known"),
        ("columns: [type]", "a line per column"),
        ("columns: {", "map.yaml"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_is_wrong(tmp_path, mapping, said):
    with pytest.raises(BrokenFileError, match=said):
        mapped(tmp_path, mapping)


def test_a_column_that_the_mapping_needs_must_be_there(tmp_path):
    with pytest.raises(BrokenFileError, match="needs the column 'Betrag'"):
        mapped(tmp_path, rows="Bon,Zeile,Art,Datum,Kunde,Kasse\n").check()


@pytest.mark.parametrize(
    ("cell", "micros"),
    [("1.234,50", "1234.50"), ("1 234,5", "1234.5"), ("1234", "1234"), ("-5,00", "-5.00")],
)
def test_amounts_are_read_by_their_decimal_mark(tmp_path, cell, micros):
    made = ColumnMapping.read(told(tmp_path, "{value: {column: v, decimal: ','}}"), EVENTS)
    assert made.row({"v": cell}) == {"value": micros}


@pytest.mark.parametrize("cell", ["1.50", "1,234.56", "12.34,5", "5 EUR"])
def test_an_amount_that_is_written_otherwise_is_refused_and_not_guessed(tmp_path, cell):
    made = ColumnMapping.read(told(tmp_path, "{value: {column: v, decimal: ','}}"), EVENTS)
    assert "before its decimals" in made.row({"v": cell}).reason


def test_words_of_a_mapping_are_cells_and_no_values_of_yaml(tmp_path):
    columns = "{type: {column: 7, values: {yes: purchase, no: return, 010: view}}}"
    made = ColumnMapping.read(told(tmp_path, columns), EVENTS)
    assert [made.row({"7": cell})["type"] for cell in ("yes", "no", "010")] == [
        "purchase",
        "return",
        "view",
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("{event_id: {columns: Bon}}", "a list of names"),
        ("{event_id: {columns: []}}", "at least one"),
        ("{event_id: {column: }}", "the name of one"),
        ("{event_id: Bon, event_id: Zeile}", "event_id is said twice"),
    ],
)
def test_a_mapping_that_means_something_else_is_refused(tmp_path, columns, said):
    with pytest.raises(BrokenFileError, match=said):
        ColumnMapping.read(told(tmp_path, columns), EVENTS)


def test_a_survey_s_questions_may_have_columns_of_their_own(tmp_path):
    mapping = "columns: {email: Mail, time: {value: 2026-03-02}, question.garden: 'Any garden?'}"
    rows = "Mail,Any garden?\nada@shop.example,yes\n"
    importer = mapped(tmp_path, mapping, rows, "answers")
    importer.check()
    assert importer.rehearse(silent).refused == 0


def test_a_zone_is_that_of_times_without_one(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    cells = {"at": arrow.array([noon], arrow.timestamp("us", "UTC"))}
    parquet.write_table(arrow.table(cells), tmp_path / "a.parquet")
    made = ColumnMapping.read(told(tmp_path, "{time: {column: at, zone: Europe/Berlin}}"), EVENTS)
    [(_, row)] = open_rows(tmp_path / "a.parquet").rows()
    assert made.row(row) == {"time": noon}


def test_every_refused_row_is_written_with_its_column_value_and_reason(tmp_path):
    with error_file(tmp_path / "errors.csv") as sink:
        importer = mapped(tmp_path)
        importer.report.sink = sink
        importer.rehearse(silent)
    with (tmp_path / "errors.csv").open() as file:
        told = list(csv.DictReader(file))
    assert [(each["row"], each["column"], each["value"]) for each in told] == [
        ("3", "Art", "X"),
        ("4", "Datum", "2026-03-02"),
    ]
    assert "not among the values" in told[0]["reason"]


async def test_a_killed_import_goes_on_where_it_stopped(tmp_path):
    bookmark = tmp_path / "imports" / "b.json"
    items(tmp_path, many(12_000))
    path = tmp_path / "items.jsonl"
    kind = KINDS["items"]
    stopped = Importer(kind, path, bookmark=Bookmark.at(bookmark), busy_pauses_s=())
    report = await stopped.apply(InMemoryTarget(in_flight=1, fails_at=2), silent)
    assert (report.applied, report.stopped) == (5_000, "gone")
    target = InMemoryTarget(in_flight=1)
    again = await Importer(kind, path, bookmark=Bookmark.at(bookmark)).apply(target, silent)
    assert (again.skipped, again.applied, again.rows) == (4_999, 7_001, 12_000)
    assert target.slices[0][0] == 5_000
    assert not bookmark.exists()


def test_slices_that_arrive_out_of_order_leave_the_bookmark_before_the_first_open_one():
    bookmark = Bookmark()
    for last_row in (10, 20, 30):
        bookmark.leaves(last_row)
    bookmark.settled(30)
    bookmark.settled(20)
    assert bookmark.row == 0
    bookmark.settled(10)
    assert bookmark.row == 29


def test_a_sheet_of_answers_becomes_an_event_per_answer(tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text(
        "email,time,survey,question.garden,question.pets\n"
        "ada@shop.example,2026-03-02,spring,yes,\n"
        "bob@shop.example,2026-03-02,spring,no,2\n"
    )
    sheet, kind = AnswerSheet(open_rows(path)), KINDS["answers"]
    assert kind.check_columns(sheet.columns()) == []
    events = [kind.build(row) for _, row in sheet.rows()]
    assert [
        (each.identities[0].value, each.attributes["question"], each.attributes["answer"])
        for each in events
    ] == [
        ("ada@shop.example", "garden", "yes"),
        ("bob@shop.example", "garden", "no"),
        ("bob@shop.example", "pets", "2"),
    ]
    assert {(each.type, each.offer_id) for each in events} == {("survey_answer", "spring")}
    assert len({each.event_id for each in events}) == 3
    assert [kind.build(row).event_id for _, row in sheet.rows()] == [e.event_id for e in events]
