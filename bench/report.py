"""Prints the figures and keeps them in a file, each part replacing only its own rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import DEFINITIONS

Row = Mapping[str, Any]
_COLUMNS = ("name", "value", "unit", "target", "ok", "spread")


def read_rows(file: Path) -> list[Row]:
    """Return what an earlier run wrote; nothing where there is none or it cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    known = isinstance(found, list) and all(isinstance(row, dict) for row in found)
    return [row for row in found if row.get("name") in DEFINITIONS] if known else []


def merged(
    earlier: Sequence[Row], measured: Sequence[Row], names: Collection[str] = ()
) -> list[Row]:
    """Return all rows in their order, those just measured instead of the earlier ones.

    Earlier rows of `names` go also where none was measured: figures of two runs are no table.
    """
    kept = [row for row in earlier if row["name"] not in names]
    rows = {row["name"]: row for row in (*kept, *measured)}
    return [rows[name] for name in DEFINITIONS if name in rows]


def write_rows(file: Path, rows: Sequence[Row]) -> None:
    """Replace the file as a whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    new.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    new.replace(file)


def print_rows(rows: Sequence[Row], console: Console) -> None:
    """Print the table; values are medians, with the lowest and highest round beside them."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column in {"value", "spread"} else "left")
    for row in rows:
        table.add_row(*_cells(row), style=None if row["ok"] else "red")
    console.print(table)


def _cells(row: Row) -> Sequence[str]:
    low, high = row["spread"]
    verdict = "yes" if row["ok"] else "NO"
    return (
        row["name"],
        f"{row['value']:,}",
        row["unit"],
        row["target"] or "",
        verdict if row["target"] else "",
        f"{low:,} – {high:,}",
    )
