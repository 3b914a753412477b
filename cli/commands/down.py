"""`touchpoint down`: ends a suite that runs in another terminal."""

from __future__ import annotations

import os
import signal
import time

from cli.console import fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.reach import home_of
from shared.processes import holder_of
from shared.processes.identity import ProcessIdentity

PATIENCE_S = 45.0
"""Longer than the engines and the services may take together."""
_POLL_S = 0.05


def down(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """End the suite of a home, and wait until all of it is gone.

    Example: touchpoint down
    """
    place = home_of(home)
    holder = holder_of(place.lock)
    if holder is not None:
        os.kill(holder.pid, signal.SIGTERM)
        if not _gone(holder):
            fail(f"Process {holder.pid} has not ended after {PATIENCE_S:.0f} s; see {place.logs}")
    if as_json:
        say_json({"ended": holder is not None, "home": str(place.path)})
    elif holder is None:
        people.print(f"Nothing runs in {place.path}.", markup=False)
    else:
        people.print("Everything has ended.")


def _gone(holder: ProcessIdentity) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if not holder.is_alive():
            return True
        time.sleep(_POLL_S)
    return False
