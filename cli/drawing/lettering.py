"""How wide words are, and where they break: in a sans-serif face, without asking for one.

Widths are those of Helvetica, which Arial and Liberation Sans share, with a little to spare.
"""

from __future__ import annotations

import re
import unicodedata

LINE = 1.3
"""Height of a line, of its size."""
_SPARE = 1.04
_BOLD = 1.07
_WIDTHS = {
    **dict.fromkeys("ijl'|", 0.222),
    **dict.fromkeys("ftI !.,:;/\\[]", 0.278),
    **dict.fromkeys("r()-`", 0.333),
    **dict.fromkeys('*"^', 0.4),
    **dict.fromkeys("cksvxyzJ", 0.5),
    **dict.fromkeys("abdeghnopqu0123456789L?_$#", 0.556),
    **dict.fromkeys("FTZ+<>=~", 0.611),
    **dict.fromkeys("ABEKPSVXY&", 0.667),
    **dict.fromkeys("CDHNRUw", 0.722),
    **dict.fromkeys("GOQ", 0.778),
    **dict.fromkeys("mM%→", 0.889),
    **dict.fromkeys("W@…", 1.0),
}
_WIDE = frozenset("WF")
"""Classes of characters as wide as they are high, by Unicode's East Asian width."""
_AFTER = re.compile(r"(?<=[\s_.,:;/=()-])")
"""Where a line may break."""


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a line of text is at most, in the unit of its size."""
    units = sum(_WIDTHS.get(each) or _unlisted(each) for each in text)
    return units * size * _SPARE * (_BOLD if bold else 1.0)


def wrapped(
    text: str, most: float, size: float, *, lines: int = 3, bold: bool = False
) -> list[str]:
    """Break a text into lines no wider than that; what does not fit in so many ends with `…`."""
    made = [""]
    for piece in _pieces(text, most, size, bold):
        if width((made[-1] + piece).rstrip(), size, bold=bold) <= most:
            made[-1] += piece
        else:
            made.append(piece.lstrip())
    made = [line.rstrip() for line in made if line.strip()]
    if len(made) <= lines:
        return made
    last = made[lines - 1]
    while last and width(last + "…", size, bold=bold) > most:
        last = last[:-1]
    return [*made[: lines - 1], last.rstrip() + "…"]


def _pieces(text: str, most: float, size: float, bold: bool) -> list[str]:
    """Return what is kept together, a word that is wider than a line by characters."""
    found: list[str] = []
    for piece in _AFTER.split(" ".join(text.split())):
        found += [piece] if width(piece.rstrip(), size, bold=bold) <= most else list(piece)
    return found


def _unlisted(character: str) -> float:
    if unicodedata.east_asian_width(character) in _WIDE:
        return 1.0
    return 0.0 if unicodedata.combining(character) else 0.62
