"""Runs commands as processes that need not import anything: each is forked from one that has.

Importing takes longer than most commands do. What starts a command is what users call, `main`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory

from cli.main import COMMANDS, main

OUTPUTS = {"stdout": 1, "stderr": 2}
_SERVE = f"from {__name__} import serve; serve()"


class Forking:
    """The process that is forked."""

    def __init__(self, process: Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, words: Sequence[str]) -> tuple[int, str, str]:
        """Run a command; returns its exit code, what it printed, and what it complained of."""
        told, heard = self._process.stdin, self._process.stdout
        assert told is not None
        assert heard is not None
        told.write(json.dumps([str(self._folder), *words]) + "\n")
        told.flush()
        code = int(heard.readline())
        out, err = ((self._folder / name).read_text("utf-8") for name in OUTPUTS)
        return code, out, err


@contextmanager
def forking() -> Iterator[Forking]:
    """Lend such a process; it ends with its input."""
    with (
        TemporaryDirectory() as folder,
        Popen([sys.executable, "-c", _SERVE], stdin=PIPE, stdout=PIPE, text=True) as process,
    ):
        yield Forking(process, Path(folder))


def serve() -> None:
    """Fork for each line of the input, wait for the child, and print its exit code."""
    for command in COMMANDS.values():
        importlib.import_module(command.where.partition(":")[0])
    while line := sys.stdin.readline():
        folder, *words = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(Path(folder), words)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(folder: Path, words: Sequence[str]) -> None:
    for name, number in OUTPUTS.items():
        with (folder / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.argv = ["touchpoint", *words]
    main()
    sys.exit()
