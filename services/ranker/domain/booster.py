"""Gradient-boosted trees over the model's own features: what pairs and triples of them tell.

The trees are grown elsewhere, by LightGBM (Ke et al., "LightGBM: A Highly Efficient Gradient
Boosting Decision Tree", 2017), which no service imports; here they are plain arrays. Every split
asks whether a row has one of the features of the model, by its index, so that whatever the model
sees, live or from the log, the trees see as well.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.layout import PLACED, VERSION, WEIGHTS

MOST_TREES: Final = 200
MOST_DEPTH: Final = 8
MOST_NODES: Final = MOST_TREES << (MOST_DEPTH + 1)
MOST_INPUTS: Final = 1 << 12
LARGEST: Final = 50.0
"""Of log-odds, and of a leaf's share in them; nothing is surer."""
_MAGIC: Final = b"touchpoint trees"
_HEAD: Final = struct.Struct("<16sBIIdd")
"""Magic, layout, trees, nodes, base, share."""
_NODE: Final = np.dtype([("index", "<u4"), ("without", "<u4"), ("having", "<u4"), ("value", "<f4")])


class BoosterError(Exception):
    """Bytes or trees that are no booster of this model; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Nodes of all trees, as columns; the first `trees` of them are the roots.

    A split leads to later nodes; a leaf leads to itself, and only its value counts.
    """

    trees: int
    base: float
    """Log-odds before the first tree."""
    indices: Sequence[int]
    """The weight of the model that a split asks for: whether the row has it."""
    without: Sequence[int]
    """Where a row without it goes on."""
    having: Sequence[int]
    values: Sequence[float]
    """What a leaf adds to the log-odds."""


