"""Large immutable files (indexes, embeddings, models) in one store, named by their hash."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

_NAME = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


class ArtefactError(Exception):
    """An artefact is missing, torn or altered; whoever needs it keeps the last good one."""


class ArtefactAwayError(ArtefactError):
    """It cannot be read for now, though it may be whole: a volume is away, or files ran out."""


class ArtefactStore(Protocol):
    """Puts and gets by SHA-256; small enough that object storage fits behind it."""

    async def put(self, data: bytes) -> str:
        """Keep data for good and return its name; repeating it is harmless."""
        ...

    async def get(self, name: str) -> bytes:
        """Return the data, checked against its name; raises `ArtefactError`.

        Of these, `ArtefactAwayError` says that it may be there the next time.
        """
        ...

    async def file(self, name: str) -> Path:
        """Return a local file with the data, checked, for mapping into memory; never write to it.

        Raises `ArtefactError`.
        """
        ...

    async def remove(self, name: str) -> None:
        """Forget an artefact; one that is not there is forgotten already."""
        ...

    async def sweep(self, keep: Collection[str], older_than_s: float) -> int:
        """Remove all but the artefacts to keep, and what a crash left half written; count them.

        What was put less than `older_than_s` ago stays: its pointer may not be written yet.
        """
        ...


class FolderArtefacts:
    """Files in a folder: written aside, flushed to disk, then renamed, so none is half there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        return await asyncio.to_thread(self._put, data)

    async def get(self, name: str) -> bytes:
        return await asyncio.to_thread(self._get, name)

    async def file(self, name: str) -> Path:
        return await asyncio.to_thread(self._checked, name)

    async def remove(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def sweep(self, keep: Collection[str], older_than_s: float) -> int:
        return await asyncio.to_thread(self._sweep, frozenset(keep), older_than_s)

    def _put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # Also mends a copy that was torn or altered.
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
        return name

    def _get(self, name: str) -> bytes:
        try:
            data = self._path(name).read_bytes()
        except OSError as error:
            raise self._unread(name, error) from error
        _refuse_other(name, hashlib.sha256(data).hexdigest())
        return data

    def _checked(self, name: str) -> Path:
        path, digest = self._path(name), hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise self._unread(name, error) from error
        _refuse_other(name, digest.hexdigest())
        return path

    def _unread(self, name: str, error: OSError) -> ArtefactError:
        """Tell a file that is gone from one that is out of reach, alone or with its folder."""
        if isinstance(error, FileNotFoundError) and self._folder.is_dir():
            return ArtefactError(f"artefact {name} cannot be read: it is gone")
        return ArtefactAwayError(f"artefact {name} cannot be read: {error.strerror}")

    def _sweep(self, keep: frozenset[str], older_than_s: float) -> int:
        swept = 0
        for path in self._folder.glob("*/*"):
            if path.name in keep:
                continue
            try:
                age_s = time.time() - path.stat().st_mtime
                if age_s >= older_than_s:
                    path.unlink()
                    swept += 1
            except FileNotFoundError:
                # Another process swept it as well, or its draft was given its name.
                continue
        return swept

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ArtefactError(f"{name!r} is no name of an artefact")
        return self._folder / name[:2] / name


def _refuse_other(name: str, found: str) -> None:
    if found != name:
        raise ArtefactError(f"artefact {name} is torn or altered")


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
