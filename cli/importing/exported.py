"""Reads an export back: its tables as the messages that restore them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict

from cli.exporting import tables
from cli.exporting.ledger import STATE
from cli.exporting.parquet import arrow
from cli.exporting.table import Table
from cli.importing.files import BrokenFileError, digest
from shared.clock import to_us
from touchpoint.common.v1.catalogue_pb2 import ChannelCreative
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Origin
from touchpoint.profile.v1.transfer_pb2 import (
    AttributeRecord,
    EventRecords,
    IdentityRecord,
    LinkRecord,
    PersonRecord,
    RelationshipRecord,
)
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer

RESTORED = (tables.ITEMS, tables.OFFERS, tables.PERSONS, tables.LINKS, tables.EVENTS)
"""What another home is made of; all other tables follow from these."""
Row = Mapping[str, Any]
_BATCH_ROWS = 5_000
_TEXTS = {
    "event_ids": "event_id",
    "callers": "caller",
    "person_ids": "person_id",
    "types": "type",
    "session_ids": "session_id",
    "order_ids": "order_id",
    "offer_ids": "offer_id",
    "categories": "category",
    "brands": "brand",
    "details": "details",
    "variants": "variant",
    "decision_ids": "decision_id",
    "placements": "placement",
    "privates": "private",
}
_PLAIN = {
    "quantities": "quantity",
    "gifts": "gift",
    "durations_s": "duration_s",
    "reassurances": "reassurance",
    "topics": "topic",
}
_MONEY = {"price_micros": "price", "cost_micros": "cost", "value_micros": "value"}
_TIMES = {"times_us": "time", "received_us": "received_time"}


@dataclass(frozen=True, slots=True)
class Export:
    """The folder of an export that holds everybody."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Export:
        """Raise BrokenFileError for what is no export, or cannot be restored from."""
        state = folder / STATE
        if not state.is_file():
            raise BrokenFileError(f"{folder} is no folder of `touchpoint export`")
        if not json.loads(state.read_text(encoding="utf-8"))["in_house"]:
            raise BrokenFileError(
                f"{folder} holds only those who agreed to sharing, and nobody's identities: "
                "export with --in-house to move to another home"
            )
        lacking = [name for name in ("events", "persons") if not (folder / name).is_dir()]
        if lacking:
            raise BrokenFileError(f"{folder} lacks {' and '.join(lacking)}: export all tables")
        return cls(folder)

    @property
    def name(self) -> str:
        """Return the same name for the same content, so that repeating it changes nothing."""
        return f"export-{digest(self.folder / STATE)}"

    def items(self) -> Iterator[list[Item]]:
        """Yield items, those that others are variants of first."""
        for is_variant in (False, True):
            for found in self._rows(tables.ITEMS):
                yield [_item(row) for row in found if (row["variant_of"] is not None) == is_variant]

    def offers(self) -> Iterator[list[Offer]]:
        """Yield offers; those of definitions come with the definitions."""
        for found in self._rows(tables.OFFERS):
            yield [_offer(row) for row in found if not row["is_defined"]]

    def persons(self) -> Iterator[list[PersonRecord]]:
        return (list(map(_person, found)) for found in self._rows(tables.PERSONS, 1_000))

    def links(self) -> Iterator[list[LinkRecord]]:
        return (list(map(_link, found)) for found in self._rows(tables.LINKS, 1_000))

    def events(self) -> Iterator[EventRecords]:
        for batch in self._batches(tables.EVENTS, _BATCH_ROWS):
            yield _events({name: _cells(batch, name) for name in _EVENT_COLUMNS})

    def count(self, *restored: Table) -> int:
        """Return how many rows of tables there are to be read."""
        parquet = arrow().parquet
        files = (path for table in restored for path in self._files(table))
        return sum(parquet.read_metadata(path).num_rows for path in files)

    def _rows(self, table: Table, at_once: int = _BATCH_ROWS) -> Iterator[list[Row]]:
        for batch in self._batches(table, at_once):
            yield batch.to_pylist()

    def _batches(self, table: Table, at_once: int) -> Iterator[Any]:
        parquet = arrow().parquet
        for path in self._files(table):
            try:
                file = parquet.ParquetFile(path)
                lacking = {each.name for each in table.columns} - set(file.schema_arrow.names)
                if lacking:
                    raise BrokenFileError(f"{path}: lacks the column {min(lacking)}")
                yield from file.iter_batches(batch_size=at_once)
            except (arrow().ArrowException, OSError) as error:
                raise BrokenFileError(f"{path}: {error}") from None

    def _files(self, table: Table) -> Sequence[Path]:
        """Return the files that count: of a table written anew those of the latest day."""
        days = sorted((self.folder / table.name).glob("day=*"))
        if days and not table.is_log:
            days = days[-1:]
        return [path for day in days for path in sorted(day.glob("part-*.parquet"))]


