"""How the definitions share people out over the arms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arms:
    """How people are shared out; a person's arm is a pure function of this and their oldest id."""

    holdout_share: float = 0.0
    static_share: float = 0.0
    salt: str = "touchpoint"
    """Constant, so that a larger share adds people to an arm and moves nobody else."""


def share(text: str) -> float:
    """Return a share written as `5%` or `0.05`; ValueError for anything outside 0 to 1."""
    match = _SHARE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no share: write 5% or 0.05")
    value = float(match.group(1)) / (100.0 if match.group(2) else 1.0)
    if value > 1.0:
        raise ValueError(f"{text!r} is more than everybody")
    return value


def arms(parameters: Mapping[str, str]) -> Arms:
    """Read the arms from the parameters `holdout`, `static` and `arm_salt`; ValueError if wrong."""
    found = Arms(
        share(parameters.get("holdout", "0%")),
        share(parameters.get("static", "0%")),
        parameters.get("arm_salt", "touchpoint"),
    )
    if found.holdout_share + found.static_share > 1.0:
        raise ValueError("holdout and static together are more than everybody")
    return found
