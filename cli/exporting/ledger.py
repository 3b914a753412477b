"""How far an export has come: what is committed stands in one small file, all else is a draft."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.console import CommandError
from cli.exporting.parquet import Draft

STATE = "_export.json"
DRAFTS = ".draft"
_FILE = re.compile(r"part-(\d+)-\d+\.parquet")


@dataclass(slots=True)
class Ledger:
    """The exports into one folder; their numbers rise."""

    folder: Path
    number: int = 0
    """Of the last export that was committed; 0: there was none."""
    in_house: bool = False
    watermarks: dict[str, int] = field(default_factory=dict)
    """Of each log the position that is in the files."""

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Read how far it came, and remove what a killed export left; raises CommandError."""
        ledger = cls(folder)
        state = folder / STATE
        if state.is_file():
            try:
                told = json.loads(state.read_text(encoding="utf-8"))
                ledger.number, ledger.in_house = int(told["number"]), bool(told["in_house"])
                ledger.watermarks = dict(told["watermarks"])
            except (ValueError, KeyError, TypeError):
                raise CommandError(
                    f"{state} is not what an export writes: export into a new folder"
                ) from None
        elif folder.exists() and any(p.name != DRAFTS for p in folder.iterdir()):
            raise CommandError(f"{folder} is no folder of an export: name a new or an empty one")
        ledger.draft_folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(ledger.draft_folder)
        for path in folder.glob("*/day=*/part-*.parquet"):
            if number_of(path) > ledger.number:
                path.unlink()
        return ledger

    @property
    def draft_folder(self) -> Path:
        return self.folder / DRAFTS

    def publish(self, drafts: Sequence[Draft], watermarks: Mapping[str, int], day: str) -> None:
        """Put finished drafts in their places, each file whole, and note that they are there.

        Killed before the note is written, the next export removes them and writes them anew.
        """
        for draft in drafts:
            if not draft.rows and not (draft.table.is_log and self._has_any(draft)):
                draft.add_nothing(day)
            draft.close()
            if not draft.table.is_log:
                self._clear(draft)
            for path in sorted((self.draft_folder / draft.table.name).glob("day=*/*.parquet")):
                place = self.folder / draft.table.name / path.parent.name
                place.mkdir(parents=True, exist_ok=True)
                _sync(path)
                path.replace(place / path.name)
        self.watermarks |= watermarks
        self.number += 1
        self._write()
        shutil.rmtree(self.draft_folder, ignore_errors=True)

    def _has_any(self, draft: Draft) -> bool:
        return any((self.folder / draft.table.name).glob("day=*/*.parquet"))

    def _clear(self, draft: Draft) -> None:
        """Remove earlier exports of a day that is exported again."""
        for day in (self.draft_folder / draft.table.name).glob("day=*"):
            shutil.rmtree(self.folder / draft.table.name / day.name, ignore_errors=True)

    def _write(self) -> None:
        told = {
            "number": self.number,
            "in_house": self.in_house,
            "watermarks": dict(sorted(self.watermarks.items())),
        }
        draft = self.folder / f"{STATE}.draft"
        draft.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        _sync(draft)
        draft.replace(self.folder / STATE)


def number_of(path: Path) -> int:
    """Return the number of the export that wrote a file; 0: none did."""
    named = _FILE.fullmatch(path.name)
    return int(named[1]) if named else 0


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
