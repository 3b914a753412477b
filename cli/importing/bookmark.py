"""How far an import came and what it refused, so that a killed one goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TextIO

from cli.importing.report import RowError


@dataclass(slots=True)
class Bookmark:
    """The last row before which everything is settled: applied, there already, or refused."""

    path: Path | None = None
    """None: nothing is noted."""
    row: int = 0
    _last_rows: list[int] = field(default_factory=list)
    """Of the slices on their way, in the order of the file."""
    _settled: set[int] = field(default_factory=set)
    _refusals: TextIO | None = None

    @classmethod
    def at(cls, path: Path, *, from_start: bool = False) -> Bookmark:
        """Return where an import of this file stopped; the beginning if it never did."""
        if from_start:
            path.unlink(missing_ok=True)
        try:
            row = int(json.loads(path.read_text(encoding="utf-8"))["row"])
        except (OSError, ValueError, KeyError, TypeError):
            row = 0
        _keep_refusals(_refusals_of(path), row)
        return cls(path, row)

    def refused(self) -> Iterator[RowError]:
        """Yield the rows up to the mark that earlier attempts refused."""
        if self.path is not None and self.row:
            yield from _refused(_refusals_of(self.path), self.row)

    def refuses(self, error: RowError) -> None:
        """Note a refused row; it is on disk before the mark passes it."""
        if self.path is None:
            return
        if self._refusals is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._refusals = _refusals_of(self.path).open("a", encoding="utf-8")
        self._refusals.write(_line(error))

    def leaves(self, last_row: int) -> None:
        """Note that a slice that ends with a row is on its way."""
        self._last_rows.append(last_row)

    def settled(self, last_row: int) -> None:
        """Note that the slice has arrived; others before it may not have."""
        self._settled.add(last_row)
        while self._last_rows and self._last_rows[0] in self._settled:
            row = self._last_rows.pop(0)
            self._settled.discard(row)
            self.row = row - 1  # a row may have become several, of which the next slice has some
        self._write()

    def close(self) -> None:
        """Put what was refused on disk."""
        if self._refusals is not None:
            self._refusals.close()
            self._refusals = None

    def remove(self) -> None:
        """Forget it: all of the file is settled."""
        self.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            _refusals_of(self.path).unlink(missing_ok=True)

    def _write(self) -> None:
        if self.path is None:
            return
        if self._refusals is not None:
            self._refusals.flush()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft_of(self.path)
        draft.write_text(json.dumps({"row": self.row}), encoding="utf-8")
        draft.replace(self.path)


def _refusals_of(path: Path) -> Path:
    return path.with_suffix(".refused.jsonl")


def _draft_of(path: Path) -> Path:
    """Return a name beside it that another import of the same file does not take."""
    return path.with_suffix(f".{os.getpid()}.draft")


def _line(error: RowError) -> str:
    return json.dumps(astuple(error)) + "\n"


def _refused(path: Path, row: int) -> Iterator[RowError]:
    """Yield refused rows up to one; of the last line a killed import may have written a part."""
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                number, column, reason, value = json.loads(line)
                if number <= row:
                    yield RowError(number, column, reason, value)
    except (OSError, ValueError):
        return


def _keep_refusals(path: Path, row: int) -> None:
    """Drop refused rows beyond one: they are looked at again."""
    if path.exists():
        draft = _draft_of(path)
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(map(_line, _refused(path, row)))
        draft.replace(path)
