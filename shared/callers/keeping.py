"""Keeps the file of callers in memory, and follows its changes without a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from shared.callers.book import Book, BookError, read_book
from shared.logging import get_logger

log = get_logger(__name__)

LOOK_EVERY_S = 1.0
"""How long a revoked key may still open."""

Stamp = tuple[int, int, int]


class KeptBook:
    """The latest good state of a file; what is written into it counts within a second.

    A change that cannot be read is told in the log, and what was read before it stays in force.
    """

    def __init__(self, file: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read the file; raises BookError."""
        self._file = file
        self._monotonic = monotonic
        self._stamp = _stamp(file)
        self._book = read_book(file)
        self._looked_s = monotonic()

    def __call__(self) -> Book:
        """Return who may call; another object after each change."""
        now_s = self._monotonic()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            self._look()
        return self._book

    def _look(self) -> None:
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._book = read_book(self._file)
        except BookError as error:
            log.error("callers_unreadable", file=str(self._file), why=str(error))
        else:
            log.info("callers_read_anew", file=str(self._file), keys=len(self._book.holders))


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
