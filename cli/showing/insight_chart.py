"""Draws what predicts acceptance: each effect with its interval, and where it moved."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cli.console import CommandError
from cli.showing.insight import label, values_shown
from touchpoint.ranker.v1.insight_pb2 import PredictingValue, ReportInsightResponse

FORMATS: Final = (".png", ".svg")
_RAISES, _LOWERS, _UNSURE = "#1f6f8b", "#c7722c", "#9a9a9a"
_ROW_INCHES = 0.32
_LEAST_INCHES = 2.2


def draw(found: ReportInsightResponse, path: Path) -> None:
    """Write the chart as PNG or SVG by the name of the file; raises CommandError, OSError."""
    if find_spec("matplotlib") is None:
        raise CommandError("For the chart: pip install 'touchpoint-server[charts]'")
    from matplotlib.figure import Figure

    rows = _rows(found)
    height = _LEAST_INCHES + _ROW_INCHES * len(rows)
    figure = Figure(figsize=(9, height), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.axvline(1, color=_UNSURE, linewidth=1)
    for at, (_, value) in enumerate(rows):
        if value is not None:
            _effect(axes, at, value)
    if not rows:
        told = "nothing predicts what is accepted"
        axes.text(0.5, 0.5, told, ha="center", transform=axes.transAxes)
    _scales(axes, rows)
    axes.set_title("Who accepts more, and who less, than all others", loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format=path.suffix.lower().removeprefix("."))


def _rows(found: ReportInsightResponse) -> list[tuple[str, PredictingValue | None]]:
    """Return what stands on each line, from the top; a name stands above its values."""
    rows: list[tuple[str, PredictingValue | None]] = []
    for predictor in found.predictors:
        rows.append((label(predictor.name), None))
        rows += [(value.value, value) for value in values_shown(predictor)]
    return rows


def _effect(axes: Any, at: int, value: PredictingValue) -> None:
    times = value.times_as_often
    color = _RAISES if times.value > 1 else _LOWERS
    color = color if value.clear else _UNSURE
    axes.plot([times.low, times.high], [at, at], color=color, linewidth=2, alpha=0.6)
    axes.plot(times.value, at, "o", color=color, markersize=6)
    parts = [part for part in value.parts if part.HasField("times_as_often")]
    for place, part in enumerate(parts):
        # The later a third, the darker its mark.
        alpha = 0.2 + 0.25 * place
        axes.plot(part.times_as_often.value, at + 0.28, "|", color=color, alpha=alpha)


def _scales(axes: Any, rows: list[tuple[str, PredictingValue | None]]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g} ×"))
    axes.set_xlabel("accepted, times as often (95% interval; ticks below: thirds of the period)")
    axes.set_yticks(range(len(rows)), [text for text, _ in rows])
    for tick, (_, value) in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if value is None else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
