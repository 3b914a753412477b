"""Reads Parquet as rows, as many at once as fit into a bounded piece of memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from cli.importing.row_file import (
    BATCH_ROWS,
    Advance,
    BrokenFileError,
    Row,
    checked_header,
    silent,
)

_BATCH_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """Apache Parquet, read through pyarrow; size in rows."""

    path: Path

    @property
    def size(self) -> int:
        return int(self._open().metadata.num_rows)

    def columns(self) -> frozenset[str] | None:
        return checked_header(self.path, self._open().schema_arrow.names)

    def check(self) -> None:
        """Look at the footer; a page that is broken is met when it is read."""
        self._open()

    def rows(self, advance: Advance = silent) -> Iterator[tuple[int, Row | str]]:
        number = 1
        file = self._open()
        names = file.schema_arrow.names
        for batch in self._batches(file):
            columns = [_cells(column) for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(names, cells, strict=True))
            advance(batch.num_rows)

    def _batches(self, file: Any) -> Iterator[Any]:
        from pyarrow import ArrowException

        try:
            yield from file.iter_batches(batch_size=_rows_at_once(file.metadata))
        except (ArrowException, OSError) as error:
            raise BrokenFileError(f"{self.path}: {error}") from None

    def _open(self) -> Any:
        try:
            import pyarrow.parquet as parquet
        except ImportError:
            raise BrokenFileError(
                "Parquet needs pyarrow: pip install 'touchpoint-server[parquet]'"
            ) from None
        from pyarrow import ArrowException

        try:
            return parquet.ParquetFile(self.path)
        except (ArrowException, OSError) as error:
            raise BrokenFileError(f"{self.path}: {error}") from None


def _rows_at_once(metadata: Any) -> int:
    """Return how many rows of usual length fit into the memory that is taken for them."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    row_bytes: int = sum(group.total_byte_size for group in groups) // max(1, metadata.num_rows)
    return max(1, min(BATCH_ROWS, _BATCH_BYTES // max(1, row_bytes)))


def _cells(column: Any) -> list[Any]:
    from pyarrow import ArrowException, timestamp, types

    zone = types.is_timestamp(column.type) and column.type.tz is not None
    try:
        if types.is_timestamp(column.type):
            # To make a zone for each costs more than all else. Only nanoseconds are cut off.
            column = column.cast(timestamp("us"), safe=column.type.unit != "ns")
        found: list[Any] = column.to_pylist()
    except (ArrowException, ValueError, OverflowError):
        return [_cell(scalar) for scalar in column]
    if zone:
        return [cell if cell is None else cell.replace(tzinfo=UTC) for cell in found]
    return found


def _cell(scalar: Any) -> Any:
    """Return a cell; one that no type of ours holds as bytes, which are refused with it shown."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        if hasattr(scalar, "as_buffer"):
            return scalar.as_buffer().to_pybytes()
        return str(getattr(scalar, "value", scalar.type)).encode()
