"""Sends a file's rows in slices, some at once, and counts what became of each."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc.aio

from cli.importing.answers import AnswerSheet
from cli.importing.bookmark import Bookmark
from cli.importing.files import open_rows
from cli.importing.kind import Kind
from cli.importing.mapping import ColumnMapping, MappedFile
from cli.importing.patience import BUSY_PAUSES_S, repeated
from cli.importing.report import Report, RowError
from cli.importing.row_file import BrokenFileError, RowFile
from cli.importing.slicing import Slice, Slicer
from cli.importing.target import Target
from touchpoint.client import call_error

ANSWERS = "answers"

Progress = Callable[[int], None]
"""Told how much more of the file's size has been read."""


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
        self.report = Report()
        self._slicer = Slicer(kind, self._file, self.report, self._bookmark)

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
            try:
                for _ in self._slicer.slices(progress):
                    pass
            except BrokenFileError as error:
                self.report.stopped = str(error)
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
            finally:
                self._bookmark.close()
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
            for part in self._slicer.slices(progress):
                self._bookmark.leaves(part.rows[-1])
                sending.add(asyncio.create_task(self._send(target, part)))
                # Lets the new slice leave before the next one is read.
                await asyncio.sleep(0)
                while len(sending) >= target.in_flight:
                    sending = await _some_done(sending)
        except BrokenFileError as error:
            self.report.stopped = str(error)  # what came before it still counts
        finally:
            # A slice that has left may be applied: its outcome must still be counted.
            outcomes = await asyncio.gather(*sending, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _send(self, target: Target, part: Slice) -> None:
        outcome = await repeated(
            lambda: target.send(part.messages, part.rows[0]), self._busy_pauses_s
        )
        self.report.applied += outcome.applied
        self.report.duplicates += outcome.duplicates
        for refused in outcome.refused:
            row = part.rows[refused.index]
            self._slicer.refuse(RowError(row, refused.column, refused.reason))
        self._bookmark.settled(part.rows[-1])


async def _some_done(sending: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    done, waiting = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return waiting
