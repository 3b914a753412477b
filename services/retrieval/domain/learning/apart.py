"""Who is kept apart, by a hash of the id: the same ones in every part of the log, every time."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

FEWEST_JUDGED = 20
"""Persons; with fewer, a difference between two models is chance."""
_JUDGED = 0.25
"""Share of the persons by whom models are judged: nothing is tuned on what they did next."""
_CHECKED = 0.4
"""Up to here they tell how far to go by networks, which learn from the rest."""
_BYTES = 8


def place_of(person_id: str) -> float:
    """Return where among all a person falls, 0 to 1."""
    digest = blake2b(person_id.encode(), digest_size=_BYTES).digest()
    return int.from_bytes(digest, "big") / (1 << 8 * _BYTES)


def is_judged(person_id: str) -> bool:
    """Whether models are judged by this person."""
    return place_of(person_id) < _JUDGED


def is_checked(person_id: str) -> bool:
    """Whether networks learn nothing from this person, who tells what they are worth."""
    return _JUDGED <= place_of(person_id) < _CHECKED


def are_judged(person_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Return it for each."""
    return np.fromiter(map(is_judged, person_ids), np.bool_, len(person_ids))
