"""Writes a picture as SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from cli.drawing.shapes import PAPER, Box, Curve, Head, Picture, Shape, Words

_FACE = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_NEVER = (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)
_UNPRINTABLE = dict.fromkeys(_NEVER, "\N{REPLACEMENT CHARACTER}")
"""XML has no place for them."""


def svg(picture: Picture) -> str:
    """Return the picture as a document that needs nothing else."""
    size = f'width="{_number(picture.width)}" height="{_number(picture.height)}"'
    box = f'viewBox="0 0 {_number(picture.width)} {_number(picture.height)}"'
    paper = Box(0, 0, picture.width, picture.height, radius=0, line="", fill=PAPER)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} font-family={quoteattr(_FACE)}>',
        f"<title>{_text(picture.title)}</title>",
        *(_written(each) for each in (paper, *picture.shapes)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def path_of(curve: Curve) -> list[tuple[str, tuple[float, ...]]]:
    """Return the steps of a curve: `M x y`, `L x y`, `C x1 y1 x2 y2 x y`."""
    steps: list[tuple[str, tuple[float, ...]]] = [("M", curve.points[0])]
    for (x, y), (to_x, to_y) in zip(curve.points, curve.points[1:], strict=False):
        if curve.is_sideways:
            bulge = max(x, to_x) + 26
            steps.append(("C", (bulge, y, bulge, to_y, to_x, to_y)))
        elif abs(x - to_x) < 0.5 or not curve.is_smooth:
            steps.append(("L", (to_x, to_y)))
        else:
            middle = (y + to_y) / 2
            steps.append(("C", (x, middle, to_x, middle, to_x, to_y)))
    return steps


def corners_of(head: Head) -> list[tuple[float, float]]:
    """Return the corners of an arrow's head."""
    x, y = head.tip
    long, half = head.size, head.size / 2
    if head.towards == "left":
        return [(x, y), (x + long, y - half), (x + long, y + half)]
    back = y - long if head.towards == "down" else y + long
    return [(x, y), (x - half, back), (x + half, back)]


def _written(shape: Shape) -> str:
    if isinstance(shape, Box):
        return _box(shape)
    if isinstance(shape, Curve):
        steps = " ".join(
            f"{letter} {' '.join(map(_number, numbers))}" for letter, numbers in path_of(shape)
        )
        weight = _number(shape.weight)
        return f'<path d="{steps}" fill="none" stroke="{shape.line}" stroke-width="{weight}"/>'
    if isinstance(shape, Head):
        corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners_of(shape))
        return f'<polygon points="{corners}" fill="{shape.fill}"/>'
    return _words(shape)


def _box(box: Box) -> str:
    place = " ".join(
        f'{name}="{_number(value)}"'
        for name, value in (
            ("x", box.x),
            ("y", box.y),
            ("width", box.width),
            ("height", box.height),
            ("rx", box.radius),
        )
    )
    line = f' stroke="{box.line}"' if box.line else ""
    dashes = ' stroke-dasharray="5 4"' if box.is_dashed else ""
    drawn = f'<rect {place} fill="{box.fill}"{line}{dashes}'
    return f"{drawn}><title>{_text(box.hint)}</title></rect>" if box.hint else f"{drawn}/>"


def _words(words: Words) -> str:
    said = f'x="{_number(words.x)}" y="{_number(words.y)}" font-size="{_number(words.size)}"'
    said += f' fill="{words.fill}"'
    said += ' font-weight="bold"' if words.is_bold else ""
    said += ' text-anchor="middle"' if words.is_centred else ""
    return f"<text {said}>{_text(words.text)}</text>"


def _text(text: str) -> str:
    return escape(text.translate(_UNPRINTABLE))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
