"""A PostgreSQL data folder."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from shared.engines import cluster
from shared.engines.binaries import find_postgres
from shared.engines.errors import EngineError

DiskUsage = namedtuple("DiskUsage", "total used free")


def test_a_folder_of_another_major_version_is_refused_by_both_versions(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")
    with pytest.raises(EngineError, match="PostgreSQL 16, and this is 18"):
        cluster.exists(tmp_path)


async def test_a_full_disk_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**9, 10**9, 5_000_000))
    with pytest.raises(EngineError, match="is full: a new PostgreSQL needs 256 MB, 5 MB are free"):
        await cluster.initialise(find_postgres(), tmp_path / "postgres", "secret", None)
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_is_private_and_names_the_port(tmp_path: Path) -> None:
    cluster.configure(tmp_path, 17_432, None)
    text = (tmp_path / "postgresql.conf").read_text()
    assert "port = 17432" in text
    assert "fsync = on" in text
    assert (tmp_path / "postgresql.conf").stat().st_mode & 0o077 == 0


async def test_a_pid_file_whose_pid_belongs_to_a_stranger_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n{tmp_path}\n")
    await cluster.end_leftover(tmp_path, ())
    assert not file.exists()


async def test_a_pid_file_of_a_dead_server_is_left_for_postgresql_to_judge(tmp_path: Path) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{2**22 + 1}\n{tmp_path}\n")
    await cluster.end_leftover(tmp_path, ())
    assert file.exists()
