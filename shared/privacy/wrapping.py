"""Where wrapping keys are kept: outside of PostgreSQL, so that its backups die with a renewal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from shared.privacy.encryption import KEY_BYTES, UndecipherableError, WrappingKey


class WrappingKeys(Protocol):
    """The wrapping keys that still exist; a key management service can stand behind it."""

    def current(self) -> WrappingKey:
        """Return the newest key, making the first one if there is none."""
        ...

    def of(self, renewal: int) -> WrappingKey:
        """Return the key of a renewal; `UndecipherableError` when it was discarded."""
        ...

    def renew(self, after: int) -> WrappingKey:
        """Return the key that follows renewal `after`, made once however many ask."""
        ...

    def discard(self, before: int) -> None:
        """Destroy the keys of all renewals below `before`, once everything was wrapped anew."""
        ...


class FolderWrappingKeys:
    """One file of 32 bytes per renewal, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[int, WrappingKey] = {}

    def current(self) -> WrappingKey:
        renewals = self._renewals()
        return self.of(renewals[-1]) if renewals else self.renew(0)

    def of(self, renewal: int) -> WrappingKey:
        if renewal not in self._read:
            try:
                key = self._path(renewal).read_bytes()
            except FileNotFoundError as error:
                raise UndecipherableError("the wrapping key was discarded") from error
            self._read[renewal] = WrappingKey(renewal, key)
        return self._read[renewal]

    def renew(self, after: int) -> WrappingKey:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        renewal = after + 1
        draft = self._folder / f".{renewal}.{os.getpid()}"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, unlike a rename, loses against whoever was there first.
            os.link(draft, self._path(renewal))
        except FileExistsError:
            return self.of(renewal)
        finally:
            draft.unlink()
        return self.of(renewal)

    def discard(self, before: int) -> None:
        for renewal in self._renewals():
            if renewal < before:
                path = self._path(renewal)
                path.write_bytes(bytes(KEY_BYTES))
                path.unlink()
                self._read.pop(renewal, None)

    def _renewals(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob("*.key"))

    def _path(self, renewal: int) -> Path:
        return self._folder / f"{renewal}.key"
