"""Compares what was to happen with what the tables and the folder of messages say.

`python -m tests.resilience.timer_kills.checker URL FOLDER TIMERS`

A process of its own, which knows the tables, the keys of effects and the files of messages, and
nothing else of the system. Prints what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg

MOVED = """
SELECT journey_id, stage, occurrence,
    ((extract(epoch FROM changed_time) * 1000000)::bigint - due.due_us) / 1000 AS late_ms,
    due.due_us AS was_due_us
FROM journeys JOIN due USING (journey_id)
"""
EFFECTS = "SELECT journey_id, stage, occurrence, kind FROM effects"
ERRANDS = "SELECT errand_id, journey_id, stage, occurrence, kind, state, is_open FROM errands"
OCCURRENCES = 3
"""Stages that a journey has entered whose timer went off once: it waited, it sent, it proposes."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A journey, and by how much its timer was late."""

    journey_id: str
    stage: int
    occurrence: int
    due_us: int
    late_ms: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """A message."""

    errand_id: str
    journey_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Seen:
    """All that there is at the end."""

    journeys: Sequence[Moved]
    effects: Sequence[tuple[str, int, int, str]]
    """Journey, stage, occurrence, kind."""
    messages: Sequence[Ordered]
    arrived: Sequence[str]
    """The keys that messages arrived under."""
    attempts: Mapping[str, int] = field(default_factory=dict)
    """How often each key was carried."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, and how late timers were."""

    timers: int
    lost: list[str]
    """Journeys whose timer never went off, and messages that never arrived."""
    doubled: list[str]
    """Effects, messages and arrivals of which there are two."""
    extra_attempts: int
    late_ms: list[tuple[int, int]]
    """When each was due, microseconds, and by how much it was late."""


def verdict(seen: Seen, timers: int) -> Verdict:
    """Judge by keys and counts alone."""
    moved = {each.journey_id for each in seen.journeys if each.occurrence == OCCURRENCES}
    lost = [f"{timers - len(moved)} timers"] if len(moved) != timers else []
    lost += [each.journey_id for each in seen.journeys if each.occurrence < OCCURRENCES]
    doubled = [each.journey_id for each in seen.journeys if each.occurrence > OCCURRENCES]
    kinds = Counter((journey_id, kind) for journey_id, _, _, kind in seen.effects)
    ordered = Counter(each.journey_id for each in seen.messages)
    for journey_id in moved:
        for kind in ("message", "proposal"):
            count = kinds[journey_id, kind]
            (lost if count < 1 else doubled if count > 1 else []).append(f"{kind} of {journey_id}")
        count = ordered[journey_id]
        (lost if count < 1 else doubled if count > 1 else []).append(f"order of {journey_id}")
    arrived = Counter(seen.arrived)
    known = {each.errand_id for each in seen.messages}
    for each in seen.messages:
        if each.state != "sent" or not arrived[each.errand_id]:
            lost.append(f"message {each.errand_id}, {each.state}")
    doubled += [key for key, count in arrived.items() if count > 1 or key not in known]
    return Verdict(
        timers=len(moved),
        lost=sorted(lost),
        doubled=sorted(doubled),
        extra_attempts=sum(seen.attempts.values()) - len(seen.attempts),
        late_ms=[(each.due_us, each.late_ms) for each in seen.journeys],
    )


async def seen(url: str, folder: Path) -> Seen:
    """Read tables and files."""
    database = await asyncpg.connect(url)
    try:
        journeys = [
            Moved(
                row["journey_id"],
                row["stage"],
                row["occurrence"],
                row["was_due_us"],
                row["late_ms"],
            )
            for row in await database.fetch(MOVED)
        ]
        effects = [tuple(row) for row in await database.fetch(EFFECTS)]
        messages = [
            Ordered(row["errand_id"], row["journey_id"], row["state"])
            for row in await database.fetch(ERRANDS)
        ]
    finally:
        await database.close()
    attempts = Counter(
        key for file in folder.glob("attempts-*") for key in file.read_text().split()
    )
    arrived = [file.stem for file in (folder / "outbox").glob("*.json")]
    return Seen(journeys, effects, messages, arrived, attempts)


if __name__ == "__main__":
    address, place, number = sys.argv[1:]
    found = asyncio.run(seen(address, Path(place)))
    print(json.dumps(asdict(verdict(found, int(number)))))