_EVENT_COLUMNS = (
    *_TEXTS.values(), *_PLAIN.values(), *_MONEY.values(), *_TIMES.values(), "channel", "origin",
)  # fmt: skip


def _cells(batch: Any, name: str) -> Sequence[Any]:
    """Return a column; times as numbers: making an instant of each costs more than all else."""
    column = batch.column(name)
    if name in _TIMES.values():
        column = column.cast(arrow().int64())
    found: Sequence[Any] = column.to_pylist()
    return found


def _events(cells: Mapping[str, Sequence[Any]]) -> EventRecords:
    columns: dict[str, Any] = {
        **{field: [cell or "" for cell in cells[name]] for field, name in _TEXTS.items()},
        **{field: list(map(_micros, cells[name])) for field, name in _MONEY.items()},
        **{field: cells[name] for field, name in (*_PLAIN.items(), *_TIMES.items())},
    }
    return EventRecords(
        **columns,
        channels=[Channel.Value.Value(cell) for cell in cells["channel"]],
        origins=[Origin.Value.Value(cell) for cell in cells["origin"]],
    )


@lru_cache(50_000)
def _micros(amount: Decimal) -> int:
    return int(amount.scaleb(6))


def _person(row: Row) -> PersonRecord:
    return PersonRecord(
        person_id=row["person_id"],
        profile_id=row["profile_id"],
        created_us=to_us(row["created_time"]),
        name=row["name"] or "",
        identities=[ParseDict(e, IdentityRecord()) for e in json.loads(row["identities"] or "[]")],
        attributes=[ParseDict(e, AttributeRecord()) for e in json.loads(row["attributes"] or "[]")],
        relationships=[
            ParseDict(each, RelationshipRecord()) for each in json.loads(row["relationships"])
        ],
    )


def _link(row: Row) -> LinkRecord:
    return LinkRecord(
        link_id=row["link_id"],
        person_id=row["person_id"],
        other_person_id=row["other_person_id"],
        event_id=row["event_id"] or "",
        linked_us=to_us(row["linked_time"]),
    )


def _money(row: Row, name: str) -> Money | None:
    if row[name] is None:
        return None
    return Money(amount=f"{row[name]:f}", currency=row["currency"] or "")


def _item(row: Row) -> Item:
    item = Item(
        item_id=row["item_id"],
        title=row["title"],
        category=row["category"] or "",
        brand=row["brand"] or "",
        price=_money(row, "price"),
        cost=_money(row, "cost"),
        stock=row["stock"],
        variant_of=row["variant_of"] or "",
        withdrawn=row["withdrawn"],
        attributes=json.loads(row["attributes"] or "{}"),
    )
    if row["released"] is not None:
        item.released_time.FromDatetime(row["released"])
    return item


def _offer(row: Row) -> Offer:
    creatives = json.loads(row["channel_creatives"] or "[]")
    offer = Offer(
        offer_id=row["offer_id"],
        kind=OfferKind.Value.Value(row["kind"]),
        title=row["title"],
        text=row["text"] or "",
        link=row["link"] or "",
        about_categories=row["about_categories"],
        about_items=row["about_items"],
        channels=[Channel.Value.Value(name) for name in row["channels"]],
        value=_money(row, "value"),
        lever=row["lever"],
        withdrawn=row["withdrawn"],
        is_default=row["is_default"],
        is_journey_only=row["is_journey_only"],
        channel_creatives=[ParseDict(each, ChannelCreative()) for each in creatives],
        attributes=json.loads(row["attributes"] or "{}"),
    )
    if row["starts"] is not None:
        offer.starts_time.FromDatetime(row["starts"])
    if row["ends"] is not None:
        offer.ends_time.FromDatetime(row["ends"])
    return offer
