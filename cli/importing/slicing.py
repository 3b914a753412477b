"""Makes messages of a file's rows, in slices that fit into a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from google.protobuf.message import Message

from cli.importing.bookmark import Bookmark
from cli.importing.event_rows import NotPlainError, columns_of, read_columns
from cli.importing.kind import CellError, Kind
from cli.importing.report import Report, RowError
from cli.importing.row_file import Advance, BadCell, Row, RowFile
from touchpoint.profile.v1.transfer_pb2 import EventRows

SLICE_ROWS = 5_000
SLICE_BYTES = 3_000_000
"""Services take requests up to 4 MiB."""
_CHUNK_BYTES = 16_000_000
"""Of the file; rows are read many at a time, of long ones fewer."""

Numbered = tuple[int, Row | BadCell | str]
Thing = TypeVar("Thing")


@dataclass(slots=True)
class Slice:
    """Messages on their way, and the row each came from."""

    messages: Any = field(default_factory=list)
    """A list; of events the columns of them."""
    rows: list[int] = field(default_factory=list)


class Slicer:
    """Reads one file once; what is wrong with a row is told, and the others go on."""

    def __init__(self, kind: Kind, file: RowFile, report: Report, bookmark: Bookmark) -> None:
        self._kind = kind
        self._file = file
        self._report = report
        self._bookmark = bookmark
        self._read = 0

    def slices(self, progress: Advance) -> Iterator[Slice]:
        """Yield what is to be sent; raises BrokenFileError for a file that ends in the middle."""
        for error in self._bookmark.refused():
            self._report.refuse(error)
            self._report.skipped -= 1
        rows = self._unsettled(progress)
        return self._of_events(rows) if self._kind.are_events else self._of_rows(rows)

    def refuse(self, error: RowError) -> None:
        """Tell of a refused row, also those who go on with a killed import."""
        self._bookmark.refuses(error)
        self._report.refuse(error)

    def _unsettled(self, progress: Advance) -> Iterator[Numbered]:
        """Yield the rows that no earlier attempt has settled."""

        def advance(read: int) -> None:
            self._read += read
            progress(read)

        report, done = self._report, self._bookmark.row
        for numbered in self._file.rows(advance):
            report.rows += 1
            if numbered[0] > done:
                yield numbered
            else:
                report.skipped += 1

    def _of_events(self, rows: Iterator[Numbered]) -> Iterator[Slice]:
        chunk, began = [], self._read
        for numbered in rows:
            chunk.append(numbered)
            if len(chunk) >= SLICE_ROWS or self._read - began >= _CHUNK_BYTES:
                yield from self._packed(chunk)
                chunk, began = [], self._read
        if chunk:
            yield from self._packed(chunk)

    def _packed(self, chunk: Sequence[Numbered]) -> Iterator[Slice]:
        """Yield rows as columns; what cannot be read so is looked at one by one."""
        numbers, rows = zip(*chunk, strict=True)
        try:
            if not self._kind.is_plain or set(map(type, rows)) != {dict}:
                raise NotPlainError("a row is broken")
            packed = read_columns(self._kind, rows)
        except NotPlainError:
            built = list(self._built(chunk))
            if built:
                numbers, events = zip(*built, strict=True)
                yield from self._fitting(columns_of(events), numbers, events, columns_of)
        else:
            yield from self._fitting(packed, numbers, rows, partial(read_columns, self._kind))

    def _fitting(
        self,
        packed: EventRows,
        numbers: Sequence[int],
        events: Sequence[Any],
        pack: Callable[[Sequence[Any]], EventRows],
    ) -> Iterator[Slice]:
        """Yield events as one slice, or as halves where they are too large for a request."""
        size = packed.ByteSize()
        if size <= SLICE_BYTES:
            yield Slice(packed, list(numbers))
        elif len(numbers) == 1:
            self._refuse_large(numbers[0], size)
        else:
            middle = len(numbers) // 2
            for part in (slice(None, middle), slice(middle, None)):
                yield from self._fitting(pack(events[part]), numbers[part], events[part], pack)

    def _of_rows(self, rows: Iterator[Numbered]) -> Iterator[Slice]:
        for part in fitting(self._small(rows), lambda built: built[1].ByteSize()):
            numbers, messages = zip(*part, strict=True)
            yield Slice(list(messages), list(numbers))

    def _small(self, rows: Iterator[Numbered]) -> Iterator[tuple[int, Message]]:
        for number, message in self._built(rows):
            size = message.ByteSize()
            if size <= SLICE_BYTES:
                yield number, message
            else:
                self._refuse_large(number, size)

    def _built(self, rows: Iterable[Numbered]) -> Iterator[tuple[int, Message]]:
        """Yield the messages of good rows and note what is wrong with the others."""
        for number, row in rows:
            if isinstance(row, str):
                self.refuse(RowError(number, "", row))
            elif isinstance(row, BadCell):
                self.refuse(RowError(number, row.column, row.reason, row.value))
            else:
                try:
                    yield number, self._kind.build(row)
                except CellError as error:
                    self.refuse(RowError(number, error.column, error.reason, error.value))

    def _refuse_large(self, number: int, size: int) -> None:
        reason = f"is too large with {size:,} bytes: {SLICE_BYTES:,} at the most"
        self.refuse(RowError(number, "", reason))


def fitting(
    things: Iterable[Thing], size_of: Callable[[Thing], int], at_most: int = SLICE_ROWS
) -> Iterator[list[Thing]]:
    """Yield things in lists that fit into a request."""
    part: list[Thing] = []
    total = 0
    for thing in things:
        size = size_of(thing)
        if part and (len(part) >= at_most or total + size > SLICE_BYTES):
            yield part
            part, total = [], 0
        part.append(thing)
        total += size
    if part:
        yield part
