"""Keeps one program running while its owner lives, and ends it when the owner is gone.

The owner holds the other end of this process's standard input. End of file there, however it
comes about (`kill -9` of the owner included), ends the program by the given ladder of signals.
A byte on it says that the program is ready: from then on it is started again when it dies.
Standard library only: it is started as `python -I -S keeper.py ORDER`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

OWNER = 0
"""Standard input: the pipe that the owner holds."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
STEADY_S = 5.0
"""A program that lived this long is not failing in a row."""
MOST_FAILURES = 20


def order(owner: int, program: Sequence[str], ladder: Sequence[tuple[int, float]]) -> str:
    """Write down what `Keeper` is to do: `ladder` is (signal, seconds to wait) from mild to hard.

    In `program` the text `{keeper}` stands for this keeper's pid.
    """
    return json.dumps({"owner": owner, "program": list(program), "ladder": list(ladder)})


class Keeper:
    """One program under care; `run` returns when it has ended for good."""

    def __init__(
        self, owner: int, program: Sequence[str], ladder: Sequence[tuple[int, float]]
    ) -> None:
        self._owner = owner
        self._program = [part.replace("{keeper}", str(os.getpid())) for part in program]
        self._ladder = ladder
        self._ready = False
        self._asked_to_end = False
        self._signals = self._signal_pipe()

    def run(self) -> int:
        """Run the program; returns 0 when it was ended as asked, else its own status."""
        failures = 0
        while True:
            started = time.monotonic()
            child = subprocess.Popen(self._program, stdin=subprocess.DEVNULL)
            while child.poll() is None:
                if self._must_end(1.0):
                    return self._end(child)
            failures = 1 if time.monotonic() - started > STEADY_S else failures + 1
            if not self._ready or failures > MOST_FAILURES:
                return child.returncode or 1
            pause = min(FIRST_PAUSE_S * 2 ** (failures - 1), LONGEST_PAUSE_S)
            _say(f"ended with status {child.returncode}; starting it again in {pause:.1f} s")
            if self._ends_within(pause):
                return 0

    def _end(self, child: subprocess.Popen[bytes]) -> int:
        for number, patience in self._ladder:
            child.send_signal(number)
            try:
                child.wait(patience)
            except subprocess.TimeoutExpired:
                _say(f"did not end within {patience} s of signal {number}")
            else:
                return 0
        return 1

    def _ends_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._must_end(left):
                return True
        return False

    def _must_end(self, patience: float) -> bool:
        """Wait for news at most `patience` seconds; True once the owner is gone or asked."""
        readable, _, _ = select.select([OWNER, self._signals], [], [], patience)
        if self._signals in readable:
            os.read(self._signals, 512)
        if OWNER in readable:
            said = os.read(OWNER, 512)
            self._ready = self._ready or bool(said)
            self._asked_to_end = self._asked_to_end or not said
        # A pipe end that leaked into another process would hide the owner's death; this does not.
        return self._asked_to_end or os.getppid() != self._owner

    def _signal_pipe(self) -> int:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
            # Handlers rather than SIG_IGN, which the program would inherit.
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTERM, self._on_terminate)
        return reader

    def _on_terminate(self, *_: object) -> None:
        self._asked_to_end = True


def _say(text: str) -> None:
    print(f"keeper {os.getpid()}: {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Take the order from the command line."""
    wanted = json.loads(sys.argv[1])
    sys.exit(Keeper(wanted["owner"], wanted["program"], wanted["ladder"]).run())


if __name__ == "__main__":
    main()
