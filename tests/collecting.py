"""Makes it quicker to collect thousands of tests, above all in a new clone."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MANY = ("contract", "grpc", "unit")
"""Folders of most modules, none of which is left out."""


@contextlib.contextmanager
def nothing_thrown_away() -> Iterator[None]:
    """Look for no garbage meanwhile, nor ever among what was made: tests stay to the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def begin_with_own_part(config: pytest.Config) -> None:
    """Import first the modules that are this process's part, before all are collected in order.

    Whoever imports a module of tests first rewrites its assertions and keeps the bytecode, which
    takes several times as long as all else. Processes that all began with the first module would
    each do it for every module.
    """
    worker = getattr(config, "workerinput", None)
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if worker is None or not whole or sys.dont_write_bytecode:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    paths = sorted(path for folder in MANY for path in (HERE / folder).rglob("test_*.py"))
    for path in part(paths, number, count):
        name = ".".join(path.relative_to(HERE.parent).with_suffix("").parts)
        with contextlib.suppress(Exception, pytest.skip.Exception):  # told when it is collected
            importlib.import_module(name)


def part(paths: Sequence[Path], number: int, count: int) -> Sequence[Path]:
    """Return one of so many parts, about alike in size, which together are all."""
    return paths[len(paths) * number // count : len(paths) * (number + 1) // count]
