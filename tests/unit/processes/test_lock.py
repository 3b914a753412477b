"""One owner at a time."""

import os
from pathlib import Path

import pytest

from shared.processes.lock import FileLock, LockedError, holder_of


async def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    await first.acquire(timeout_s=0)
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        await second.acquire(timeout_s=30)
    first.release()


async def test_a_lock_given_back_can_be_taken_by_another(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    await first.acquire(timeout_s=0)
    first.release()
    await second.acquire(timeout_s=0)
    second.release()


async def test_the_holder_can_be_asked_for_from_outside(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert holder_of(tmp_path / "lock") is None
    await lock.acquire(timeout_s=0)
    holder = holder_of(tmp_path / "lock")
    assert holder is not None
    assert holder.pid == os.getpid()
    lock.release()
    assert holder_of(tmp_path / "lock") is None


async def test_what_a_dead_owner_left_holding_the_lock_is_waited_for_only_so_long(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lock"
    left = FileLock(path)
    await left.acquire(timeout_s=0)
    path.write_text('{"pid": 1, "start": "an earlier boot:7", "command": ["up"]}')
    with pytest.raises(LockedError):
        await FileLock(path).acquire(timeout_s=0.1)
    left.release()
