"""Homes for real engines."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.processes import launch
from shared.processes.launch import PYTHON


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def private_home() -> Iterator[Path]:
    """A home inside a folder that only its owner may enter."""
    folder = Path(tempfile.mkdtemp(prefix="touchpoint-test-"))
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that any user may pass through, as /var/lib/touchpoint is."""
    folder = Path(tempfile.mkdtemp(prefix="touchpoint-test-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def in_a_namespace(uid: int) -> list[str]:
    """Return what, put before a command, runs it as that user in a user namespace."""
    user = {"uid": uid, "gid": uid, "namespace": True}
    return [*PYTHON, launch.__file__, launch.order(os.getpid(), 9, user)]


def namespaces_are_allowed() -> bool:
    before = in_a_namespace(65534)
    return sys.platform == "linux" and os.spawnv(os.P_WAIT, before[0], [*before, "/bin/true"]) == 0


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by PostgreSQL")
needs_namespaces = pytest.mark.skipif(
    not namespaces_are_allowed(), reason="user namespaces are not allowed here"
)
