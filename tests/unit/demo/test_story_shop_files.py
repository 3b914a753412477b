"""The files are what the import takes, and the same for the same seed and day."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from demo.records import decimal
from demo.shop.files import write_shop
from demo.shop.model import Shop

NAMES = ("items.csv", "customers.jsonl", "offers.jsonl", "events.jsonl", "tastes.jsonl")


@pytest.fixture(scope="module")
def folder(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(shop, folder)
    return folder


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_same_seed_and_day_write_the_same_bytes_in_another_process(
    folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "demo.shop", "--seed", "7", "--today", "2026-01-01", "--out"]
    # another hash seed, so that an order taken from a set would show
    environment = {"PYTHONHASHSEED": "1234", "PYTHONPATH": "."}
    subprocess.run([*command, tmp_path], check=True, env=environment, capture_output=True)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_another_seed_writes_other_people(folder: Path, other_shop: Shop) -> None:
    emails = {str(line["email"]) for line in lines(folder / "customers.jsonl")}
    assert len(emails & {customer.email for customer in other_shop.customers}) < 50


def test_items_have_the_columns_of_the_import(folder: Path, shop: Shop) -> None:
    with (folder / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(shop.items)
    own = [name for name in rows[0] if not name.startswith("attr.")]
    assert own == [
        "item_id", "title", "category", "brand", "price", "cost", "currency", "stock",
        "variant_of", "released",
    ]  # fmt: skip
    for row, item in zip(rows, shop.items, strict=True):
        assert Decimal(row["price"]) * 100 == item.price_cents
        assert int(row["stock"]) == item.stock
        assert date.fromisoformat(row["released"]) == item.released


def test_events_are_written_as_the_edge_takes_them(folder: Path, shop: Shop) -> None:
    allowed = {
        "event_id", "type", "time", "identities", "channel", "session_id", "order_id", "item_id",
        "offer_id", "decision_id", "placement", "quantity", "value", "query", "page",
        "duration_s", "attributes",
    }  # fmt: skip
    records = lines(folder / "events.jsonl")
    assert len(records) == len(shop.events)
    for record, event in zip(records, shop.events, strict=True):
        assert set(record) <= allowed
        assert datetime.fromisoformat(str(record["time"])).timestamp() == event.at
        assert str(record["time"]).endswith("Z")
        assert record["identities"] == [
            {"kind": i.kind, "value": i.value} for i in event.identities
        ]
        if event.value_cents is not None:
            assert record["value"] == {"amount": decimal(event.value_cents), "currency": "USD"}


def test_customers_and_offers_use_only_the_columns_of_the_import(folder: Path) -> None:
    customer = {"customer_id", "email", "phone", "loyalty_card", "locale", "timezone"}
    offer = {
        "offer_id", "kind", "title", "text", "link", "about_categories", "about_items",
        "channels", "value", "starts", "ends",
    }  # fmt: skip
    for name, allowed in (("customers.jsonl", customer), ("offers.jsonl", offer)):
        for record in lines(folder / name):
            assert {key for key in record if not key.startswith("attr.")} <= allowed


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (299_999, "2999.99")])
def test_money_is_a_decimal_string(cents: int, text: str) -> None:
    assert decimal(cents) == text
