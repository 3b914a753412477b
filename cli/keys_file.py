"""The file of who may call, as the command line adds to it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from cli.console import CommandError
from cli.suite.home import Home
from shared.callers.book import BookError, parse_book

_HEADER = "# Who may call: docs/callers.md. `touchpoint keys` writes here and keeps only hashes.\n"


class KeysFile:
    """The keys of a deployment; written whole or not at all, and only if it can be read again."""

    def __init__(self, path: Path) -> None:
        """Read the file if it is there; raises CommandError where it is wrong."""
        self.path = path
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        self._check(text)
        self._content: dict[str, Any] = yaml.safe_load(text) or {}

    @classmethod
    def of(cls, home: Home, environ: Mapping[str, str] = os.environ) -> KeysFile:
        """Return the file that TOUCHPOINT_KEYS names, else that of the home."""
        told = environ.get("TOUCHPOINT_KEYS")
        return cls(Path(told) if told else home.path / "keys.yaml")

    @property
    def callers(self) -> list[dict[str, Any]]:
        return list(self._content.get("callers") or ())

    def add(self, entry: dict[str, Any]) -> None:
        """Add a caller; raises CommandError for one that is not as it must be."""
        self._content["callers"] = [*self.callers, entry]
        self._write()

    def revoke(self, key_id: str, now: datetime) -> dict[str, Any]:
        """Refuse a key from now on and return whose it was; raises CommandError for none."""
        found = [entry for entry in self.callers if entry.get("id") == key_id]
        if not found:
            raise CommandError(f"{self.path} has no key {key_id}")
        found[0].setdefault("revoked", now.replace(microsecond=0))
        self._write()
        return found[0]

    def _write(self) -> None:
        text = _HEADER + yaml.safe_dump(self._content, sort_keys=False, allow_unicode=True)
        self._check(text)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = self.path.stat() if self.path.exists() else None
        draft = self.path.with_name(f".{self.path.name}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if before is not None:
            # Whoever could read the file before still can, a container of another user too.
            draft.chmod(before.st_mode & 0o777)
            with contextlib.suppress(PermissionError):
                os.chown(draft, before.st_uid, before.st_gid)
        draft.replace(self.path)

    def _check(self, text: str) -> None:
        try:
            parse_book(text, self.path)
        except BookError as error:
            raise CommandError(str(error)) from None


def ends(entry: Mapping[str, Any]) -> str:
    """Return since when or until when a key is good, in a word or two."""
    if "revoked" in entry:
        return f"revoked {_day(entry['revoked'])}"
    if "expires" in entry:
        return f"until {_day(entry['expires'])}"
    return "for good"


def _day(moment: datetime | date) -> str:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d}"
