"""Reads items and offers as callers write them into drafts of rows, or says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from services.retrieval.domain.catalogue import Draft, Rejection
from services.retrieval.row_reader import FLAGS, RowReader
from shared import languages
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow, Creative, Words
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer

MOST_ABOUT_ITEMS = 1000
MOST_ABOUT_CATEGORIES = 64
MOST_LANGUAGES = 50
_LARGEST_LEVER = 1000.0
_LONGEST_CREATIVE = {
    "title": 512,
    "text": 4096,
    "image_url": 2048,
    "link": 2048,
    "call_to_action": 128,
    "ssml": 4096,
}

Message = TypeVar("Message")
Read = Callable[[Message, "RowReader"], Draft]


def read_items(items: Sequence[Item], currency: str) -> tuple[list[Draft], list[Rejection]]:
    """Return the drafts of the items that are well-formed, and everything wrong with the others."""
    return _read(items, currency, _read_item)


def read_offers(
    offers: Sequence[Offer], currency: str, *, defined: bool = False
) -> tuple[list[Draft], list[Rejection]]:
    """Return the drafts of the offers that are well-formed, and what is wrong with the others.

    `defined` ones belong to a bundle of definitions.
    """
    return _read(offers, currency, lambda offer, reader: _read_offer(offer, reader, defined))


def _read(
    messages: Sequence[Message], currency: str, read: Read[Message]
) -> tuple[list[Draft], list[Rejection]]:
    drafts: list[Draft] = []
    rejections: list[Rejection] = []
    taken: set[str] = set()
    for index, message in enumerate(messages):
        reader = RowReader(index, currency)
        draft = read(message, reader)
        if draft.offer_id in taken:
            id_field = "item_id" if draft.kind == OfferKind.PRODUCT else "offer_id"
            reader.reject(id_field, f"{draft.offer_id!r} is in this request twice")
        if reader.found:
            rejections.extend(reader.found)
        else:
            taken.add(draft.offer_id)
            drafts.append(draft)
    return drafts, rejections


def _read_item(item: Item, reader: RowReader) -> Draft:
    row = CatalogueRow(
        offer_id=reader.text("item_id", item.item_id, 128, required=True),
        kind=OfferKind.PRODUCT,
        title=reader.text("title", item.title, 512, required=True),
        category=reader.category("category", item.category),
        brand=reader.text("brand", item.brand, 128),
        stock=item.stock if item.HasField("stock") else -1,
        lever=1.0,
        withdrawn=item.withdrawn,
        min_age=reader.age(item.attributes.get("min_age", "")),
        is_consumable=reader.flag("consumable", item.attributes),
        released_us=reader.time_us(
            "released_time", item.released_time, item.HasField("released_time")
        ),
        creative=_creative(item.title, item.attributes.items(), item.words),
    )
    _check_words("words", item.words, reader)
    if item.HasField("stock") and item.stock < 0:
        reader.reject("stock", f"is {item.stock}, must not be negative")
    if item.variant_of and item.variant_of == item.item_id:
        reader.reject("variant_of", "an item is no variant of itself")
    reader.text("variant_of", item.variant_of, 128)
    _price(row, item, reader)
    reader.attributes(row, item.attributes.items())
    reader.flags(item.attributes)
    content = row.SerializeToString(deterministic=True)
    return Draft(reader.index, item.item_id, OfferKind.PRODUCT, content, item.variant_of)


def _price(row: CatalogueRow, item: Item, reader: RowReader) -> None:
    """Fill in price, cost and worth: what is earned, or the price where the cost is unknown."""
    row.cost_micros = -1
    if item.HasField("price"):
        row.price_micros, row.currency = reader.money("price", item.price)
        row.value_micros = row.price_micros
    if item.HasField("cost"):
        row.cost_micros, currency = reader.money("cost", item.cost)
        if row.currency and currency and currency != row.currency:
            reader.reject("cost.currency", f"is {currency}, the price is in {row.currency}")
        if item.HasField("price"):
            row.value_micros = row.price_micros - row.cost_micros


def _creative(
    title: str, attributes: Iterable[tuple[str, str]], words: Iterable[Words]
) -> Creative:
    known = dict(attributes)
    return Creative(
        title=title,
        text=known.get("text", ""),
        image_url=known.get("image_url", ""),
        link=known.get("link", ""),
        call_to_action=known.get("call_to_action", ""),
        words=sorted(words, key=lambda each: each.language),
    )


def _read_offer(offer: Offer, reader: RowReader, defined: bool) -> Draft:
    row = CatalogueRow(
        offer_id=reader.text("offer_id", offer.offer_id, 128, required=True),
        kind=_kind(offer, reader),
        title=reader.text("title", offer.title, 512, required=True),
        stock=-1,
        cost_micros=-1,
        starts_us=reader.time_us("starts_time", offer.starts_time, offer.HasField("starts_time")),
        ends_us=reader.time_us("ends_time", offer.ends_time, offer.HasField("ends_time")),
        channels=_channels(offer, reader),
        lever=_lever(offer, reader),
        about_categories=_about_categories(offer, reader),
        creative=_creative(offer.title, offer.attributes.items(), offer.words),
        channel_creatives=offer.channel_creatives,
        withdrawn=offer.withdrawn,
        needs_consent=reader.text(
            "attributes.needs_consent", offer.attributes.get("needs_consent", ""), 64
        ),
        min_age=reader.age(offer.attributes.get("min_age", "")),
        is_default=offer.is_default,
        is_defined=defined,
        is_journey_only=offer.is_journey_only,
    )
    row.creative.text = reader.text("text", offer.text, 4096) or row.creative.text
    row.creative.link = reader.text("link", offer.link, 2048) or row.creative.link
    if offer.HasField("value"):
        row.value_micros, row.currency = reader.money("value", offer.value)
    reader.attributes(row, offer.attributes.items())
    reader.flags(offer.attributes)
    _check_words("words", offer.words, reader)
    _check_offer(offer, row, reader)
    content = row.SerializeToString(deterministic=True)
    about_items = tuple(dict.fromkeys(offer.about_items))
    return Draft(
        reader.index, offer.offer_id, row.kind, content, "", about_items, is_defined=defined
    )


def _kind(offer: Offer, reader: RowReader) -> OfferKind.Value.ValueType:
    if offer.kind == OfferKind.PRODUCT:
        reader.reject("kind", "PRODUCT is written as an item, not as an offer")
    elif offer.kind == OfferKind.UNSPECIFIED or offer.kind not in OfferKind.Value.values():
        reader.reject("kind", "must be PROMOTION, CONTENT, SERVICE or SURVEY")
    return offer.kind


def _channels(offer: Offer, reader: RowReader) -> list[Channel.Value.ValueType]:
    known = set(Channel.Value.values()) - {Channel.UNSPECIFIED}
    for at, channel in enumerate(offer.channels):
        if channel not in known:
            reader.reject(f"channels[{at}]", f"there is no channel {channel}")
    shown: set[int] = set()
    for at, special in enumerate(offer.channel_creatives):
        if special.channel not in known or special.channel in shown:
            reader.reject(f"channel_creatives[{at}].channel", "must name a channel, each once")
        shown.add(special.channel)
        _check_creative(f"channel_creatives[{at}].creative", special.creative, reader)
    return sorted(set(offer.channels))


def _check_creative(path: str, creative: Creative | Words, reader: RowReader) -> None:
    for name, longest in _LONGEST_CREATIVE.items():
        reader.text(f"{path}.{name}", getattr(creative, name), longest)
    if isinstance(creative, Creative):
        _check_words(f"{path}.words", creative.words, reader)


def _check_words(path: str, words: Sequence[Words], reader: RowReader) -> None:
    if len(words) > MOST_LANGUAGES:
        reader.reject(path, f"are of {len(words)} languages, at most {MOST_LANGUAGES} are kept")
        return
    seen: set[str] = set()
    for at, each in enumerate(words):
        wrong = languages.mistake(each.language)
        if not wrong and each.language in seen:
            wrong = f"{each.language} is there twice"
        if wrong:
            reader.reject(f"{path}[{at}].language", wrong)
        seen.add(each.language)
        _check_creative(f"{path}[{at}]", each, reader)


def _lever(offer: Offer, reader: RowReader) -> float:
    if not math.isfinite(offer.lever) or not 0.0 <= offer.lever <= _LARGEST_LEVER:
        reader.reject("lever", f"is {offer.lever}, must be from 0 to {_LARGEST_LEVER:.0f}")
    return offer.lever or 1.0


def _about_categories(offer: Offer, reader: RowReader) -> list[str]:
    if len(offer.about_categories) > MOST_ABOUT_CATEGORIES:
        reader.reject("about_categories", f"names more than {MOST_ABOUT_CATEGORIES}")
        return []
    paths = (
        reader.category(f"about_categories[{at}]", path)
        for at, path in enumerate(offer.about_categories)
    )
    return list(dict.fromkeys(path for path in paths if path))


def _check_offer(offer: Offer, row: CatalogueRow, reader: RowReader) -> None:
    if row.starts_us and row.ends_us and row.ends_us < row.starts_us:
        reader.reject("ends_time", "lies before starts_time")
    if len(offer.about_items) > MOST_ABOUT_ITEMS:
        reader.reject("about_items", f"names more than {MOST_ABOUT_ITEMS}")
    if offer.is_default and row.needs_consent:
        reader.reject("attributes.needs_consent", "a default offer needs no consent")
    if offer.is_default and row.min_age:
        reader.reject("attributes.min_age", "a default offer is for every age")
    for flag in FLAGS if offer.is_default else ():
        if offer.attributes.get(flag) == "true":
            reader.reject(f"attributes.{flag}", "a default offer is for everybody")
