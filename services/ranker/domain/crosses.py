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

from services.ranker.domain.folding import Folding, folding_of
from services.ranker.domain.hashing import PAIR, Hashes, paired, text_hash, text_hashes
from services.ranker.domain.layout import (
    COLUMN,
    MOST_SEGMENTS_OF_KIND,
    MOST_STATES,
)
from services.ranker.domain.number_bands import Told
from services.ranker.domain.situation import Situation

_BY_KIND, _BY_CATEGORY = 0, 1
_CROSSED = (
    ("kind_number", _BY_KIND),
    ("kind_state", _BY_KIND),
    ("kind_segment", _BY_KIND),
    ("kind_persona", _BY_KIND),
    ("kind_told", _BY_KIND),
    ("category_1_told", _BY_CATEGORY),
    ("category_1_told_pair", _BY_CATEGORY),
)
"""Columns in the order of the layout, by what they are crossed with."""


@dataclass(frozen=True, slots=True)
class Crosses:
    """The part of the design matrix that groups of candidates share."""

    indices: Hashes
    """Which weights speak for each group, shape (rows, groups)."""
    folding: Folding
    """Which columns the rows are of."""
    group_of: NDArray[np.intp]
    """The group of each candidate, shape (candidates,)."""

    @property
    def columns(self) -> NDArray[np.intp]:
        """Places in `COLUMNS`, ascending, shape (rows,)."""
        return self.folding.columns


def crosses(kinds: Hashes, keys: Hashes, told: Told, situation: Situation) -> Crosses:
    """Return what speaks for each group of candidates; both columns of shape (candidates,).

    `keys` are the pairs of kind and top category, by which they are grouped.
    """
    groups, first, group_of = _grouped(keys)
    rights = _rights(told, situation)
    folding, sides = _folding(tuple(map(len, rights)))
    indices = np.array([kinds[first], groups], np.uint32)[sides]
    folding.fold(indices, np.concatenate(rights) * np.uint32(PAIR))
    return Crosses(indices, folding, group_of)


@lru_cache(1024)
def _folding(sizes: tuple[int, ...]) -> tuple[Folding, NDArray[np.intp]]:
    """Return the folding of so many rows of each column, and what each is crossed with."""
    places = [COLUMN[name] for name, _ in _CROSSED]
    sides = [side for _, side in _CROSSED]
    return folding_of(tuple(np.repeat(places, sizes).tolist())), np.repeat(sides, sizes)


def _grouped(keys: Hashes) -> tuple[Hashes, NDArray[np.intp], NDArray[np.intp]]:
    """Return the groups of equal keys ascending, where each is first, and the group of each key.

    As `np.unique` does, at half its cost.
    """
    order = keys.argsort(kind="stable")
    ordered = keys[order]
    is_first = np.ones(len(keys), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    group_of = np.empty(len(keys), np.intp)
    group_of[order] = is_first.cumsum() - 1
    return ordered[is_first], order[is_first], group_of


def _rights(told: Told, situation: Situation) -> list[Hashes]:
    """Return what each of `_CROSSED` crosses candidates with."""
    persona = [text_hash(situation.persona)] if situation.persona else []
    return [
        told.numbers,
        text_hashes(_states(situation)),
        text_hashes(situation.segments[:MOST_SEGMENTS_OF_KIND]),
        np.array(persona, np.uint32),
        told.all,
        told.ones,
        _pairs(told.ones),
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
