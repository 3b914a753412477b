"""Numbers as bands that need no knowledge of the data and are the same on every replica.

A band is a stretch of a logarithmic scale. Each number is told three times: in half octaves, in
half octaves whose edges lie in the middle of those, and in stretches of two octaves. So numbers
that are near to each other always have something in common, a rule needs few rows to be learned
roughly, and more of them to be learned finely. Edges are compared exactly, without a logarithm of
the platform.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.hashing import Hashes, paired, text_hash
from services.ranker.domain.layout import BANDINGS

_EDGES: Final = np.array([2**-0.75, 2**-0.5, 2**-0.25])
_WHICH: Final = 4 * np.arange(BANDINGS)[:, None]
_MOST_TEXT: Final = 64
"""Of a value; what is longer is told apart by its beginning."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of person and moment, as hashes."""

    ones: Hashes
    """The attributes, one each."""
    all: Hashes
    """With the further bands of those that are numbers."""
    numbers: Hashes
    """What else is known in numbers, in every banding."""


def told_hashes(attributes: Sequence[str], numbers: Sequence[tuple[str, float]] = ()) -> Told:
    """Return the hashes of attributes `name=value`, and of named numbers that are finite.

    A value that reads as a finite number is banded, and has further bands among all of them; any
    other value is a text that stands for itself.
    """
    read = [_read(attribute) for attribute in attributes]
    ones = np.array([hashed for hashed, _ in read], np.uint32)
    places = [place for place, (_, value) in enumerate(read) if value is not None]
    if not places and not numbers:
        return Told(ones, ones, ones[:0])
    names = [read[place][0] for place in places] + [_name_hash(name) for name, _ in numbers]
    values = [read[place][1] for place in places] + [value for _, value in numbers]
    banded = band_hashes(np.array(names, np.uint32), np.array(values))
    known = banded[:, len(places) :].ravel()
    if not places:
        return Told(ones, ones, known)
    ones[places] = banded[0, : len(places)]
    return Told(ones, np.concatenate([ones, *banded[1:, : len(places)]]), known)


def band_hashes(names: Hashes, values: NDArray[np.float64]) -> Hashes:
    """Return the hashes of named numbers by banding, shape (BANDINGS, numbers).

    Zero is a band of its own; negative numbers are banded by their size. Values are finite.
    """
    mantissas, exponents = np.frexp(np.abs(values))
    quarters = 4 * exponents + _EDGES.searchsorted(mantissas, side="right")
    bands = np.empty((BANDINGS, len(values)), np.int64)
    bands[0] = quarters >> 1
    bands[1] = (quarters + 1) >> 1
    bands[2] = quarters >> 3  # of zero all three are 0, and so is its sign
    bands *= 16
    bands += _WHICH
    bands += np.sign(values).astype(np.int64)
    return paired(names, bands.astype(np.uint32))


def band(value: float, edges: Sequence[float]) -> int:
    """Return 0 for what is not known, else which of the bands between the edges it is in."""
    return 0 if value < 0 else 1 + sum(value >= edge for edge in edges)


def _number(text: str) -> float | None:
    if not text or text[-1] not in "0123456789.":
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@lru_cache(1 << 14)
def _read(attribute: str) -> tuple[int, float | None]:
    """Return the hash of a name and its number, or that of the whole text and None."""
    name, _, text = attribute.partition("=")
    value = _number(text)
    if value is None:
        return text_hash(f"{name}={text[:_MOST_TEXT]}"), None
    return text_hash(name), value


_name_hash = lru_cache(1 << 10)(text_hash)
