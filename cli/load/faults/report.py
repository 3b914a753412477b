"""What `touchpoint load --faults` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from cli.console import add_row, table
from cli.load.deadlines import Verdict
from cli.load.faults.rehearsal import Cell
from cli.load.outcome import percentile

_COUNTED = ("RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
"""They stand under shed and late."""


def cells_table(cells: Sequence[Cell], least: float, title: str) -> Table:
    """Return a row for each fault, red where fewer than `least` were answered in time."""
    shown = table(
        *("", "in time", "degraded", "shed", "late", "error", "p50 ms", "p99 ms", "well in"),
        title=title,
    )
    for cell in cells:
        bad = cell.kept.in_time_share < least or cell.well_after_s is None
        add_row(shown, *_row(cell), style="red" if bad else None)
    return shown


def missing_table(cells: Sequence[Cell]) -> Table:
    """Return what answers lacked, and why, by the fault that brought it about."""
    shown = table("", "missing, of how many answers")
    for cell in cells:
        missing = missing_of(cell.reasons)
        if missing:
            told = ", ".join(f"{what} {count}" for what, count in missing)
            add_row(shown, cell.what, told)
    return shown


def missing_of(reasons: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """Return how many answers lacked each service for each reason, the most frequent first."""
    counts: Counter[str] = Counter()
    for several, count in reasons:
        for one in several.split(", "):
            if one not in _COUNTED:
                counts[one] += count
    return counts.most_common()


def cell_json(cell: Cell) -> dict[str, Any]:
    """Return all figures of a cell by name; latencies are None where nothing was answered."""
    kept = cell.kept.as_json()
    del kept["histogram"]
    return {
        "name": cell.name,
        "fault": cell.fault.value,
        "calls": len(cell.outcomes),
        **kept,
        "p50_ms": _latency_ms(cell, 0.5),
        "p99_ms": _latency_ms(cell, 0.99),
        "well_after_s": cell.well_after_s,
        "late_sends": cell.late_sends,
        "reasons": dict(cell.reasons),
    }


def _row(cell: Cell) -> list[str]:
    kept = cell.kept
    counts = (
        kept.verdicts[each]
        for each in (Verdict.DEGRADED, Verdict.SHED, Verdict.LATE, Verdict.ERROR)
    )
    latencies = (_latency_ms(cell, share) for share in (0.5, 0.99))
    again = "no" if cell.well_after_s is None else f"{cell.well_after_s:.1f} s"
    return [
        cell.what,
        f"{kept.in_time_share:.1%}",
        *(f"{count}" for count in counts),
        *("-" if each is None else f"{each:.0f}" for each in latencies),
        again if cell.name else "",
    ]


def _latency_ms(cell: Cell, share: float) -> float | None:
    return percentile(cell.latencies_ms, share) if cell.latencies_ms else None
