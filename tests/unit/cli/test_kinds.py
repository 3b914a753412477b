"""Rows become messages, and what is wrong with one is told by its column."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from cli.importing.kind import CellError
from cli.importing.kinds import KINDS
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

EVENT = {
    "event_id": "e1",
    "type": "purchase",
    "time": "2026-03-01T12:30:00.5Z",
    "identities": [{"kind": "customer", "value": "c-1"}, {"kind": "visitor", "value": "v-1"}],
}


def refusal(kind, row):
    with pytest.raises(CellError) as refused:
        KINDS[kind].build(row)
    return refused.value.column, refused.value.reason


def test_an_event_of_json_keeps_everything_that_it_says():
    row = EVENT | {
        "channel": "web",
        "item_id": "i1",
        "quantity": 2,
        "value": {"amount": "19.90", "currency": "EUR"},
        "duration_s": 1.5,
        "attributes": {"gift": True},
        "attr.note": "hello",
    }
    event = KINDS["events"].build(row)
    assert [(each.kind, each.value) for each in event.identities] == [
        ("customer", "c-1"),
        ("visitor", "v-1"),
    ]
    assert event.time.ToDatetime(tzinfo=UTC) == datetime(2026, 3, 1, 12, 30, 0, 500_000, UTC)
    assert (event.channel, event.quantity, event.duration_s) == (Channel.WEB, 2.0, 1.5)
    assert (event.value.amount, event.value.currency) == ("19.90", "EUR")
    assert dict(event.attributes) == {"gift": True, "note": "hello"}


def test_an_event_of_csv_names_its_identities_by_column_and_its_amount_in_two():
    row = {
        "event_id": "e1",
        "type": "purchase",
        "time": "2026-03-01",
        "customer_id": "c-1",
        "phone": "",
        "value": "5",
        "currency": "USD",
        "attr.gift": "true",
    }
    event = KINDS["events"].build(row)
    assert [(each.kind, each.value) for each in event.identities] == [("customer", "c-1")]
    assert (event.value.amount, event.value.currency) == ("5", "USD")
    assert dict(event.attributes) == {"gift": True}


def test_an_event_of_csv_may_list_its_identities_in_one_cell():
    event = KINDS["events"].build(EVENT | {"identities": "customer:c-1|email:a@b.example"})
    assert [each.kind for each in event.identities] == ["customer", "email"]


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"time": "yesterday"}, "time", "must be a time"),
        ({"time": 1_700_000_000}, "time", "must be a time"),
        ({"time": None}, "time", "is missing"),
        ({"event_id": ""}, "event_id", "is missing"),
        ({"identities": []}, "identities", "is missing"),
        ({"identities": [{"kind": "shoe", "value": "x"}]}, "identities", "no kind of identity"),
        ({"identities": [{"kind": "customer"}]}, "identities", "must be kind and value"),
        ({"channel": "FAX"}, "channel", "WEB, APP"),
        ({"quantity": -1}, "quantity", "zero or more"),
        ({"quantity": "many"}, "quantity", "must be a number"),
        ({"duration_s": float("nan")}, "duration_s", "zero or more"),
        ({"value": "12,50"}, "value", "decimal number"),
        ({"value": {"amount": "1", "coin": "x"}}, "value", "has no part 'coin'"),
        ({"value": {"amount": "1", "currency": "euro"}}, "value", "ISO 4217"),
        ({"item_id": ["i1"]}, "item_id", "must be text"),
        ({"itm_id": "i1"}, "itm_id", "is not known; there are event_id"),
        ({"attributes": "no object"}, "attributes", "must be an object"),
    ],
)
def test_what_is_wrong_with_an_event_is_told_by_its_column(change, column, reason):
    found_column, found_reason = refusal("events", EVENT | change)
    assert found_column == column
    assert reason in found_reason


def test_an_item_has_price_cost_and_stock_or_says_nothing_of_them():
    item = KINDS["items"].build(
        {
            "item_id": 7,
            "title": "Lamp",
            "price": "12.50",
            "cost": 4.25,
            "currency": "USD",
            "stock": "3",
            "released": date(2026, 1, 2),
            "attr.colour": "red",
        }
    )
    assert (item.item_id, item.price.amount, item.price.currency) == ("7", "12.50", "USD")
    assert (item.cost.amount, item.stock, dict(item.attributes)) == ("4.25", 3, {"colour": "red"})
    assert item.released_time.ToDatetime(tzinfo=UTC) == datetime(2026, 1, 2, tzinfo=UTC)
    bare = KINDS["items"].build({"item_id": "8", "title": "Rug", "stock": "", "cost": None})
    assert not bare.HasField("stock")
    assert not bare.HasField("cost")


def test_a_stock_of_half_an_item_is_refused():
    assert refusal("items", {"item_id": "7", "title": "Lamp", "stock": "1.5"})[0] == "stock"


def test_an_offer_lists_channels_and_what_it_is_about():
    offer = KINDS["offers"].build(
        {
            "offer_id": "o1",
            "kind": "promotion",
            "title": "Ten percent",
            "channels": "WEB|email",
            "about_categories": ["A > B"],
            "value": "3",
        }
    )
    assert offer.kind == OfferKind.PROMOTION
    assert list(offer.channels) == [Channel.WEB, Channel.EMAIL]
    assert list(offer.about_categories) == ["A > B"]


def test_a_product_is_no_offer_of_a_file():
    column, reason = refusal("offers", {"offer_id": "o1", "kind": "PRODUCT", "title": "x"})
    assert column == "kind"
    assert "PROMOTION, CONTENT, SERVICE, SURVEY" in reason


def test_a_customer_names_the_customer_id_first():
    row = {"email": "a@b.example", "customer_id": "c-1", "timezone": "Europe/Berlin"}
    customer = KINDS["customers"].build(row)
    assert [each.kind for each in customer.identities] == ["customer", "email"]
    assert customer.time_zone == "Europe/Berlin"


def test_a_contact_is_an_event_of_its_own_type():
    row = EVENT | {"channel": "EMAIL"}
    del row["type"]
    assert KINDS["contacts"].build(row).type == "contact_sent"
    assert refusal("contacts", row | {"type": "view"})[0] == "type"


def test_a_header_is_judged_before_any_row():
    problems = KINDS["events"].check_columns(frozenset({"event_id", "tpye", "time"}))
    assert any("'tpye' is not known" in problem for problem in problems)
    assert any("column type is missing" in problem for problem in problems)
    assert any("identities or customer_id" in problem for problem in problems)
    assert KINDS["events"].check_columns(frozenset(EVENT)) == []


def test_a_file_of_customers_says_who_looks_after_them_by_role():
    row = {"customer_id": "c-1", "owner.sales_person": "ann", "owner.store": ""}
    assert dict(KINDS["customers"].build(row).owners) == {"sales_person": "ann"}
    assert not KINDS["customers"].check_columns(frozenset(row))
    assert KINDS["items"].check_columns(frozenset({"item_id", "title", "owner.store"}))


@pytest.mark.parametrize("kind", ["items", "offers"])
def test_words_in_other_languages_are_a_list_in_json_lines_and_json_in_a_cell(kind):
    whole = {"item_id": "i", "offer_id": "o", "kind": "CONTENT", "title": "Pan"}
    row = {name: whole[name] for name in KINDS[kind].required}
    said = [{"language": "de", "title": "Pfanne"}]
    for cell in (said, json.dumps(said)):
        (words,) = KINDS[kind].build(row | {"words": cell}).words
        assert (words.language, words.title) == ("de", "Pfanne")
    for wrong in ("de: Pfanne", "7", {"de": "Pfanne"}, [{"language": "de", "titel": "x"}]):
        column, reason = refusal(kind, row | {"words": wrong})
        assert (column, reason) == (
            "words",
            'must be a list such as [{"language": "es", "title": "…"}]',
        )
