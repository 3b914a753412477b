"""Writes the story shop as import files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from demo.shop.model import CURRENCY, Customer, Event, Item, Offer, Shop, Taste

ITEM_COLUMNS = (
    "item_id", "title", "category", "brand", "price", "cost", "currency", "stock", "variant_of",
    "released",
)  # fmt: skip


def write_shop(shop: Shop, folder: Path) -> dict[str, Path]:
    """Write items, customers, offers and events; answer the files by what they hold.

    ``tastes.jsonl`` beside them is the hidden truth and no import file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "items": folder / "items.csv",
        "customers": folder / "customers.jsonl",
        "offers": folder / "offers.jsonl",
        "events": folder / "events.jsonl",
    }
    _write_items(shop.items, files["items"])
    _write_lines(map(_customer, shop.customers), files["customers"])
    _write_lines(map(_offer, shop.offers), files["offers"])
    _write_lines(map(event_record, shop.events), files["events"])
    _write_lines(map(_taste, *zip(*shop.tastes.items(), strict=True)), folder / "tastes.jsonl")
    return files


def _write_items(items: Iterable[Item], path: Path) -> None:
    records = list(map(_item, items))
    extra = sorted({key for record in records for key in record} - set(ITEM_COLUMNS))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*ITEM_COLUMNS, *extra), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def _write_lines(records: Iterable[Mapping[str, object]], path: Path) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{encode(record)}\n" for record in records)


def _item(item: Item) -> dict[str, object]:
    return {
        "item_id": item.item_id,
        "title": item.title,
        "category": item.category,
        "brand": item.brand,
        "price": decimal(item.price_cents),
        "cost": decimal(item.cost_cents),
        "currency": CURRENCY,
        "stock": item.stock,
        "variant_of": item.variant_of,
        "released": item.released.isoformat(),
        **dict(_attributes(item.attributes)),
    }


def _customer(customer: Customer) -> dict[str, object]:
    return _said(
        customer_id=customer.customer_id,
        email=customer.email,
        phone=customer.phone,
        loyalty_card=customer.loyalty_card,
        locale=customer.locale,
        timezone=customer.timezone,
    ) | dict(_attributes(customer.attributes))


def _offer(offer: Offer) -> dict[str, object]:
    return _said(
        offer_id=offer.offer_id,
        kind=offer.kind,
        title=offer.title,
        text=offer.text,
        link=offer.link,
        about_categories=list(offer.about_categories),
        about_items=list(offer.about_items),
        channels=list(offer.channels),
        value=decimal(offer.value_cents),
        starts=_day(offer.starts),
        ends=_day(offer.ends),
    ) | dict(_attributes(offer.attributes))


def event_record(event: Event) -> dict[str, object]:
    """Build the record of an event as the import and the edge know it."""
    value = event.value_cents
    return _said(
        event_id=event.event_id,
        type=event.type,
        time=instant(event.at),
        identities=[{"kind": i.kind, "value": i.value} for i in event.identities],
        channel=event.channel,
        session_id=event.session_id,
        order_id=event.order_id,
        item_id=event.item_id,
        offer_id=event.offer_id,
        placement=event.placement,
        quantity=event.quantity,
        value=None if value is None else {"amount": decimal(value), "currency": CURRENCY},
        query=event.query,
        page=event.page,
        duration_s=event.duration_s,
        attributes=event.attributes,
    )


def _taste(customer_id: str, taste: Taste) -> dict[str, object]:
    return {
        "customer_id": customer_id,
        "persona": taste.persona,
        "categories": {name: round(share, 4) for name, share in taste.categories.items()},
        "brands": taste.brands,
        "thrift": round(taste.thrift, 3),
        "openness": round(taste.openness, 3),
    }


def _said(**fields: object) -> dict[str, object]:
    """Leave out what was not said."""
    return {name: value for name, value in fields.items() if value}


def _attributes(attributes: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    return ((f"attr.{name}", value) for name, value in attributes.items())


def decimal(cents: int) -> str:
    """Write cents as the decimal string of the amount."""
    return f"{cents // 100}.{cents % 100:02d}"


def instant(at: int) -> str:
    """Write a second in UTC as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"


def _day(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
