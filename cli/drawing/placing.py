"""Where things in a row stand: near where they would be, and not over each other."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

_SWEEPS = 16
Node = TypeVar("Node", bound=Hashable)


def spaced(
    wanted: Sequence[float],
    weights: Sequence[float],
    gaps: Sequence[float],
    low: float = -math.inf,
    high: float = math.inf,
) -> list[float]:
    """Return places in the same order, at least `gaps` apart, of least weighted squares of moves.

    `gaps[i]` lies between i and i + 1; all of them must fit between `low` and `high`. It is
    isotonic regression of the places less what must lie before them, by pooling adjacent violators.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, size
    for place, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, size = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, other_size = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, size = weight + other_weight, size + other_size
        pools.append((mean, weight, size))
    high -= offsets[-1]
    means = [min(max(mean, low), high) for mean, _, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def columns(
    layers: Sequence[Sequence[Node]],
    links: Sequence[tuple[Node, Node, float]],
    widths: Mapping[Node, float],
    gap: float,
) -> dict[Node, float]:
    """Return the middle of each node across, so that links are as straight as can be by weight."""
    place: dict[Node, float] = {}
    for layer in layers:
        across = 0.0
        for node in layer:
            place[node] = across + widths[node] / 2
            across += widths[node] + gap
    beside: dict[Node, list[tuple[Node, float]]] = {node: [] for node in place}
    rank = {node: number for number, layer in enumerate(layers) for node in layer}
    for start, to, weight in links:
        beside[start].append((to, weight))
        beside[to].append((start, weight))
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers if downwards else reversed(layers):
            _settle(layer, place, beside, rank, widths, gap, downwards, sweep >= _SWEEPS - 4)
    return place


def straightened(
    layers: Sequence[Sequence[Node]],
    paths: Iterable[Sequence[Node]],
    place: dict[Node, float],
    widths: Mapping[Node, float],
    gap: float,
) -> None:
    """Move nodes that follow each other on a path above one another, as many as there is room for.

    A path is of nodes of layers next to each other; each node stays between its neighbours.
    """
    beside: dict[Node, tuple[Node | None, Node | None]] = {}
    for layer in layers:
        around = [None, *layer, None]
        beside.update(zip(layer, zip(around[:-2], around[2:], strict=True), strict=True))

    def room(node: Node) -> tuple[float, float]:
        left, right = beside[node]
        half, low, high = widths[node] / 2, -math.inf, math.inf
        if left is not None:
            low = place[left] + widths[left] / 2 + gap + half
        if right is not None:
            high = place[right] - widths[right] / 2 - gap - half
        return min(low, place[node]), max(high, place[node])

    for path in paths:
        run: list[Node] = []
        low, high = -math.inf, math.inf
        for node in path:
            least, most = room(node)
            if max(low, least) > min(high, most):
                _align(run, place, low, high)
                run, low, high = [], -math.inf, math.inf
            run.append(node)
            low, high = max(low, least), min(high, most)
        _align(run, place, low, high)


def _align(run: Sequence[Node], place: dict[Node, float], low: float, high: float) -> None:
    middle = sum(place[node] for node in run) / len(run) if run else 0.0
    place.update(dict.fromkeys(run, min(max(middle, low), high)))


def _settle(
    layer: Sequence[Node],
    place: dict[Node, float],
    beside: Mapping[Node, Sequence[tuple[Node, float]]],
    rank: Mapping[Node, int],
    widths: Mapping[Node, float],
    gap: float,
    downwards: bool,
    by_both: bool,
) -> None:
    """Move a layer's nodes towards what they are linked to: above, below, or both."""
    wanted, weights = [], []
    for node in layer:
        drawn = [
            (place[other], weight)
            for other, weight in beside[node]
            if by_both or (rank[other] < rank[node]) is downwards
        ]
        weight = sum(each for _, each in drawn)
        wanted.append(sum(at * each for at, each in drawn) / weight if weight else place[node])
        weights.append(weight or 0.05)
    gaps = [(widths[left] + widths[right]) / 2 + gap for left, right in pairwise(layer)]
    if layer:
        place.update(zip(layer, spaced(wanted, weights, gaps), strict=True))
