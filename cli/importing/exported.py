"""Reads an export back: its tables as the messages that restore them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.json_format import ParseError

from cli.exporting import tables
from cli.exporting.ledger import STATE, number_of
from cli.exporting.parquet import arrow
from cli.exporting.table import Table
from cli.importing import exported_rows
from cli.importing.exported_rows import Row
from cli.importing.files import digest
from cli.importing.row_file import BATCH_ROWS, BrokenFileError
from cli.importing.slicing import SLICE_BYTES, fitting
from touchpoint.profile.v1.transfer_pb2 import EventRecords, LinkRecord, PersonRecord
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer

RESTORED = (tables.ITEMS, tables.OFFERS, tables.PERSONS, tables.LINKS, tables.EVENTS)
"""What another home is made of; all other tables follow from these."""
_PERSONS_AT_ONCE = 1_000
_NOT_OURS = (ValueError, TypeError, AttributeError, KeyError, ArithmeticError, ParseError)
"""What reading a cell raises that no export writes."""
Made = TypeVar("Made", Item, Offer, PersonRecord, LinkRecord)


@dataclass(frozen=True, slots=True)
class Export:
    """The folder of an export that holds everybody."""

    folder: Path
    number: int
    """Of the last export into it that was completed; files of a later one do not count."""

    @classmethod
    def open(cls, folder: Path) -> Export:
        """Raise BrokenFileError for what is no export, or cannot be restored from."""
        state = folder / STATE
        if not state.is_file():
            raise BrokenFileError(f"{folder} is no folder of `touchpoint export`")
        try:
            told: Mapping[str, Any] = json.loads(state.read_text(encoding="utf-8"))
            in_house, number = bool(told["in_house"]), int(told["number"])
        except _NOT_OURS:
            raise BrokenFileError(f"{state} is not what `touchpoint export` writes") from None
        if not in_house:
            raise BrokenFileError(
                f"{folder} holds only those who agreed to sharing, and nobody's identities: "
                "export with --in-house to move to another home"
            )
        lacking = [table.name for table in RESTORED if not (folder / table.name).is_dir()]
        if lacking:
            raise BrokenFileError(f"{folder} lacks {' and '.join(lacking)}: export all tables")
        return cls(folder, number)

    @property
    def name(self) -> str:
        """Return the same name for the same content, so that repeating it changes nothing."""
        return f"export-{digest(self.folder / STATE)}"

    def items(self) -> Iterator[list[Item]]:
        """Yield items, those that others are variants of first."""
        for wanted in (lambda row: not row["variant_of"], lambda row: row["variant_of"]):
            yield from self._made(tables.ITEMS, exported_rows.item, wanted)

    def offers(self) -> Iterator[list[Offer]]:
        """Yield offers; those of definitions come with the definitions."""
        return self._made(tables.OFFERS, exported_rows.offer, lambda row: not row["is_defined"])

    def persons(self) -> Iterator[list[PersonRecord]]:
        return self._made(tables.PERSONS, exported_rows.person, at_once=_PERSONS_AT_ONCE)

    def links(self) -> Iterator[list[LinkRecord]]:
        return self._made(tables.LINKS, exported_rows.link, at_once=_PERSONS_AT_ONCE)

    def events(self) -> Iterator[EventRecords]:
        for path, batch in self._batches(tables.EVENTS):
            yield from _fitting_events(path, batch)

    def count(self, *restored: Table) -> int:
        """Return how many rows of tables there are to be read."""
        files = (path for table in restored for path in self._files(table))
        return sum(_opened(path).metadata.num_rows for path in files)

    def _made(
        self,
        table: Table,
        make: Callable[[Row], Made],
        wanted: Callable[[Row], bool] = lambda _: True,
        at_once: int = BATCH_ROWS,
    ) -> Iterator[list[Made]]:
        for path, batch in self._batches(table):
            with_rows = _read(path, lambda batch: batch.to_pylist(), batch)
            made = [_read(path, make, row) for row in with_rows if wanted(row)]
            yield from fitting(made, lambda message: message.ByteSize(), at_once)

    def _batches(self, table: Table) -> Iterator[tuple[Path, Any]]:
        for path in self._files(table):
            file = _opened(path)
            expected = (each for each in table.columns if not (each.is_derived or each.is_later))
            needed = {each.name for each in expected}
            lacking = needed - set(file.schema_arrow.names)
            if lacking:
                raise BrokenFileError(f"{path}: lacks the column {min(lacking)}")
            try:
                for batch in file.iter_batches(batch_size=BATCH_ROWS):
                    yield path, batch
            except (arrow().ArrowException, OSError) as error:
                raise BrokenFileError(f"{path}: {error}") from None

    def _files(self, table: Table) -> Sequence[Path]:
        """Return the files that count: of a table written anew those of the latest day."""
        days = sorted((self.folder / table.name).glob("day=*"))
        if days and not table.is_log:
            days = days[-1:]
        found = (path for day in days for path in sorted(day.glob("part-*.parquet")))
        return [path for path in found if 0 < number_of(path) <= self.number]


def _opened(path: Path) -> Any:
    try:
        return arrow().parquet.ParquetFile(path)
    except (arrow().ArrowException, OSError) as error:
        raise BrokenFileError(f"{path}: {error}") from None


def _read(path: Path, make: Callable[[Any], Any], found: Any) -> Any:
    """Make something of what a file holds; raises BrokenFileError."""
    try:
        return make(found)
    except _NOT_OURS as error:
        raise BrokenFileError(f"{path}: is not what an export writes: {error}") from None


def _fitting_events(path: Path, batch: Any) -> Iterator[EventRecords]:
    """Yield the events of a batch, in halves where they are too large for a request."""
    records: EventRecords = _read(path, exported_rows.events, batch)
    if records.ByteSize() <= SLICE_BYTES or batch.num_rows == 1:
        yield records
        return
    middle = batch.num_rows // 2
    yield from _fitting_events(path, batch.slice(0, middle))
    yield from _fitting_events(path, batch.slice(middle))
