"""Writes the story shop as import files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from demo.records import decimal, instant, midnight, write_lines
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
    write_lines(map(_customer, shop.customers), files["customers"])
    write_lines(map(_offer, shop.offers), files["offers"])
    write_lines(map(_event, shop.events), files["events"])
    write_lines(map(_taste, *zip(*shop.tastes.items(), strict=True)), folder / "tastes.jsonl")
    return files


def _write_items(items: Iterable[Item], path: Path) -> None:
    records = list(map(_item, items))
    extra = sorted({key for record in records for key in record} - set(ITEM_COLUMNS))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*ITEM_COLUMNS, *extra), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


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
        starts=midnight(offer.starts),
        ends=midnight(offer.ends),
    ) | dict(_attributes(offer.attributes))


def _event(event: Event) -> dict[str, object]:
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