class Booster:
    """Trees as arrays; `log_odds` adds up the leaf that a row comes to in each."""

    def __init__(
        self, trees: int, base: float, nodes: NDArray[np.void], share: float = 0.5
    ) -> None:
        """Raise `BoosterError` for what leads outside of itself, never ends or is not finite."""
        if not 0.0 < share < 1.0:
            raise BoosterError(f"a share of {share:g}; it is above 0 and below 1")
        self.share = share
        """How much it says beside the model, above 0 and below 1."""
        self._nodes = nodes
        self._base = base
        _refuse_harmed(trees, base, nodes)
        self._roots = np.arange(trees)
        self._depth = _depth(trees, nodes)
        asked = _are_splits(nodes)
        self.inputs = np.unique(nodes["index"][asked]).astype(np.uint32)
        """The weights that its splits ask for, ascending."""
        if len(self.inputs) >= MOST_INPUTS or (len(self.inputs) and self.inputs[-1] >= PLACED):
            raise BoosterError(f"it asks for more than {MOST_INPUTS} features, or unknown ones")
        self._place = np.zeros(WEIGHTS, np.uint16)
        self._place[self.inputs] = np.arange(1, len(self.inputs) + 1)
        # Columns by themselves: gathering from a structured array costs three times as much.
        places = self._place[np.where(asked, nodes["index"], 0)]
        self._asked = np.where(asked, places, 0).astype(np.intp)
        self._next = np.stack([nodes["without"], nodes["having"]], axis=1).astype(np.intp).ravel()
        self._value = nodes["value"].astype(np.float64)

    @classmethod
    def of(cls, trees: Trees) -> Booster:
        """Take trees over; raises `BoosterError`."""
        columns = trees.indices, trees.without, trees.having, trees.values
        count = len(trees.values)
        if any(len(column) != count for column in columns) or count > MOST_NODES:
            raise BoosterError(f"columns differ in length, or have more than {MOST_NODES} nodes")
        nodes = np.empty(count, _NODE)
        try:
            for name, column in zip(("index", "without", "having", "value"), columns):
                nodes[name] = column
        except (OverflowError, ValueError, TypeError) as error:
            raise BoosterError("a number is out of range") from error
        return cls(trees.trees, trees.base, nodes)

    @classmethod
    def restored(cls, data: bytes) -> Booster:
        """Return the booster of some bytes; raises `BoosterError`."""
        if len(data) < _HEAD.size:
            raise BoosterError("too short")
        magic, version, trees, nodes, base, share = _HEAD.unpack_from(data)
        if magic != _MAGIC or version > VERSION:
            raise BoosterError(f"of another kind or of a newer layout ({version})")
        if nodes > MOST_NODES or len(data) != _HEAD.size + _NODE.itemsize * nodes:
            raise BoosterError("of another length than it says")
        return cls(trees, base, np.frombuffer(data, _NODE, nodes, _HEAD.size), share)

    def saying(self, share: float) -> Booster:
        """Return the same trees with another share."""
        return Booster(self.trees, self._base, self._nodes, share)

    def stored(self) -> bytes:
        """Return it as bytes that are equal for equal boosters."""
        counts = len(self._roots), len(self._nodes)
        head = _HEAD.pack(_MAGIC, VERSION, *counts, self._base, self.share)
        return head + self._nodes.tobytes()

    @property
    def trees(self) -> int:
        """How many there are."""
        return len(self._roots)

    def log_odds(
        self,
        indices: NDArray[np.uint32],
        shared: NDArray[np.uint32] | None = None,
        group_of: NDArray[np.intp] | None = None,
    ) -> NDArray[np.float64]:
        """Return what the trees say of each candidate, shape (candidates,).

        `indices` are those of the candidates, of shape (columns, candidates); `shared`, of shape
        (columns, groups), are those of the group that `group_of` says of each.
        """
        has = self._holds(indices)
        if shared is not None and group_of is not None:
            has |= self._holds(shared)[group_of]
        has[:, 0] = False
        candidates, width = has.shape
        flat, rows = has.ravel(), (np.arange(candidates) * width)[:, None]
        at = np.broadcast_to(self._roots, (candidates, len(self._roots)))
        for _ in range(self._depth):
            at = self._next.take(2 * at + flat.take(rows + self._asked.take(at)))
        said: NDArray[np.float64] = self._base + self._value.take(at).sum(axis=1)
        return said

    def _holds(self, indices: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Return which inputs each column of indices has; place 0 is of what is no input."""
        count = indices.shape[1]
        has = np.zeros((count, len(self.inputs) + 1), np.bool_)
        has[np.arange(count), self._place.take(indices)] = True
        return has


def _are_splits(nodes: NDArray[np.void]) -> NDArray[np.bool_]:
    splits: NDArray[np.bool_] = nodes["without"] != np.arange(len(nodes))
    return splits


def _refuse_harmed(trees: int, base: float, nodes: NDArray[np.void]) -> None:
    count = len(nodes)
    if not 0 < trees <= min(MOST_TREES, count):
        raise BoosterError(f"{trees} trees of {count} nodes; 1 to {MOST_TREES} trees are taken")
    own, without, having = np.arange(count), nodes["without"], nodes["having"]
    is_leaf = (without == own) & (having == own)
    leads_on = (without > own) & (having > own) & (without < count) & (having < count)
    if not (is_leaf | leads_on).all():
        raise BoosterError("it leads outside of itself, or in a circle")
    if (nodes["index"][~is_leaf] >= PLACED).any():
        raise BoosterError("it asks for a feature that is not known here")
    # Written so that what is not a number is refused too.
    if not (abs(base) <= LARGEST and bool((np.abs(nodes["value"]) <= LARGEST).all())):
        raise BoosterError(f"it is not finite, or surer than {LARGEST:g} in log-odds")


def _depth(trees: int, nodes: NDArray[np.void]) -> int:
    """Return after how many splits every way has come to a leaf."""
    at = np.arange(trees)
    for depth in range(MOST_DEPTH + 1):
        at = np.unique(at[_are_splits(nodes)[at]])
        if not len(at):
            return depth
        at = np.unique(np.concatenate([nodes["without"][at], nodes["having"][at]]))
    raise BoosterError(f"deeper than {MOST_DEPTH}")
