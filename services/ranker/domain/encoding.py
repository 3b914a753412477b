"""What the model saw of one candidate, as bytes that travel with the decision and come back."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.layout import PLACED, VERSION

_HEAD = struct.Struct("<Bf")
"""Version of the layout, prior log-odds."""
_INDEX = np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class Sight:
    """One row of the design matrix."""

    offset: float
    """Log-odds assumed before anything was learned."""
    indices: NDArray[np.uint32]
    """The weights that speak for it, ascending, each once."""


def encode(offset: float, indices: NDArray[np.uint32]) -> bytes:
    """Pack a row: version, offset and the indices, four bytes each, little endian."""
    return _HEAD.pack(VERSION, offset) + indices.astype(_INDEX, copy=False).tobytes()


def decode(data: bytes) -> Sight | None:
    """Unpack a row; None for one of another layout or one that no model ever saw."""
    if len(data) <= _HEAD.size or (len(data) - _HEAD.size) % _INDEX.itemsize:
        return None
    version, offset = _HEAD.unpack_from(data)
    indices = np.frombuffer(data, _INDEX, offset=_HEAD.size)
    if version != VERSION or not np.isfinite(offset) or indices.max() >= PLACED:
        return None
    # Two segments may fall together, which is rare; here nobody waits for it to be found out.
    return Sight(offset, np.unique(indices))
