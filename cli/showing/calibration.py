"""Shows how far what was foretold came true, as a table and as a reliability curve."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from cli.console import CommandError, add_row, table
from cli.showing.booster import standing_in_words
from touchpoint.ranker.v1.calibration_pb2 import ReportCalibrationResponse

FORMATS: Final = (".png", ".svg")
_FEWEST: Final = 200
"""Of fewer showings a curve tells more of chance than of the model."""


def calibration_shown(found: ReportCalibrationResponse) -> RenderableType:
    """Return what is printed: the curve as a table, and what it comes to in words."""
    if not found.showings:
        return Text("Nothing was shown yet that the model could have foretold.", style="yellow")
    shown = table("showings", "foretold", "accepted", "difference")
    for each in found.bins:
        gap = each.accepted - each.foretold
        add_row(
            shown,
            f"{each.showings:,}",
            f"{each.foretold:.2%}",
            f"{each.accepted:.2%}",
            f"{gap * 100:+.2f} points",
        )
    return Group(shown, *(Text(line) for line in _said(found)))


def _said(found: ReportCalibrationResponse) -> list[str]:
    lines = [
        f"Of {found.showings:,} showings {found.accepted:,} were accepted "
        f"({found.accepted / found.showings:.2%}). What was foretold is off by "
        f"{found.error * 100:.2f} points on average.",
        f"The log-loss is {found.log_loss:.4f}; foretelling always the same share would have "
        f"{found.log_loss_of_share:.4f}.",
        _period(found),
    ]
    if found.HasField("booster"):
        lines.append(standing_in_words(found.booster))
    if found.showings < _FEWEST:
        lines.append("That is little: much of the difference may be chance.")
    return lines


def _period(found: ReportCalibrationResponse) -> str:
    since, until = found.from_time.ToDatetime(), found.to_time.ToDatetime()
    shown = f"Shown from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
    if found.is_unsettled:
        return (
            f"{shown}, all within the last 24 h: a product may be bought for as long, and counts "
            "as not accepted so far. Ask again tomorrow."
        )
    return f"{shown}; what was shown in the last 24 h may still be accepted and is left out."


def draw(found: ReportCalibrationResponse, path: Path) -> None:
    """Write the curve as PNG or SVG by the name of the file; raises CommandError, OSError."""
    if find_spec("matplotlib") is None:
        raise CommandError("For the chart: pip install 'touchpoint-server[charts]'")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    foretold = [each.foretold for each in found.bins]
    accepted = [each.accepted for each in found.bins]
    most = max([*foretold, *accepted, 0.01]) * 1.05
    axes.plot([0, most], [0, most], color="#9a9a9a", linewidth=1, label="comes true")
    axes.plot(foretold, accepted, "o-", color="#1f6f8b", label="the model")
    axes.set_xlabel("foretold")
    axes.set_ylabel("accepted")
    axes.set_title(f"Off by {found.error * 100:.2f} points on average", loc="left")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format=path.suffix.lower().removeprefix("."))
