"""Tries conditions on the largest input before they are accepted, in a process that may die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from services.rules.conditions import canary_child

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""A process of several threads may not fork."""
_START_S, _EACH_S = 20.0, 1.0
_UNKNOWN = "could not be tried: the process that tries conditions ended; try again"


Kind = Literal["rule", "segment", "journey"]


class Suspect(NamedTuple):
    """A condition that is tried."""

    kind: Kind
    text: str


def refusals(suspects: Sequence[Suspect], parameters: Mapping[str, str]) -> list[str]:
    """Return why each is refused, empty where it is not; blocks for about half a second.

    What could not be tried is refused too.
    """
    if not suspects:
        return []
    found = [_UNKNOWN] * len(suspects)
    for line in _told(json.dumps({"parameters": dict(parameters), "conditions": suspects})):
        number, refusal = json.loads(line)
        found[number] = refusal and f"{refusal}, on the largest lists and texts"
    return found


def _told(asked: str) -> list[str]:
    """Return the whole lines that the child wrote until it ended, or was ended."""
    command = [sys.executable, "-m", canary_child.__name__]
    patience_s = _START_S + _EACH_S * asked.count("],")
    try:
        child = subprocess.run(
            command,
            input=asked.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _ONE_THREAD,
            timeout=patience_s,
            check=False,
        )
        written = child.stdout
    except subprocess.TimeoutExpired as late:
        written = late.stdout or b""
    except OSError:
        return []
    return written.decode().splitlines()[: written.count(b"\n")]
