"""Lets one process at a time own a thing on disk, and says who does."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from pathlib import Path

from shared.processes.identity import ProcessIdentity

POLL_S = 0.05


class LockedError(Exception):
    """Another living process owns it. Expected; the user's to solve."""

    def __init__(self, path: Path, holder: ProcessIdentity | None) -> None:
        who = f"process {holder.pid}" if holder else "another process"
        super().__init__(f"{path} is held by {who}")
        self.holder = holder


class FileLock:
    """An advisory lock on a file, freed by the kernel when all its holders are gone.

    A child that is given `fileno()` holds it too, so that the lock outlives its owner for as long
    as the child still cleans up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def fileno(self) -> int:
        assert self._file is not None, "not acquired"
        return self._file

    async def acquire(self, timeout_s: float) -> None:
        """Take the lock; waits at most `timeout_s` for what a dead owner left to clean up.

        Raises `LockedError` at once if the owner lives.
        """
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await self._wait_for(file, timeout_s)
            os.ftruncate(file, 0)
            if (me := ProcessIdentity.of(os.getpid())) is not None:
                os.pwrite(file, json.dumps(me.as_json()).encode(), 0)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        """Give it back; does nothing if it is not held."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    async def _wait_for(self, file: int, timeout_s: float) -> None:
        until = asyncio.get_running_loop().time() + timeout_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _holder(file)
                alive = holder is not None and holder.is_alive()
                if alive or asyncio.get_running_loop().time() > until:
                    raise LockedError(self._path, holder) from None
                await asyncio.sleep(POLL_S)
            else:
                return


def holder_of(path: Path) -> ProcessIdentity | None:
    """Return the living process that holds the lock; None if nobody does."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        holder = _holder(file)
    finally:
        os.close(file)
    return holder if holder is not None and holder.is_alive() else None


def _holder(file: int) -> ProcessIdentity | None:
    try:
        return ProcessIdentity.from_json(json.loads(os.pread(file, 65536, 0)))
    except ValueError:
        return None
