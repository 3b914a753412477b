"""Values and lines as the import files hold them, alike in every data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

DAY_S = 86_400


def write_lines(records: Iterable[Mapping[str, object]], path: Path) -> None:
    """Write JSON Lines."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{encode(record)}\n" for record in records)


def decimal(cents: int) -> str:
    """Write cents as the decimal string of the amount."""
    return f"{cents // 100}.{cents % 100:02d}"


def instant(at: int) -> str:
    """Write a second since 1970 UTC as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"


def midnight(day: date) -> str:
    """Write the beginning of a day in UTC as RFC 3339."""
    return f"{day.isoformat()}T00:00:00Z"


def midnight_s(day: date) -> int:
    """Convert the beginning of a day in UTC to seconds since 1970."""
    return (day - date(1970, 1, 1)).days * DAY_S
