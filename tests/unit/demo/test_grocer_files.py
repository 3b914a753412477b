"""The grocer's files say what the data say, and claim no more."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demo.grocer import source
from demo.grocer.grocer import Manifest, write_grocer
from demo.grocer.source import GrocerMissingError, find_source

TODAY = date(2026, 1, 6)


def installed() -> bool:
    try:
        find_source()
    except GrocerMissingError:
        return False
    return True


needs_grocer = pytest.mark.skipif(
    not installed(), reason='the optional packages of "touchpoint-server[demo]" are not installed'
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest, list[Any]]:
    if not installed():
        pytest.skip("the optional packages are not installed")
    folder = tmp_path_factory.mktemp("grocer")
    heard: list[Any] = []
    manifest = write_grocer(folder, TODAY, lambda *progress: heard.append(progress))
    return folder, manifest, heard


@pytest.fixture(scope="module")
def events(written: tuple[Path, Manifest, list[Any]]) -> Any:
    parquet = pytest.importorskip("pyarrow.parquet")
    return parquet.read_table(written[0] / "events.parquet")


@pytest.fixture(scope="module")
def items(written: tuple[Path, Manifest, list[Any]]) -> list[dict[str, Any]]:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[dict[str, Any]] = parquet.read_table(written[0] / "items.parquet").to_pylist()
    return rows


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_without_the_package_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(source, "find_spec", lambda name: None)
    with pytest.raises(GrocerMissingError, match=r"touchpoint-server\[demo\]"):
        write_grocer(tmp_path / "out", None, lambda *progress: None)
    assert not (tmp_path / "out").exists()


@needs_grocer
def test_every_household_and_most_lines_are_kept(
    written: tuple[Path, Manifest, list[Any]], events: Any
) -> None:
    folder, manifest, _ = written
    assert manifest.purchase_lines + manifest.left_out_nothing_bought == 1_469_307
    assert manifest.purchase_lines > 1_450_000
    assert 10_000 < manifest.lines_without_item < 50_000
    assert manifest.customers == 2_469 == len(lines(folder / "customers.jsonl"))
    assert manifest.events == len(events)


@needs_grocer
def test_titles_are_distinct_and_readable(items: list[dict[str, Any]]) -> None:
    titles = {item["title"] for item in items}
    assert len(titles) == len(items)
    names = {title.split(" (")[0].split(",")[0] for title in titles}
    assert not [name for name in names if name.isupper() and len(name) > len("CD-R")]
    assert "White milk, 1 gallon (Store brand)" in titles


@needs_grocer
def test_fuel_and_miscellaneous_are_left_out(items: list[dict[str, Any]]) -> None:
    found = [i["title"] for i in items if "gasoline" in i["title"].lower()]
    assert not found
    assert not [i for i in items if i["category"].startswith(("Fuel", "Miscellaneous", "Coupon"))]


@needs_grocer
def test_cost_and_stock_are_not_claimed(items: list[dict[str, Any]]) -> None:
    assert {"cost", "stock"}.isdisjoint(items[0])
    assert all(float(item["price"]) > 0 for item in items)


@needs_grocer
def test_every_event_refers_to_an_item_or_an_offer_and_to_a_household(
    written: tuple[Path, Manifest, list[Any]], events: Any, items: list[dict[str, Any]]
) -> None:
    folder = written[0]
    offers = {offer["offer_id"] for offer in lines(folder / "offers.jsonl")}
    customers = {customer["customer_id"] for customer in lines(folder / "customers.jsonl")}
    assert set(events["item_id"].unique().to_pylist()) - {None} == {i["item_id"] for i in items}
    assert set(events["offer_id"].unique().to_pylist()) - {None} <= offers
    identities = events["identities"].combine_chunks().flatten()
    assert set(identities.field("kind").unique().to_pylist()) == {"customer"}
    assert set(identities.field("value").unique().to_pylist()) <= customers


@needs_grocer
def test_times_are_in_order_and_end_yesterday(events: Any) -> None:
    times = events["time"].to_numpy().astype("datetime64[ms]")
    assert np.all(times[1:] >= times[:-1])
    assert times[-1].astype("datetime64[D]") == np.datetime64("2026-01-05")


@needs_grocer
def test_quantities_and_values_are_positive(events: Any) -> None:
    quantity = events["quantity"].drop_null().to_numpy()
    assert quantity.min() >= 1
    amounts = events["value"].combine_chunks().field("amount").unique().to_pylist()
    assert min(float(amount) for amount in amounts if amount is not None) > 0


@needs_grocer
def test_what_a_household_spent_is_all_that_it_spent(events: Any) -> None:
    compute = pytest.importorskip("pyarrow.compute")
    people = events["identities"].combine_chunks().flatten().field("value")
    mine = events.filter(compute.equal(people, "H1023"))["value"].combine_chunks()
    cents = [round(float(amount) * 100) for amount in mine.field("amount").to_pylist() if amount]
    assert sum(cents) == 24_879_75


@needs_grocer
def test_event_ids_are_distinct(events: Any) -> None:
    assert len(events["event_id"].unique()) == len(events)


@needs_grocer
def test_offers_are_about_known_items_or_categories(
    written: tuple[Path, Manifest, list[Any]], items: list[dict[str, Any]]
) -> None:
    ids, categories = {i["item_id"] for i in items}, {i["category"] for i in items}
    offers = lines(written[0] / "offers.jsonl")
    assert len({offer["title"] for offer in offers}) == len(offers) > 1_000
    for offer in offers:
        assert set(offer["about_items"]) <= ids
        assert set(offer["about_categories"]) <= categories
        assert offer["about_items"] or offer["about_categories"]
        assert offer["starts"] < offer["ends"]


@needs_grocer
def test_some_campaigns_still_run_today(written: tuple[Path, Manifest, list[Any]]) -> None:
    now = datetime(2026, 1, 6, tzinfo=UTC).isoformat()
    running = [o for o in lines(written[0] / "offers.jsonl") if o["starts"] <= now < o["ends"]]
    assert running


@needs_grocer
def test_the_manifest_records_the_shift(written: tuple[Path, Manifest, list[Any]]) -> None:
    folder, manifest, _ = written
    stored = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert stored["shifted_weeks"] == manifest.shifted_weeks == 418
    assert stored["last_line"] == "2026-01-05T04:01:20Z"
    assert "418 weeks" in manifest.sentence()


@needs_grocer
def test_progress_rises_to_all_rows(written: tuple[Path, Manifest, list[Any]]) -> None:
    _, manifest, heard = written
    done = [progress for progress in heard if progress[0] == "events"]
    assert done == sorted(done)
    assert done[-1] == ("events", manifest.events, manifest.events)
    assert len(done) > 10
