"""Reads a file, makes messages of its rows and sends them in slices, some at once."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import grpc.aio

from cli.importing.answers import AnswerSheet
from cli.importing.bookmark import Bookmark
from cli.importing.event_rows import NotPlainError, columns_of, read_columns
from cli.importing.files import BadCell, BrokenFileError, Row, RowFile, open_rows
from cli.importing.kind import CellError, Kind
from cli.importing.mapping import ColumnMapping, MappedFile
from cli.importing.patience import BUSY_PAUSES_S, repeated
from cli.importing.report import Report, RowError
from cli.importing.target import Target
from touchpoint.client import call_error
from touchpoint.profile.v1.transfer_pb2 import EventRows

SLICE_ROWS = 5_000
ANSWERS = "answers"
SLICE_BYTES = 3_000_000
"""Services take requests up to 4 MiB."""

Progress = Callable[[int], None]
"""Told how much more of the file's size has been read."""


@dataclass(slots=True)
class _Slice:
    """Messages on their way, and the row each came from."""

    messages: Any = field(default_factory=list)
    """A list; of events the columns of them."""
    rows: list[int] = field(default_factory=list)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.messages) >= SLICE_ROWS or self.size >= SLICE_BYTES


class Importer:
    """Imports one file of one kind."""

    def __init__(
        self,
        kind: Kind,
        path: Path,
        mapping: ColumnMapping | None = None,
        bookmark: Bookmark | None = None,
        busy_pauses_s: Sequence[float] = BUSY_PAUSES_S,
    ) -> None:
        """Open the file; raises BrokenFileError when it cannot be what its name says."""
        self._kind = kind
        self._path = path
        self._busy_pauses_s = busy_pauses_s
        self._file: RowFile = open_rows(path)
        if mapping is not None:
            self._file = MappedFile(self._file, mapping)
        if kind.name == ANSWERS:
            self._file = AnswerSheet(self._file)
        self._bookmark = bookmark or Bookmark()
        self._done = self._bookmark.row
        self.report = Report()

    @property
    def size(self) -> int:
        """How much there is to read, in units that `Progress` is told."""
        return self._file.size

    def check(self) -> None:
        """Refuse a broken file before anything of it is applied; raises BrokenFileError."""
        found = self._file.columns()
        problems = [] if found is None else self._kind.check_columns(found)
        if problems:
            raise BrokenFileError("\n".join(f"{self._path}: {problem}" for problem in problems))
        self._file.check()

    def rehearse(self, progress: Progress) -> Report:
        """Read every row and apply none; no service is asked."""
        self.report.dry_run, self.report.was_asked = True, False
        with self._timed():
            for _ in self._slices(progress):
                pass
        return self.report

    async def ask(self, target: Target, progress: Progress) -> Report:
        """Have the services say what would become of every row; the target only rehearses.

        What rows of different slices would do to each other is not seen.
        """
        self.report.dry_run = True
        return await self._sent(target, progress)

    async def apply(self, target: Target, progress: Progress) -> Report:
        """Send every good row; what was applied when a service fails stays, and is counted.

        An import may be repeated: rows that are there already count as duplicates.
        """
        report = await self._sent(target, progress)
        if not report.stopped:
            self._bookmark.remove()
        return report

    async def _sent(self, target: Target, progress: Progress) -> Report:
        with self._timed():
            try:
                await self._send_all(target, progress)
                finished = await repeated(target.finish, self._busy_pauses_s)
                self.report.persons, self.report.parked = finished
            except grpc.aio.AioRpcError as error:
                self.report.stopped = str(call_error(error)) or error.code().name
        return self.report

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Measure the import, without the garbage collector.

        Rows and messages hold no cycles; walking thousands of them again and again would take a
        third of the time.
        """
        began = time.monotonic()
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            self.report.seconds = time.monotonic() - began
            if was_enabled:
                gc.enable()

    async def _send_all(self, target: Target, progress: Progress) -> None:
        sending: set[asyncio.Task[None]] = set()
        try:
            for part in self._slices(progress):
                self._bookmark.leaves(part.rows[-1])
                sending.add(asyncio.create_task(self._send(target, part)))
                # Lets the new slice leave before the next one is read.
                await asyncio.sleep(0)
                while len(sending) >= target.in_flight:
                    sending = await _some_done(sending)
            while sending:
                sending = await _some_done(sending)
        finally:
            # A slice that has left may be applied: its outcome must still be counted.
            await asyncio.gather(*sending, return_exceptions=True)

    async def _send(self, target: Target, part: _Slice) -> None:
        outcome = await repeated(
            lambda: target.send(part.messages, part.rows[0]), self._busy_pauses_s
        )
        self.report.applied += outcome.applied
        self.report.duplicates += outcome.duplicates
        for refused in outcome.refused:
            self.report.refuse(RowError(part.rows[refused.index], refused.column, refused.reason))
        self._bookmark.settled(part.rows[-1])

    def _slices(self, progress: Progress) -> Iterator[_Slice]:
        return self._of_events(progress) if self._kind.are_events else self._of_rows(progress)

    def _of_events(self, progress: Progress) -> Iterator[_Slice]:
        rows = self._counted(progress)
        while chunk := list(islice(rows, SLICE_ROWS)):
            yield from self._packed(chunk)

    def _packed(self, chunk: Sequence[tuple[int, Row | BadCell | str]]) -> Iterator[_Slice]:
        """Yield rows as columns; what cannot be read so is looked at one by one."""
        numbers, rows = zip(*chunk, strict=True)
        try:
            if not self._kind.is_plain or set(map(type, rows)) != {dict}:
                raise NotPlainError("a row is broken")
            packed = read_columns(self._kind, rows)
            yield from _fitting(packed, numbers, rows, partial(read_columns, self._kind))
        except NotPlainError:
            built = list(self._built(chunk))
            if built:
                numbers, events = zip(*built, strict=True)
                yield from _fitting(columns_of(events), numbers, events, columns_of)

    def _built(self, chunk: Iterable[tuple[int, Row | BadCell | str]]) -> Iterator[tuple[int, Any]]:
        """Yield the messages of good rows and note what is wrong with the others."""
        for number, row in chunk:
            if isinstance(row, str):
                self.report.refuse(RowError(number, "", row))
            elif isinstance(row, BadCell):
                self.report.refuse(RowError(number, row.column, row.reason, row.value))
            else:
                try:
                    yield number, self._kind.build(row)
                except CellError as error:
                    self.report.refuse(RowError(number, error.column, error.reason, error.value))

    def _counted(self, progress: Progress) -> Iterator[tuple[int, Row | BadCell | str]]:
        """Yield the rows that no earlier attempt has settled."""
        report, done = self.report, self._done
        for numbered in self._file.rows(progress):
            report.rows += 1
            if numbered[0] > done:
                yield numbered
            else:
                report.skipped += 1

    def _of_rows(self, progress: Progress) -> Iterator[_Slice]:
        part = _Slice()
        for number, message in self._built(self._counted(progress)):
            part.messages.append(message)
            part.rows.append(number)
            part.size += message.ByteSize()
            if part.is_full:
                yield part
                part = _Slice()
        if part.messages:
            yield part


def _fitting(
    packed: EventRows,
    numbers: Sequence[int],
    events: Sequence[Any],
    pack: Callable[[Sequence[Any]], EventRows],
) -> Iterator[_Slice]:
    """Yield events as one slice, or as halves where they are too large for a request."""
    if packed.ByteSize() <= SLICE_BYTES or len(numbers) == 1:
        yield _Slice(packed, list(numbers))
        return
    middle = len(numbers) // 2
    for part in (slice(None, middle), slice(middle, None)):
        yield from _fitting(pack(events[part]), numbers[part], events[part], pack)


async def _some_done(sending: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    done, waiting = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return waiting
