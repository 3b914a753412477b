"""Shows what traffic came to: a row for each round, and whether acceptance climbed."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.console import add_row, table
from cli.showing.words import several
from demo.traffic.chart import sparkline
from demo.traffic.report import Report, verdict
from demo.traffic.tally import Tally

_COLUMNS = ("round", "people", "shown", "taken", "share", "expected", "random", "ideal", "worth")
_LEGEND = (
    "expected: share by the people's hidden taste; random: of anything allowed there; ideal: if "
    "arbitration knew the taste; worth: expected, of 100 shown."
)


def traffic_shown(report: Report) -> Group:
    """Lay out rounds, the held out, a line of blocks and the verdict."""
    line = sparkline([each.expected for each in report.rounds])
    said = [f"{line}  {verdict(report.climb)}"]
    if report.degraded:
        said.append(f"{several(report.degraded, 'decision was', 'decisions were')} degraded.")
    return Group(_rows(report), Text(_LEGEND, style="dim"), "", *said)


def _rows(report: Report) -> Table:
    shown = table(*_COLUMNS)
    for column in shown.columns[1:]:
        column.justify = "right"
    for number, each in enumerate(report.rounds, start=1):
        add_row(shown, f"{number}", *_cells(each))
    add_row(shown, "held out", *_cells(report.held_out), style="dim")
    return shown


def _cells(found: Tally) -> tuple[str, ...]:
    if not found.shown:
        return (f"{found.shoppers}", *("–" for _ in _COLUMNS[2:]))
    shares = (found.acceptance, found.expected, found.chance, found.best)
    counts = (found.shoppers, found.shown, found.accepted)
    worth = f"{found.worth:,.0f}"
    return (*map(str, counts), *(f"{share:.1%}" for share in shares), worth)
