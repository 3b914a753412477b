"""How far an import came, so that a killed one goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Bookmark:
    """The last row before which everything is settled: applied, there already, or refused."""

    path: Path | None = None
    """None: nothing is noted."""
    row: int = 0
    _last_rows: list[int] = field(default_factory=list)
    """Of the slices on their way, in the order of the file."""
    _settled: set[int] = field(default_factory=set)

    @classmethod
    def at(cls, path: Path) -> Bookmark:
        """Return where an import of this file stopped; the beginning if it never did."""
        try:
            row = int(json.loads(path.read_text(encoding="utf-8"))["row"])
        except (OSError, ValueError, KeyError, TypeError):
            row = 0
        return cls(path, row)

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

    def remove(self) -> None:
        """Forget it: all of the file is settled."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps({"row": self.row}), encoding="utf-8")
        draft.replace(self.path)
