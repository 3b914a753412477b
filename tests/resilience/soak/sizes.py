"""How long the proofs are: as promised, or as the environment says, for a look whether they run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """So many of everything; each may be set by its own variable of the Makefile."""

    answers: int
    """Under faults, at least."""
    kills: int
    """Under faults, at least."""
    frozen_s: int
    """For which a replica, and then the database, does nothing."""
    memory_from: int
    """The request from which memory is watched; before it caches fill."""
    memory_to: int
    fuzzed: int


FULL = Sizes(30_000, 200, 30, 20_000, 200_000, 100_000)
SHORT = Sizes(300, 3, 3, 400, 1_200, 600)
_VARIABLES = {
    "answers": "ANSWERS",
    "kills": "KILLS",
    "frozen_s": "FROZEN_S",
    "memory_from": "MEMORY_FROM",
    "memory_to": "MEMORY_TO",
    "fuzzed": "FUZZED",
}


def sizes(usual: Sizes, environ: Mapping[str, str] = os.environ) -> Sizes:
    """Return the sizes of a run; ValueError names a variable that is no number above 0."""
    found = {}
    for name, variable in _VARIABLES.items():
        text = environ.get(variable) or str(getattr(usual, name))
        if not text.isdecimal() or not int(text):
            raise ValueError(f"{variable} is {text!r}, not a number above 0")
        found[name] = int(text)
    return Sizes(**found)
