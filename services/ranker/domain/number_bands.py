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
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.hashing import Hashes, paired, text_hash
from services.ranker.domain.layout import BANDINGS

_EDGES: Final = np.array([2**-0.75, 2**-0.5, 2**-0.25])
_QUARTERS_OF_COARSE: Final = 8
_MOST_TEXT: Final = 64
"""Of a value; what is longer is told apart by its beginning."""


def band_hashes(names: Hashes, values: NDArray[np.float64]) -> Hashes:
    """Return the hashes of named numbers by banding, shape (BANDINGS, numbers).

    Zero is a band of its own; negative numbers are banded by their size. Values are finite.
    """
    mantissas, exponents = np.frexp(np.abs(values))
    quarters = 4 * exponents + _EDGES.searchsorted(mantissas, side="right")
    signs = np.sign(values).astype(np.int64)
    bands = np.empty((BANDINGS, len(values)), np.int64)
    bands[0] = quarters // 2
    bands[1] = (quarters + 1) // 2
    bands[2] = quarters // _QUARTERS_OF_COARSE
    bands *= signs != 0
    which = np.arange(BANDINGS)[:, None]
    numbered = ((bands * 4 + which) * 4 + signs).astype(np.uint32)
    return paired(np.broadcast_to(names, bands.shape), numbered)


def told_hashes(attributes: Sequence[str]) -> tuple[Hashes, Hashes]:
    """Return the hashes of attributes `name=value`: one each, and all of them.

    A value that reads as a finite number is banded, and has further bands among all of them; any
    other value is a text that stands for itself.
    """
    ones = np.empty(len(attributes), np.uint32)
    places, names, values = [], [], []
    for place, attribute in enumerate(attributes):
        name, _, text = attribute.partition("=")
        value = _number(text)
        if value is None:
            ones[place] = text_hash(f"{name}={text[:_MOST_TEXT]}")
        else:
            places.append(place)
            names.append(text_hash(name))
            values.append(value)
    if not places:
        return ones, ones
    banded = band_hashes(np.array(names, np.uint32), np.array(values))
    ones[places] = banded[0]
    return ones, np.concatenate([ones, *banded[1:]])


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
