"""Looks at the real processes of a home."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from shared.engines.outside import existing_folders

ROOT = Path(__file__).parents[3]
GONE_TIMEOUT_S = 30.0


def data_of(home: Path) -> Path:
    """Return where PostgreSQL's data of a home lies: outside of it where only root may enter."""
    folders = (home, *existing_folders(home, os.environ))
    return next(folder / "postgres" for folder in folders if (folder / "postgres").is_dir())


def of_home(home: Path, *more: Path) -> list[psutil.Process]:
    """List the processes that name the home on their command line or work below it."""
    outside = existing_folders(home, os.environ)
    places = [str(place) for place in (home, *outside, *more)]
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            words = (*process.cmdline(), process.cwd())
            if process.pid != os.getpid() and any(p in word for p in places for word in words):
                found.append(process)
    return found


def engine(home: Path, name: str) -> psutil.Process:
    """Return the engine's main process: the only one whose parent is its keeper."""
    [process] = [each for each in of_home(home) if _is_kept(each, name)]
    return process


def _is_kept(process: psutil.Process, name: str) -> bool:
    """Tell whether the process is the engine; one that ends while it is asked is not."""
    with contextlib.suppress(psutil.Error):
        parent = process.parent() if process.name() == name else None
        return parent is not None and "keeper.py" in " ".join(parent.cmdline())
    return False


def assert_gone(processes: Sequence[psutil.Process]) -> None:
    assert processes, "there was nothing to look for"
    _, alive = psutil.wait_procs(processes, timeout=GONE_TIMEOUT_S)
    assert alive == []


@contextlib.contextmanager
def owner(
    home: Path, environ: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run an owner of the home's engines; gives it and the addresses that it printed."""
    with subprocess.Popen(
        [*before, sys.executable, "-m", "tests.integration.engines.owner", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the owner ended without an address"
            yield process, json.loads(line)
        finally:
            process.kill()
