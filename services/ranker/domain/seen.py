"""What a ranking saw, in few bytes: whether it sees the same again, and of which candidate not."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.judgement import Judgement, Sighted
from services.ranker.domain.layout import COLUMNS, VERSION

DIGEST_BYTES: Final = 16
LAYOUT: Final = crc32(repr((VERSION, COLUMNS)).encode())
"""Changes with whatever features are made of: an upgrade that appends some is another one."""
_ODD: Final = np.uint32(0x9E3779B1)


def features_digest(judgement: Judgement) -> bytes:
    """Return BLAKE2b of all that decided beside the model; empty: nobody was looked at."""
    sighted = judgement.sighted
    if sighted is None:
        return b""
    features, crosses = sighted.features, sighted.features.crosses
    digest = blake2b(digest_size=DIGEST_BYTES)
    for part in (
        *(features.columns, features.indices),
        *(crosses.columns, crosses.indices, crosses.group_of),
        *(sighted.offset, judgement.assumed.stake),
    ):
        digest.update(part.tobytes())
    return digest.digest()


def feature_marks(sighted: Sighted | None) -> NDArray[np.uint32]:
    """Return a hash of the features of each candidate, shape (candidates,)."""
    if sighted is None:
        return np.zeros(0, np.uint32)
    features, crosses = sighted.features, sighted.features.crosses
    of_groups = _marks(crosses.indices, crosses.columns)
    return _marks(features.indices, features.columns) + of_groups[crosses.group_of]


def _marks(indices: NDArray[np.uint32], columns: NDArray[np.intp]) -> NDArray[np.uint32]:
    # An odd multiplier of its own for each column: equal numbers in other columns differ.
    odd = (columns.astype(np.uint32) * 2 + 1) * _ODD
    marks: NDArray[np.uint32] = (indices * odd[:, None]).sum(axis=0, dtype=np.uint32)
    return marks
