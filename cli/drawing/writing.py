"""Writes a picture to a file, in the format that its name says."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cli.console import CommandError, Exit
from cli.drawing.png import NEEDS_CHARTS, png
from cli.drawing.shapes import Picture
from cli.drawing.svg import svg

FORMATS: Final = (".svg", ".png")


def check(path: Path) -> None:
    """Raise CommandError where no picture can be written to a file of that name."""
    if path.suffix.lower() not in FORMATS:
        raise CommandError(f"{path}: a file that ends with {' or '.join(FORMATS)}", Exit.USAGE)
    if path.suffix.lower() == ".png" and find_spec("matplotlib") is None:
        raise CommandError(NEEDS_CHARTS)


def write(picture: Picture, path: Path) -> None:
    """Write a picture as SVG or PNG; raises CommandError, OSError."""
    drawn = svg(picture).encode() if path.suffix.lower() == ".svg" else png(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn)
