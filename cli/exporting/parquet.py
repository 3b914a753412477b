"""Writes Parquet in folders per day, with few files open and little in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from cli.console import CommandError
from cli.exporting.table import Table, Type, Values

DAY_US = 86_400_000_000
_MAX_OPEN = 128
"""Days whose files are open at once; those not written to the longest are closed."""
_MAX_WAITING = 100_000
"""Rows held back, so that each day's come to the file many at a time."""
_INT64_DIGITS = 19
"""Of the largest amount that the services keep, in millionths."""


def arrow() -> Any:
    """Return pyarrow; raises CommandError when it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CommandError(
            "Parquet needs pyarrow: pip install 'touchpoint-server[parquet]'"
        ) from None
    return pyarrow


def schema_of(table: Table) -> Any:
    """Return the Arrow schema of a table; each column carries its description."""
    pa = arrow()
    types = {
        Type.TEXT: pa.string(),
        Type.TEXTS: pa.list_(pa.string()),
        Type.NUMBER: pa.float64(),
        Type.NUMBERS: pa.list_(pa.float64()),
        Type.WHOLE: pa.int64(),
        Type.YES: pa.bool_(),
        Type.MONEY: pa.decimal128(_INT64_DIGITS, 6),
        Type.TIME: pa.timestamp("us", tz="UTC"),
        Type.JSON: pa.string(),
    }
    return pa.schema(
        pa.field(column.name, types[column.type], metadata={"description": column.text})
        for column in table.columns
    )


@lru_cache(50_000)
def decimal(micros: int) -> Decimal:
    """Return millionths as a decimal; amounts repeat themselves."""
    return Decimal(micros).scaleb(-6)


def day_of(time_us: int) -> str:
    """Return the day in UTC, as folders are named."""
    return _day(time_us // DAY_US)


@lru_cache(4_000)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_US // 1_000_000, UTC).date().isoformat()


@dataclass(slots=True)
class Draft:
    """The files of one table as they are being written; nobody reads them before `publish`."""

    table: Table
    folder: Path
    number: int
    """Of the export; part of the names, so that what a killed one left is known."""
    rows: int = 0
    _waiting: dict[str, list[Values]] = field(default_factory=lambda: defaultdict(list))
    _held: int = 0
    _open: dict[str, Any] = field(default_factory=dict)
    _parts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, day: str, values: Values, count: int) -> None:
        """Add rows of one day."""
        self._waiting[day].append(values)
        self._held += count
        self.rows += count
        if self._held >= _MAX_WAITING:
            self._flush()

    def add_nothing(self, day: str) -> None:
        """Say of a day that there are no rows: a reader finds the columns all the same."""
        self._waiting[day].append({column.name: [] for column in self.table.columns})

    def close(self) -> None:
        """Write what is held back and end all files."""
        self._flush()
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def _flush(self) -> None:
        pa, schema = arrow(), schema_of(self.table)
        for day in sorted(self._waiting):
            batches = [
                pa.table(
                    [pa.array(values[name], schema.field(name).type) for name in schema.names],
                    schema=schema,
                )
                for values in self._waiting[day]
            ]
            self._writer(day, schema).write_table(pa.concat_tables(batches))
        self._waiting.clear()
        self._held = 0

    def _writer(self, day: str, schema: Any) -> Any:
        writer = self._open.pop(day, None)
        if writer is None:
            if len(self._open) >= _MAX_OPEN:
                self._open.pop(next(iter(self._open))).close()
            folder = self.folder / self.table.name / f"day={day}"
            folder.mkdir(parents=True, exist_ok=True)
            self._parts[day] += 1
            name = f"part-{self.number:06d}-{self._parts[day]}.parquet"
            writer = arrow().parquet.ParquetWriter(folder / name, schema, compression="zstd")
        self._open[day] = writer
        return writer


def by_day(times_us: Sequence[int]) -> Mapping[str, list[int]]:
    """Return the places of rows by their day."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, time_us in enumerate(times_us):
        found[day_of(time_us)].append(place)
    return found
