"""What a picture is made of. All measures are in pixels from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

INK, FAINT, PAPER = "#1c1c1c", "#6a6a6a", "#ffffff"
ACCENT, WARNING, BACK, RULE = "#1f6f8b", "#b3261e", "#b0651f", "#b9b9b9"

Point = tuple[float, float]
Towards = Literal["down", "up", "left"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 6.0
    line: str = INK
    """Its colour; empty: none."""
    fill: str = PAPER
    is_dashed: bool = False
    hint: str = ""
    """Shown by a browser that is pointed at it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points: straight ones, and cubic curves that come and go vertically."""

    points: tuple[Point, ...]
    line: str = INK
    weight: float = 1.2
    is_smooth: bool = True
    """Between a point and the next, where they are not above each other."""
    is_sideways: bool = False
    """Curves come and go horizontally."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an arrow."""

    tip: Point
    towards: Towards
    fill: str = INK
    size: float = 7.0


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; `y` is its base line."""

    x: float
    y: float
    text: str
    size: float
    fill: str = INK
    is_bold: bool = False
    is_centred: bool = False


Shape = Box | Curve | Head | Words


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes, the later ones above the earlier."""

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]
