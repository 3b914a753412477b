"""How durations, shares, allowances and money are written in definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

ParameterValue = bool | int | float | str | timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DURATION = re.compile(r"(?:\d+(?:ms|s|m|h|d|w))+", re.ASCII)
_PART = re.compile(r"(\d+)(ms|s|m|h|d|w)", re.ASCII)
_ALLOWANCE = re.compile(r"(\d{1,6}) per (\S+)", re.ASCII)
_WINDOWS = ("session", "day", "week")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%", re.ASCII)
_LONGEST = timedelta(days=3660)
UNLIMITED = timedelta(days=36_525)
"""A parameter that says `unlimited`: longer than whatever it is compared with."""
ASSURANCES = ("ANONYMOUS", "CLAIMED", "VERIFIED")


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many within so long: `3 per 7d`, `1 per session`."""

    at_most: int
    within: timedelta
    window: str = ""
    """`session`, `day` or `week`, and then `within` is nothing; empty: the last so long."""


def duration(text: str) -> timedelta:
    """Return `30d`, `100ms` or `1h30m`; ValueError with a sentence for anything else."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write 30d, 2h, 30m, 10s or 100ms")
    total = sum((int(count) * _UNITS[unit] for count, unit in _PART.findall(text)), timedelta())
    if total > _LONGEST:
        raise ValueError(f"{text!r} is longer than ten years")
    return total


def allowance(text: str) -> Allowance:
    """Return `3 per 7d` or `1 per day`; ValueError with a sentence for anything else."""
    match = _ALLOWANCE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no allowance; write 3 per 7d, or 1 per {_WINDOWS[0]}")
    if not int(match.group(1)):
        raise ValueError(f"{text!r} allows none at all; write 1 or more")
    if match.group(2) in _WINDOWS:
        return Allowance(int(match.group(1)), timedelta(), match.group(2))
    within = duration(match.group(2))
    if not within:
        raise ValueError(f"{text!r} allows none within no time")
    return Allowance(int(match.group(1)), within)


def share(text: str) -> float:
    """Return `5%` or `0.05`; ValueError with a sentence for anything else."""
    value = parameter(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ValueError(f"{text!r} is no share; write 5% or 0.05")
    return float(value)


def assurance(text: str) -> str:
    """Return how much an identity proves; ValueError with a sentence for anything else."""
    if text not in ASSURANCES:
        raise ValueError(f"{text!r} is no assurance; write {', '.join(ASSURANCES)}")
    return text


def parameter(text: str) -> ParameterValue | None:
    """Return a parameter as conditions see it; None for an allowance, which they do not see.

    `30d` is a duration and so is `unlimited`, `5%` a share, `1000` a whole number, `0.7` a number,
    `true` a truth value, and all else is text.
    """
    if text in ("true", "false"):
        return text == "true"
    if text == "unlimited":
        return UNLIMITED
    if _ALLOWANCE.fullmatch(text):
        return None
    if _DURATION.fullmatch(text):
        return duration(text)
    share = _SHARE.fullmatch(text)
    if share is not None:
        return float(share.group(1)) / 100
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def typed_parameters(parameters: Mapping[str, str]) -> dict[str, ParameterValue]:
    """Return the parameters that conditions may use, as they see them."""
    typed = {name: parameter(text) for name, text in parameters.items()}
    return {name: value for name, value in typed.items() if value is not None}
