"""Counts how many answers were valid; knows the file of answers and nothing else of the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Count:
    """Answers given under one fault."""

    answers: int = 0
    valid: int = 0
    degraded: int = 0
    why: Counter[str] = field(default_factory=Counter)
    """What was wrong with those that were not valid."""


def counted(lines: Iterable[str]) -> dict[str, Count]:
    """Count the answers by fault; a degraded one is valid as long as it says so and shows."""
    found: dict[str, Count] = {}
    for line in lines:
        answer = json.loads(line)
        count = found.setdefault(answer["fault"], Count())
        count.answers += 1
        wrong = what_is_wrong(answer)
        if wrong:
            count.why[wrong] += 1
        else:
            count.valid += 1
            count.degraded += bool(answer["degraded"])
    return found


def what_is_wrong(answer: dict[str, Any]) -> str:
    """Return why an answer is none, "" where it is: in time, something shown, nothing twice."""
    if answer["status"] != "OK":
        return str(answer["status"])
    if not answer["shown"]:
        return "nothing shown"
    if len(set(answer["shown"])) < len(answer["shown"]):
        return "the same shown twice"
    return ""


def valid_share(counts: Iterable[Count]) -> float:
    """Return which part of all answers was valid; 0 of none."""
    each = list(counts)
    answers = sum(count.answers for count in each)
    return sum(count.valid for count in each) / answers if answers else 0.0
