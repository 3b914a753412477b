"""Draws acceptance over the rounds, between what chance and what knowing the truth would reach."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demo.traffic.report import Report
from demo.traffic.tally import Tally

_ACCEPTED, _GREY, _HELD_OUT = "#1f6f8b", "#8a8a8a", "#c7722c"
_BLOCKS = "▁▂▃▄▅▆▇█"


class NoChartError(Exception):
    """A chart cannot be drawn; the sentence says what to install."""


def draw(report: Report, path: Path) -> None:
    """Write the chart as PNG; raises NoChartError without matplotlib, OSError."""
    if find_spec("matplotlib") is None:
        raise NoChartError("For the chart: pip install 'touchpoint-server[demo]'")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    _levels(axes, report)
    _answers(axes, report.rounds)
    axes.set(xlabel="round, each of new shoppers", ylabel="accepted of what was shown, %", ylim=0)
    axes.set_title("Simulated shoppers of known taste answer what they are shown", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.locator_params(axis="x", integer=True)
    axes.legend(frameon=False, ncols=2, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png")


def sparkline(shares: Sequence[float]) -> str:
    """Draw shares as blocks, the tallest for the greatest, from zero."""
    most = max(shares, default=0.0) or 1.0
    return "".join(_BLOCKS[round(share / most * (len(_BLOCKS) - 1))] for share in shares)


def _answers(axes: Any, rounds: Sequence[Tally]) -> None:
    numbers = range(1, len(rounds) + 1)
    axes.errorbar(
        numbers,
        [100 * each.acceptance for each in rounds],
        yerr=[100 * each.error for each in rounds],
        fmt="o",
        color=_ACCEPTED,
        alpha=0.5,
        capsize=2,
        label="accepted (± standard error)",
    )
    expected = [100 * each.expected for each in rounds]
    axes.plot(numbers, expected, color=_ACCEPTED, linewidth=2.5, label="expected by their taste")


def _levels(axes: Any, report: Report) -> None:
    numbers = range(1, len(report.rounds) + 1)
    best = [100 * each.best for each in report.rounds]
    chance = [100 * each.chance for each in report.rounds]
    axes.plot(numbers, best, color=_GREY, linestyle=":", label="if the taste was known")
    axes.plot(numbers, chance, color=_GREY, linestyle="--", label="a random choice")
    if report.held_out.shown:
        level = 100 * report.held_out.expected
        axes.axhline(level, color=_HELD_OUT, linewidth=1, label="held out: nothing personal")
