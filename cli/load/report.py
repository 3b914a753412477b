"""What `touchpoint load` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table

from cli.load.deadlines import Deadlines, Verdict, plot
from cli.load.outcome import Summary

_WORDS = {
    Verdict.IN_TIME: "in time",
    Verdict.DEGRADED: "in time, degraded",
    Verdict.SHED: "shed (the edge was too busy)",
    Verdict.LATE: "late",
    Verdict.ERROR: "error",
}


def table(summary: Summary, kept: Deadlines, title: str) -> Table:
    """Return the figures of a run."""
    found = Table(title=title, show_header=False)
    for row in _rows(summary, kept):
        found.add_row(*row)
    return found


def histogram(kept: Deadlines) -> Table:
    """Return how long answers took, from when they were due."""
    found = Table.grid(padding=(0, 1))
    for label, bar in plot(kept.histogram):
        found.add_row(label, bar)
    return found


def by_part(parts: Mapping[str, Deadlines]) -> Table:
    """Return what the callers of each part got."""
    found = Table("of", "requests", *(verdict.value.replace("_", " ") for verdict in Verdict))
    for name, kept in parts.items():
        shares = (f"{kept.verdicts[verdict] / kept.requests:.2%}" for verdict in Verdict)
        found.add_row(name, f"{kept.requests}", *shares)
    return found


def _rows(summary: Summary, kept: Deadlines) -> Iterator[tuple[str, str]]:
    latencies = (summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.max_ms)
    yield "requests", f"{summary.requests}"
    for verdict, count in kept.verdicts.items():
        yield _WORDS[verdict], f"{count} ({count / summary.requests:.2%})"
    yield "latency p50 / p90 / p99 / max", " / ".join(f"{ms:.1f}" for ms in latencies) + " ms"
    yield "within 50 ms", f"{summary.in_50_share:.2%}"
    yield "within 100 ms", f"{summary.in_100_share:.2%}"
    yield "nothing degraded", f"{summary.undegraded_share:.2%}"
    for reason, count in sorted(summary.reasons.items()):
        yield f"  {reason}", f"{count}"
    if summary.late_sends:
        yield "sent late (the generator lacked CPU)", f"{summary.late_sends}"
