"""What the model saw of one candidate, as bytes that travel with the decision and come back."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.layout import PLACED
from services.ranker.domain.layout import VERSION as LAYOUT

VERSION: Final = 2
"""Of the encoding; the layout of the columns has a number of its own."""
MOST_CHARACTERISTICS: Final = 48
_FIRST = struct.Struct("<Bf")
"""Version 1: its number, offset; indices follow to the end."""
_SECOND = struct.Struct("<BBHBf")
"""Version 2: its number, layout, how many indices and characteristics, offset; both follow."""
_HASH = np.dtype("<u4")
Hashes = NDArray[np.uint32]
NOTHING: Final = np.zeros(0, np.uint32)


@dataclass(frozen=True, slots=True)
class Sight:
    """One row of the design matrix, and whose row it was as far as a report may tell."""

    offset: float
    """Log-odds assumed before anything was learned."""
    indices: Hashes
    """The weights that speak for it, ascending, each once."""
    characteristics: Hashes = field(default_factory=lambda: NOTHING)
    """Of the person and the moment, hashes of `name=value`; the model reads none."""


def encode(offset: float, indices: Hashes, characteristics: Hashes = NOTHING) -> bytes:
    """Pack a row, little endian; at most `MOST_CHARACTERISTICS` of those."""
    return encode_each([offset], indices[None, :], characteristics)[0]


def encode_each(
    offsets: Sequence[float], indices: Hashes, characteristics: Hashes = NOTHING
) -> list[bytes]:
    """Pack rows of equal length, `indices` of shape (rows, weights)."""
    assert len(characteristics) <= MOST_CHARACTERISTICS
    count, told = indices.shape[1], characteristics.astype(_HASH).tobytes()
    packed, size = indices.astype(_HASH).tobytes(), count * _HASH.itemsize
    heads = [
        _SECOND.pack(VERSION, LAYOUT, count, len(characteristics), offset) for offset in offsets
    ]
    return [head + packed[row * size : row * size + size] + told for row, head in enumerate(heads)]


def decode(data: bytes) -> Sight | None:
    """Unpack a row of this version or the first; None for one that no model here ever saw.

    Columns are only ever added, so a row of an older layout means what it meant; one of a newer
    layout may speak of columns that are not known here.
    """
    read = _read(data)
    if read is None:
        return None
    offset, weights, told = read
    return Sight(offset, _each_once(weights), told)


def without_characteristics(data: bytes) -> bytes:
    """Return a row as the model reads it, with nothing left of whose it was.

    The schema does the same (`without_characteristics`); one that cannot be read stays as it is.
    """
    read = _read(data)
    if read is None or not len(read[2]):
        return data
    _, layout, indices, _, offset = _SECOND.unpack_from(data)
    end = _SECOND.size + indices * _HASH.itemsize
    return _SECOND.pack(VERSION, layout, indices, 0, offset) + data[_SECOND.size : end]


def is_newer(data: bytes) -> bool:
    """Return whether a row is of an encoding or a layout that only a newer version reads."""
    if not data or data[0] <= 1:
        return False
    return data[0] > VERSION or (len(data) > 1 and data[1] > LAYOUT)


def is_unreadable(data: bytes) -> bool:
    """Return whether no version can read a row: torn, not finite, out of range; empty is none."""
    return bool(data) and not is_newer(data) and _read(data) is None


def _read(data: bytes) -> tuple[float, Hashes, Hashes] | None:
    """Return offset, weights and characteristics as they stand in a row; None where it is none."""
    version = data[0] if data else 0
    if version == 1 and len(data) >= _FIRST.size:
        offset, split, end = _FIRST.unpack_from(data)[1], _FIRST.size, len(data)
    elif version == VERSION and len(data) >= _SECOND.size:
        _, layout, indices, characteristics, offset = _SECOND.unpack_from(data)
        split, end = _SECOND.size, _SECOND.size + indices * _HASH.itemsize
        is_whole = len(data) == end + characteristics * _HASH.itemsize
        if layout > LAYOUT or not is_whole or characteristics > MOST_CHARACTERISTICS:
            return None
    else:
        return None
    if end == split or (end - split) % _HASH.itemsize or not math.isfinite(offset):
        return None
    weights = np.frombuffer(data, _HASH, (end - split) // _HASH.itemsize, split)
    if weights.max() >= PLACED:
        return None
    return offset, weights, np.frombuffer(data, _HASH, offset=end) if end < len(data) else NOTHING


def _each_once(weights: Hashes) -> Hashes:
    """Return them ascending, each once; two segments may fall together, which is rare."""
    ordered = np.sort(weights)
    is_new = ordered[1:] != ordered[:-1]
    return ordered if is_new.all() else np.unique(ordered)


@dataclass(frozen=True, slots=True)
class Told:
    """The characteristics of many rows."""

    counts: NDArray[np.int64]
    """How many each row has, shape (rows,)."""
    hashes: Hashes
    """Of all rows, one after the other."""


def read_told(rows: Sequence[bytes]) -> Told:
    """Read no more than the characteristics of rows; one of another encoding has none.

    Of many rows at once, as a report reads more of them than the model ever does.
    """
    heads = [row[: _SECOND.size] for row in rows if len(row) >= _SECOND.size]
    packed = np.frombuffer(b"".join(heads), _HEAD)
    counts = np.zeros(len(rows), np.int64)
    has_head = np.array([len(row) >= _SECOND.size for row in rows], np.bool_)
    sizes = np.array([len(row) for row in rows], np.int64)[has_head]
    said = _SECOND.size + (packed["indices"] + packed["told"].astype(np.int64)) * _HASH.itemsize
    is_readable = (packed["version"] == VERSION) & (packed["told"] <= MOST_CHARACTERISTICS)
    counts[has_head] = np.where(is_readable & (sizes == said), packed["told"], 0)
    tails = [row[len(row) - 4 * count :] for row, count in zip(rows, counts.tolist()) if count]
    return Told(counts, np.frombuffer(b"".join(tails), _HASH))


_HEAD = np.dtype(
    [("version", "u1"), ("layout", "u1"), ("indices", "<u2"), ("told", "u1"), ("offset", "<f4")]
)
"""As `_SECOND`."""
