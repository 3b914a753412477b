"""An export holds who may be in it, grows by what is new, and reads back as what it was."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.console import CommandError
from cli.exporting import dictionary
from cli.exporting.exporter import Exporter
from cli.exporting.ledger import STATE, Ledger
from cli.exporting.money import Money
from cli.exporting.tables import EVENTS, PERSONS, TABLES
from cli.importing import BrokenFileError
from cli.importing.exported import Export
from cli.importing.slicing import SLICE_BYTES
from shared.experiments import experiment_plan
from touchpoint.common.v1.bus_pb2 import ContactNotice, DecisionNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind, Origin, PurchaseStage
from touchpoint.profile.v1.profile_service_pb2 import ExportEventsResponse, ExportProfilesResponse
from touchpoint.profile.v1.transfer_pb2 import EventRecords, LinkRecord, PersonRecord
from touchpoint.rules.v1.currencies_pb2 import Currencies, DatedRates
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import StreamContactsResponse, StreamDecisionsResponse

pytest.importorskip("pyarrow", reason="Parquet is an optional extra")

DAY_US = 86_400_000_000
FIRST_US = 1_772_000_000_000_000
ADA, ADA_TOO, BOB = (f"0198a000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOLD = Currencies(
    base="EUR",
    as_of="2026-02-01",
    rates={"USD": "0.85"},
    earlier=[DatedRates(as_of="2026-01-01", rates={"USD": "0.9"})],
)
EXPERIMENT = Experiment(
    experiment="one", share=1.0, variants=[ExperimentVariant(variant="b", share=1.0)]
)


class OneHome:
    """What the services of a small home stream; Ada agreed to sharing, Bob did not."""

    def __init__(self):
        self.records = EventRecords()
        for number, person_id in enumerate((ADA, BOB, ADA_TOO)):
            self.happens(f"e{number}", person_id, "purchase", FIRST_US + number * DAY_US)

    def happens(self, event_id, person_id, kind, time_us, **more):
        cells = {
            "event_ids": event_id, "person_ids": person_id, "types": kind, "times_us": time_us,
            "callers": "web", "received_us": time_us + 5, "channels": Channel.WEB,
            "origins": Origin.LIVE, "offer_ids": "shoe", "cost_micros": -1, "quantities": 1.5,
            "value_micros": 12_345_678, "details": '{"brand":"Fleet"}',
            "privates": '{"query":"blue shoe"}',
        } | more  # fmt: skip
        for field in EventRecords.DESCRIPTOR.fields:
            empty = "" if field.cpp_type == field.CPPTYPE_STRING else 0
            getattr(self.records, field.name).append(cells.get(field.name, empty))

    def profiles(self, *, personal, arm_plan):
        ada = PersonSnapshot(person_ids=[ADA, ADA_TOO], arm=Arm.STATIC, consents=["sharing"])
        ada.traits.monetary_micros = 5_000_000
        ada.traits.stages.categories.append("Shoes")
        ada.traits.stages.stages.append(PurchaseStage.DECIDING)
        ada.segments.append("best_customers")
        bob = PersonSnapshot(person_ids=[BOB], arm=Arm.HOLDOUT, consents=["marketing"])
        yield ExportProfilesResponse(
            profiles=[ada, bob],
            persons=[person(ADA, ADA), person(ADA_TOO, ADA), person(BOB, BOB)],
            links=[LinkRecord(link_id=BOB, person_id=ADA, other_person_id=ADA_TOO, linked_us=7)],
        )

    def events(self, position, types, *, personal):
        taken = EventRecords()
        for place in range(position, len(self.records.types)):
            if not types or self.records.types[place] in types:
                for field in EventRecords.DESCRIPTOR.fields:
                    cell = getattr(self.records, field.name)[place]
                    hidden = field.name == "privates" and not personal
                    getattr(taken, field.name).append("" if hidden else cell)
        yield ExportEventsResponse(position=len(self.records.types), events=taken)

    def decisions(self, position):
        if position < 2:
            made = [
                DecisionNotice(decision_id=f"d{n}", person_ids=[who], time_us=FIRST_US)
                for n, who in enumerate((ADA, BOB))
            ]
            made[0].chosen.add(placement="web.cart", offer_no=1, score=2.5)
            made[0].variants.add(experiment="one", variant="b")
            yield StreamDecisionsResponse(position=2, decisions=made)

    def contacts(self, position):
        if not position:
            notice = ContactNotice(
                contact_id="c", person_id=ADA, time_us=FIRST_US, state="RESERVED"
            )
            yield StreamContactsResponse(position=1, contacts=[notice])

    def catalogue(self):
        yield [
            CatalogueRow(
                offer_no=1, offer_id="shoe", kind=OfferKind.PRODUCT, family_no=1, title="Shoe",
                price_micros=80_000_000, cost_micros=-1, currency="USD", stock=-1,
            ),
            CatalogueRow(
                offer_no=2, offer_id="ten", kind=OfferKind.PROMOTION, title="Ten off",
                currency="CHF",
            ),
        ]  # fmt: skip

    def money(self):
        return Money((row for rows in self.catalogue() for row in rows), TOLD)

    def offer_ids(self):
        return {1: "shoe", 2: "ten"}

    def sharing_out(self):
        return "hash", experiment_plan(Bundle(experiments=[EXPERIMENT]))


def person(person_id, profile_id):
    record = PersonRecord(person_id=person_id, profile_id=profile_id, created_us=3, name="A Name")
    record.identities.add(kind="email", value="a@b.example", verified=True, first_seen_us=4)
    record.attributes.add(name="city", value="Bath", said_us=5)
    return record


def exported(home, folder, *, in_house, tables=tuple(TABLES)):
    ledger = Ledger.open(folder)
    ledger.in_house = in_house
    return Exporter(home, ledger, tables, lambda *_: None, NOW).run()


def read(folder, table):
    import pyarrow.parquet as parquet

    files = sorted(folder.glob(f"{table}/day=*/*.parquet"))
    return [row for path in files for row in parquet.ParquetFile(path).read().to_pylist()]


def test_only_those_who_agreed_to_sharing_leave_the_house_and_nameless(tmp_path):
    done = exported(OneHome(), tmp_path, in_house=False)
    assert (done.customers, done.left_out) == (1, 1)
    for table in ("events", "persons", "links", "decisions", "contacts"):
        assert {row["person_id"] for row in read(tmp_path, table)} <= {ADA, ADA_TOO}, table
    for table in ("profiles", "segments", "assignments"):
        assert {row["profile_id"] for row in read(tmp_path, table)} == {ADA}, table
    assert {row["private"] for row in read(tmp_path, "events")} == {None}
    with pytest.raises(BrokenFileError, match="--in-house"):
        Export.open(tmp_path)


def test_values_keep_their_types_and_their_days(tmp_path):
    exported(OneHome(), tmp_path, in_house=True)
    [first, _, last] = read(tmp_path, "events")
    assert (str(first["value"]), first["quantity"], first["channel"]) == ("12.345678", 1.5, "WEB")
    assert (last["time"] - first["time"]).days == 2
    assert len(list(tmp_path.glob("events/day=*"))) == 3
    [ada, _] = read(tmp_path, "profiles")
    assert (str(ada["monetary"]), ada["arm"], ada["segments"]) == (
        "5.000000",
        "STATIC",
        ["best_customers"],
    )
    assert json.loads(ada["stages"]) == {"categories": ["Shoes"], "stages": ["DECIDING"]}
    chosen, nothing = read(tmp_path, "decisions")
    assert (chosen["offer_id"], nothing["placement"]) == ("shoe", None)
    [shoe] = read(tmp_path, "items")
    assert (shoe["cost"], shoe["stock"], shoe["currency"]) == (None, None, "USD")


def test_each_amount_says_its_currency_and_the_rates_say_what_that_is_worth_from_when_on(tmp_path):
    home = OneHome()
    home.happens("e3", BOB, "view", FIRST_US, value_micros=0)
    home.happens("e4", BOB, "purchase", FIRST_US, offer_ids="ten")
    exported(home, tmp_path, in_house=True)
    told = {row["event_id"]: row["currency"] for row in read(tmp_path, "events")}
    assert told == {"e0": "USD", "e1": "USD", "e2": "USD", "e3": None, "e4": "CHF"}
    rates = [tuple(row.values()) for row in read(tmp_path, "rates")]
    begin = datetime(2026, 2, 1, tzinfo=UTC)
    assert rates == [
        ("CHF", "EUR", "2026-01-01", None, 0),
        ("EUR", "EUR", "2026-01-01", None, 10**9),
        ("USD", "EUR", "2026-01-01", None, 900_000_000),
        ("CHF", "EUR", "2026-02-01", begin, 0),
        ("EUR", "EUR", "2026-02-01", begin, 10**9),
        ("USD", "EUR", "2026-02-01", begin, 850_000_000),
    ]


def test_an_export_from_before_amounts_said_their_currency_can_be_read_back(tmp_path):
    import pyarrow.parquet as parquet

    home = OneHome()
    exported(home, tmp_path, in_house=True)
    for path in tmp_path.glob("events/day=*/*.parquet"):
        parquet.write_table(parquet.ParquetFile(path).read().drop_columns(["currency"]), path)
    assert sum(len(found.event_ids) for found in Export.open(tmp_path).events()) == 3


def test_whose_an_event_id_is_comes_back_and_earlier_exports_know_of_nobody(tmp_path):
    import pyarrow.parquet as parquet

    home = OneHome()
    home.happens("e3", BOB, "view", FIRST_US, owners="visitor:v-1")
    exported(home, tmp_path, in_house=True)
    [owned] = [row for row in read(tmp_path, "events") if row["owner"]]
    assert (owned["event_id"], owned["owner"]) == ("e3", "visitor:v-1")
    restored = [owner for found in Export.open(tmp_path).events() for owner in found.owners]
    assert sorted(restored) == ["", "", "", "visitor:v-1"]
    for path in tmp_path.glob("events/day=*/*.parquet"):
        parquet.write_table(parquet.ParquetFile(path).read().drop_columns(["owner"]), path)
    earlier = list(Export.open(tmp_path).events())
    assert sum(len(found.event_ids) for found in earlier) == 4
    assert not any(found.owners for found in earlier)


def test_the_next_export_adds_only_what_is_new(tmp_path):
    home = OneHome()
    exported(home, tmp_path, in_house=True)
    home.happens("e9", BOB, "impression", FIRST_US)
    done = exported(home, tmp_path, in_house=True)
    assert (done.number, done.rows["events"], done.rows["impressions"]) == (2, 1, 1)
    assert len(read(tmp_path, "events")) == 4
    assert (done.rows["decisions"], len(read(tmp_path, "profiles"))) == (0, 2)


def test_what_a_killed_export_left_is_gone_and_written_anew(tmp_path):
    exported(OneHome(), tmp_path, in_house=True)
    before = (tmp_path / STATE).read_text()
    home = OneHome()
    home.happens("e9", BOB, "view", FIRST_US)
    exported(home, tmp_path, in_house=True)
    (tmp_path / STATE).write_text(before)  # as if it had died before it was noted
    exported(home, tmp_path, in_house=True)
    assert sorted(row["event_id"] for row in read(tmp_path, "events")) == ["e0", "e1", "e2", "e9"]


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("…")
    with pytest.raises(CommandError, match="no folder of an export"):
        Ledger.open(tmp_path)


def test_what_is_read_back_is_what_was_exported(tmp_path):
    home = OneHome()
    exported(home, tmp_path, in_house=True)
    export = Export.open(tmp_path)
    found = EventRecords()
    for records in export.events():
        found.MergeFrom(records)
    assert found == home.records
    [persons] = export.persons()
    assert persons == [person(ADA, ADA), person(ADA_TOO, ADA), person(BOB, BOB)]
    [[link]] = export.links()
    assert (link.person_id, link.other_person_id, link.linked_us) == (ADA, ADA_TOO, 7)
    [items] = export.items()
    assert (items[0].item_id, items[0].price.amount) == ("shoe", "80.000000")
    assert not items[0].HasField("cost")
    assert export.count(EVENTS) == 3


def test_what_an_export_lacks_is_told_before_anything_is_restored(tmp_path):
    exported(OneHome(), tmp_path, in_house=True, tables=("events", "persons"))
    with pytest.raises(BrokenFileError, match="lacks items and offers and links"):
        Export.open(tmp_path)


def test_files_of_an_export_that_was_killed_do_not_count(tmp_path):
    exported(OneHome(), tmp_path, in_house=True)
    [part] = (tmp_path / "events").glob("day=2026-02-25/part-000001-1.parquet")
    part.with_name("part-000002-1.parquet").write_bytes(part.read_bytes())
    assert Export.open(tmp_path).count(EVENTS) == 3


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"number": "x", "in_house": true}'])
def test_a_note_that_is_none_of_ours_is_a_sentence(tmp_path, content):
    (tmp_path / STATE).write_text(content)
    with pytest.raises(BrokenFileError, match="is not what"):
        Export.open(tmp_path)
    with pytest.raises(CommandError, match="is not what"):
        Ledger.open(tmp_path)


def test_files_that_no_export_wrote_are_told_by_their_name(tmp_path):
    import pyarrow
    import pyarrow.parquet as parquet

    exported(OneHome(), tmp_path, in_house=True)
    [part] = (tmp_path / "persons").glob("day=*/*.parquet")
    table = parquet.ParquetFile(part).read()
    broken = pyarrow.array(["{"] * table.num_rows)
    place = table.schema.get_field_index("identities")
    parquet.write_table(table.set_column(place, "identities", broken), part)
    with pytest.raises(BrokenFileError, match=r"persons.*is not what an export writes"):
        list(Export.open(tmp_path).persons())
    part.write_bytes(b"no parquet")
    with pytest.raises(BrokenFileError, match="persons"):
        Export.open(tmp_path).count(PERSONS)


def test_events_with_much_text_are_read_back_in_requests_that_services_take(tmp_path):
    home = OneHome()
    for number in range(1_000):
        home.happens(f"n{number}", ADA, "agent_note", FIRST_US, privates="x" * 8_000)
    exported(home, tmp_path, in_house=True)
    slices = list(Export.open(tmp_path).events())
    assert sum(len(records.event_ids) for records in slices) == 1_003
    assert max(records.ByteSize() for records in slices) <= SLICE_BYTES


def test_the_largest_amount_that_is_kept_can_be_exported(tmp_path):
    home = OneHome()
    home.happens("big", ADA, "purchase", FIRST_US, value_micros=2**63 - 1)
    exported(home, tmp_path, in_house=True)
    [found] = (row["value"] for row in read(tmp_path, "events") if row["event_id"] == "big")
    assert str(found) == "9223372036854.775807"


def test_the_dictionary_explains_every_column(tmp_path):
    dictionary.write(tmp_path, TABLES.values())
    told = json.loads((tmp_path / dictionary.JSON).read_text())
    assert {each["table"] for each in told} == set(TABLES)
    silent = [
        (each["table"], column["column"])
        for each in told
        for column in each["columns"]
        if not column["text"]
    ]
    assert silent == []


def test_the_worked_queries_run_on_an_export(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb", reason="the queries are worked in DuckDB")
    exported(OneHome(), tmp_path, in_house=True)
    monkeypatch.chdir(tmp_path)
    document = (Path(__file__).parents[3] / "docs" / "in-and-out.md").read_text()
    queries = [
        query.strip().rstrip(";") for query in re.findall(r"```sql\n(.*?)```", document, re.S)
    ]
    segments, accepted, sales = (
        duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM ({query})").fetchall() for query in queries
    )
    assert segments == [("best_customers", "1", "5.000000")]
    assert [row[:4] for row in accepted] == [("web.cart", "UNSPECIFIED", "1", "0")]
    assert sales[0][2] == "37.037034"


def test_variants_of_experiments_stand_beside_the_arm(tmp_path):
    exported(OneHome(), tmp_path, in_house=True)
    shown, nothing = read(tmp_path, "decisions")
    assert (json.loads(shown["variants"]), nothing["variants"]) == ({"one": "b"}, None)
    for row in read(tmp_path, "assignments"):
        assert json.loads(row["variants"]) == {"one": "b"}
