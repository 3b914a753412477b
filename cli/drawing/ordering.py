"""Layers of a graph, and the order within each that makes its lines cross little.

After Sugiyama, Tagawa and Toda (1981), with medians as by Gansner and others, "A technique for
drawing directed graphs" (1993).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

_SWEEPS = 24
Node = TypeVar("Node", bound=Hashable)


def layers_of(nodes: Sequence[Node], links: Iterable[tuple[Node, Node]]) -> dict[Node, int]:
    """Return the layer of each node, from 0: one below the lowest that leads to it.

    Nodes come in an order in which each link leads onwards.
    """
    found = dict.fromkeys(nodes, 0)
    onwards: dict[Node, list[Node]] = {node: [] for node in nodes}
    for start, to in links:
        onwards[start].append(to)
    for node in nodes:
        for to in onwards[node]:
            found[to] = max(found[to], found[node] + 1)
    return found


def ordered(
    layers: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]]
) -> list[list[Node]]:
    """Return the layers, each in an order that makes links between neighbours cross little."""
    above: dict[Node, list[Node]] = {}
    below: dict[Node, list[Node]] = {}
    for start, to in links:
        below.setdefault(start, []).append(to)
        above.setdefault(to, []).append(start)
    best = [list(layer) for layer in layers]
    fewest = crossings(best, below)
    current = [list(layer) for layer in best]
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        beside = above if downwards else below
        _sweep(current, beside, downwards=downwards, turns_ties=sweep % 4 >= 2)
        _exchange(current, above, below)
        found = crossings(current, below)
        if found < fewest:
            best, fewest = [list(layer) for layer in current], found
    return best


def crossings(layers: Sequence[Sequence[Node]], below: Mapping[Node, Sequence[Node]]) -> int:
    """Return how many pairs of links cross between layers next to each other."""
    count = 0
    for upper, lower in pairwise(layers):
        place = {node: at for at, node in enumerate(lower)}
        ends = [sorted(place[to] for to in below.get(node, ())) for node in upper]
        count += sum(
            _inversions(left, right) for at, left in enumerate(ends) for right in ends[at + 1 :]
        )
    return count


def _inversions(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(a > b for a in left for b in right)


def _sweep(
    layers: list[list[Node]],
    beside: Mapping[Node, Sequence[Node]],
    *,
    downwards: bool,
    turns_ties: bool,
) -> None:
    """Order each layer by the medians of where its nodes are linked to in the one before.

    Nodes of one median keep their order, or turn it: now the one is better and now the other.
    """
    order = range(1, len(layers)) if downwards else range(len(layers) - 2, -1, -1)
    for at in order:
        before = layers[at - 1 if downwards else at + 1]
        place = {node: number for number, node in enumerate(before)}
        keys = {
            node: _median([place[each] for each in beside.get(node, ())], number)
            for number, node in enumerate(layers[at])
        }
        if turns_ties:
            layers[at].reverse()
        layers[at].sort(key=keys.__getitem__)


def _median(places: list[int], own: int) -> float:
    if not places:
        return float(own)
    places.sort()
    middle = len(places) // 2
    if len(places) % 2:
        return float(places[middle])
    return (places[middle - 1] + places[middle]) / 2


def _exchange(
    layers: list[list[Node]],
    above: Mapping[Node, Sequence[Node]],
    below: Mapping[Node, Sequence[Node]],
) -> None:
    """Exchange neighbours within layers as long as that makes fewer links cross."""
    places = [{node: at for at, node in enumerate(layer)} for layer in layers]
    improved = True
    while improved:
        improved = False
        for number, layer in enumerate(layers):
            for at in range(len(layer) - 1):
                left, right = layer[at], layer[at + 1]
                gain = 0
                for beside, other in ((above, number - 1), (below, number + 1)):
                    if not 0 <= other < len(layers):
                        continue
                    lefts = [places[other][each] for each in beside.get(left, ())]
                    rights = [places[other][each] for each in beside.get(right, ())]
                    gain += _inversions(lefts, rights) - _inversions(rights, lefts)
                if gain > 0:
                    layer[at], layer[at + 1] = right, left
                    places[number][left], places[number][right] = at + 1, at
                    improved = True
