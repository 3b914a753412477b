"""Writes a picture as PNG, by matplotlib."""

from __future__ import annotations

import io
import logging
from importlib.util import find_spec
from typing import Any

from cli.console import CommandError
from cli.drawing.shapes import PAPER, Box, Curve, Head, Picture, Shape, Words
from cli.drawing.svg import corners_of, path_of

NEEDS_CHARTS = "For a .png: pip install 'touchpoint-server[charts]'; .svg needs nothing"
_FACES = ("Helvetica", "Arial", "Liberation Sans", "DejaVu Sans")
_DEJAVU = 0.87
"""DejaVu's letters are wider than those that the picture was laid out for."""
_DOTS = 144
_POINTS = 72


def png(picture: Picture) -> bytes:
    """Return the picture, two dots to a pixel; raises CommandError without matplotlib."""
    if find_spec("matplotlib") is None:
        raise CommandError(NEEDS_CHARTS)
    from matplotlib.figure import Figure

    # One pixel is one point.
    figure = Figure(figsize=(picture.width / _POINTS, picture.height / _POINTS), dpi=_DOTS)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    axes.set_axis_off()
    face, scale = _face()
    for layer, shape in enumerate(picture.shapes):
        _put(axes, shape, layer, face, scale)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", facecolor=PAPER)
    return drawn.getvalue()


def _face() -> tuple[str, float]:
    """Return a face that is there, and how much smaller its letters are to be."""
    from matplotlib import font_manager

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    there = {each.name for each in font_manager.fontManager.ttflist}
    face = next((each for each in _FACES if each in there), _FACES[-1])
    return face, _DEJAVU if face == _FACES[-1] else 1.0


def _put(axes: Any, shape: Shape, layer: int, face: str, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
    from matplotlib.path import Path

    if isinstance(shape, Box):
        style = f"round,pad=0,rounding_size={shape.radius}" if shape.radius else "square,pad=0"
        box = FancyBboxPatch(
            (shape.x, shape.y),
            shape.width,
            shape.height,
            boxstyle=style,
            facecolor=shape.fill,
            edgecolor=shape.line or "none",
            linestyle=(0, (5, 4)) if shape.is_dashed else "solid",
            linewidth=1,
            zorder=layer,
        )
        axes.add_patch(box)
    elif isinstance(shape, Curve):
        points, codes = [], []
        for letter, numbers in path_of(shape):
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
            code = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4}[letter]
            points += pairs
            codes += [code] * len(pairs)
        drawn = Path(points, codes)
        axes.add_patch(
            PathPatch(drawn, facecolor="none", edgecolor=shape.line, lw=shape.weight, zorder=layer)
        )
    elif isinstance(shape, Head):
        axes.add_patch(
            Polygon(corners_of(shape), closed=True, facecolor=shape.fill, lw=0, zorder=layer)
        )
    else:
        _write(axes, shape, layer, face, scale)


def _write(axes: Any, words: Words, layer: int, face: str, scale: float) -> None:
    axes.text(
        words.x,
        words.y,
        words.text,
        fontsize=words.size * scale,
        family=face,
        color=words.fill,
        weight="bold" if words.is_bold else "normal",
        ha="center" if words.is_centred else "left",
        va="baseline",
        parse_math=False,
        zorder=layer,
    )
