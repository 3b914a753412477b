"""What the model sees of person and moment, crossed with what candidates are and not which.

All candidates of one kind and top category have the same of these, so they are made, looked up
and summed once for each such group of candidates: many characteristics, and every pair of what
the caller tells, cost little however many candidates there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.hashing import (
    FOLD,
    PAIR,
    WORD,
    Hashes,
    mix,
    paired,
    text_hash,
    text_hashes,
)
from services.ranker.domain.layout import (
    COLUMN,
    COLUMNS,
    MOST_NUMBERS,
    MOST_SEGMENTS_OF_KIND,
    MOST_STATES,
)
from services.ranker.domain.number_bands import band_hashes
from services.ranker.domain.situation import Situation

_BY_KIND, _BY_CATEGORY = 0, 1


@dataclass(frozen=True, slots=True)
class Crosses:
    """The part of the design matrix that groups of candidates share."""

    indices: Hashes
    """Which weights speak for each group, shape (rows, groups)."""
    columns: NDArray[np.intp]
    """Places in `COLUMNS`, ascending, shape (rows,)."""
    group_of: NDArray[np.intp]
    """The group of each candidate, shape (candidates,)."""


@dataclass(frozen=True, slots=True)
class Told:
    """The attributes of person and request as hashes."""

    ones: Hashes
    """One each."""
    all: Hashes
    """With the further bands of those that are numbers."""


def crosses(kinds: Hashes, category_1: Hashes, told: Told, situation: Situation) -> Crosses:
    """Return what speaks for each group of candidates; both columns of shape (candidates,)."""
    groups, first, group_of = np.unique(
        paired(kinds, category_1), return_index=True, return_inverse=True
    )
    lefts = np.array([kinds[first], groups], np.uint32)
    rights = _rights(told, situation)
    hashes = np.concatenate([each for _, _, each in rights])
    sizes = [len(each) for _, _, each in rights]
    columns = np.repeat(np.array([COLUMN[name] for name, _, _ in rights], np.intp), sizes)
    sides = np.repeat(np.array([side for _, side, _ in rights], np.intp), sizes)
    mixed = lefts[sides]
    mixed ^= (hashes * np.uint32(PAIR) + _SALTS[columns])[:, None]
    mix(mixed)
    mixed &= _MASKS[columns]
    mixed += _STARTS[columns]
    return Crosses(mixed, columns, group_of)


def _rights(told: Told, situation: Situation) -> list[tuple[str, int, Hashes]]:
    """Return columns in the order of the layout, by what they are crossed with."""
    names = text_hashes([name for name, _ in situation.numbers[:MOST_NUMBERS]])
    values = np.array([value for _, value in situation.numbers[:MOST_NUMBERS]])
    persona = [text_hash(situation.persona)] if situation.persona else []
    return [
        ("kind_number", _BY_KIND, band_hashes(names, values).ravel()),
        ("kind_state", _BY_KIND, text_hashes(_states(situation))),
        ("kind_segment", _BY_KIND, text_hashes(list(situation.segments[:MOST_SEGMENTS_OF_KIND]))),
        ("kind_persona", _BY_KIND, np.array(persona, np.uint32)),
        ("kind_told", _BY_KIND, told.all),
        ("category_1_told", _BY_CATEGORY, told.ones),
        ("category_1_told_pair", _BY_CATEGORY, _pairs(told.ones)),
    ]


def _states(situation: Situation) -> list[str]:
    """Return hour and weekday by the person's own clock, and what else is the case."""
    clock = [f"hour={situation.hour}", f"weekday={situation.weekday}"]
    return [*(clock if situation.hour >= 0 else ()), *situation.states][:MOST_STATES]


def _pairs(hashes: Hashes) -> Hashes:
    """Return the hash of each pair of them, the earlier first."""
    left, right = _pair_places(len(hashes))
    return paired(hashes[left], hashes[right])


@lru_cache(64)
def _pair_places(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    left, right = np.triu_indices(count, 1)
    return left, right


_STARTS = np.array([[column.start] for column in COLUMNS], np.uint32)
_MASKS = np.array([[column.size - 1] for column in COLUMNS], np.uint32)
_SALTS = np.array([column.start * int(FOLD) & WORD for column in COLUMNS], np.uint32)
