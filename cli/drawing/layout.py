"""Lays a graph out from above to below: boxes in layers, and ways between them with labels.

What leads onwards goes down, what leads back goes up. A label is given room of its own in the layer
next to where its way begins, so that it never lies upon anything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cli.drawing.ordering import layers_of, ordered
from cli.drawing.placing import columns, spaced, straightened
from cli.drawing.shapes import Point

_GAP = 30.0
"""Between neighbours of a layer."""
_LANE = 8.0
"""Width of a way that passes a layer."""
_LEAST_DROP, _MOST_DROP, _SLOPE = 14.0, 52.0, 0.1
"""Between layers: more where ways go far across."""
_PORT, _INSET = 18.0, 16.0
"""Between ways that meet at a box, and from its corners."""
_STRAIGHT = 6.0
"""How much more the parts of a way insist on being straight than its ends."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box to lay out."""

    name: str
    width: float
    height: float
    beside: float = 0.0
    """Room to keep at its right."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way between two boxes, with the size of its label."""

    start: str
    to: str
    label_width: float
    label_height: float
    weight: float = 1.0
    """How much it matters that it is straight."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a way goes: its points from start to end, and the middle of its label."""

    points: tuple[Point, ...]
    label: Point
    is_back: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The upper left corner of each box, and a route for each link, in their order."""

    boxes: dict[str, Point]
    routes: list[Route]
    width: float
    height: float


_Lane = tuple[int, int]
"""A link's place and the layer that it passes."""
_Slot = str | _Lane


def laid_out(nodes: Sequence[Node], links: Sequence[Link]) -> Layout:
    """Lay out boxes; a link to one that comes no later in their order leads back.

    No link leads from a box to itself.
    """
    return _Laying(nodes, links).layout()


class _Laying:
    def __init__(self, nodes: Sequence[Node], links: Sequence[Link]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._links = links
        order = {node.name: number for number, node in enumerate(nodes)}
        self._ends = [sorted((link.start, link.to), key=order.__getitem__) for link in links]
        self._is_back = [order[link.to] < order[link.start] for link in links]
        found = layers_of(list(order), [(upper, lower) for upper, lower in self._ends])
        # Between two layers of boxes there is one of labels.
        self._rank = {name: 2 * layer for name, layer in found.items()}
        self._chains = [self._chain(number) for number in range(len(links))]
        self._layers = self._in_order()
        self._middle = self._across()

    def layout(self) -> Layout:
        left = min(self._middle[name] - self._width(name) / 2 for name in self._nodes)
        for lane in self._lanes():
            left = min(left, self._middle[lane] - self._width(lane) / 2)
        for slot in self._middle:
            self._middle[slot] -= left
        width = max(self._middle[slot] + self._width(slot) / 2 for slot in self._middle)
        below, above = self._ports()
        tops, heights = self._down(below, above)
        boxes = {
            name: (self._box_middle(name) - node.width / 2, tops[self._rank[name]])
            for name, node in self._nodes.items()
        }
        routes = [
            self._route(number, tops, heights, below[number], above[number])
            for number in range(len(self._links))
        ]
        return Layout(boxes, routes, width, tops[-1] + heights[-1])

    def _chain(self, number: int) -> list[_Slot]:
        """Return what a link passes, from its upper end to its lower one."""
        upper, lower = self._ends[number]
        lanes = range(self._rank[upper] + 1, self._rank[lower])
        return [upper, *((number, rank) for rank in lanes), lower]

    def _lanes(self) -> list[_Lane]:
        return [slot for chain in self._chains for slot in chain if not isinstance(slot, str)]

    def _labelled(self, number: int) -> _Lane:
        """Return the lane of a link's label: beside where the link begins."""
        rank = self._rank[self._links[number].start]
        return number, rank - 1 if self._is_back[number] else rank + 1

    def _width(self, slot: _Slot) -> float:
        if isinstance(slot, str):
            return self._nodes[slot].width + self._nodes[slot].beside
        is_label = slot == self._labelled(slot[0])
        return max(self._links[slot[0]].label_width, _LANE) if is_label else _LANE

    def _height(self, slot: _Slot) -> float:
        if isinstance(slot, str):
            return self._nodes[slot].height
        return self._links[slot[0]].label_height if slot == self._labelled(slot[0]) else 0.0

    def _box_middle(self, name: str) -> float:
        return self._middle[name] - self._nodes[name].beside / 2

    def _in_order(self) -> list[list[_Slot]]:
        layers: list[list[_Slot]] = [[] for _ in range(max(self._rank.values()) + 1)]
        for name, rank in self._rank.items():
            layers[rank].append(name)
        for lane in self._lanes():
            layers[lane[1]].append(lane)
        steps = [step for chain in self._chains for step in pairwise(chain)]
        return ordered(layers, steps)

    def _across(self) -> dict[_Slot, float]:
        steps = [
            (start, to, link.weight * (1.0 if isinstance(start, str) else _STRAIGHT))
            for chain, link in zip(self._chains, self._links, strict=True)
            for start, to in pairwise(chain)
        ]
        widths = {slot: self._width(slot) for layer in self._layers for slot in layer}
        place = columns(self._layers, steps, widths, _GAP)
        straightened(self._layers, [*self._spines(), *self._passages()], place, widths, _GAP)
        return place

    def _passages(self) -> list[list[_Slot]]:
        """Return the lanes of each link that has several, the longest first."""
        found = [chain[1:-1] for chain in self._chains if len(chain) > 3]
        return sorted(found, key=len, reverse=True)

    def _spines(self) -> list[list[_Slot]]:
        """Return what is linked one below the other, boxes and the labels between."""
        heaviest: dict[str, list[_Slot]] = {}
        weights: dict[str, float] = {}
        for chain, link in zip(self._chains, self._links, strict=True):
            upper = chain[0]
            if isinstance(upper, str) and len(chain) == 3 and link.weight > weights.get(upper, 1.0):
                heaviest[upper], weights[upper] = chain, link.weight
        spines: list[list[_Slot]] = []
        for upper, chain in heaviest.items():
            if spines and spines[-1][-1] == upper:
                spines[-1].extend(chain[1:])
            else:
                spines.append(list(chain))
        return spines

    def _ports(self) -> tuple[list[float], list[float]]:
        """Return where each link leaves its upper box below, and meets its lower one above."""
        below, above = [0.0] * len(self._links), [0.0] * len(self._links)
        for side, place, neighbour in ((below, 0, 1), (above, -1, -2)):
            at: dict[str, list[int]] = defaultdict(list)
            for number, chain in enumerate(self._chains):
                name = chain[place]
                assert isinstance(name, str), "a link ends at boxes"
                at[name].append(number)
            for name, numbers in at.items():
                numbers.sort(key=lambda each: self._middle[self._chains[each][neighbour]])
                wanted = [self._middle[self._chains[each][neighbour]] for each in numbers]
                for number, port in zip(numbers, self._along(name, wanted), strict=True):
                    side[number] = port
        return below, above

    def _along(self, name: str, wanted: list[float]) -> list[float]:
        """Return ports along a box, as near as can be to where they would be."""
        half = max(self._nodes[name].width / 2 - _INSET, 0.0)
        low, high = self._box_middle(name) - half, self._box_middle(name) + half
        gap = min(_PORT, 2 * half / max(len(wanted) - 1, 1))
        gaps = [gap] * (len(wanted) - 1)
        return spaced(wanted, [1.0] * len(wanted), gaps, low, high)

    def _down(self, below: list[float], above: list[float]) -> tuple[list[float], list[float]]:
        """Return the top and the height of each layer."""
        heights = [max(map(self._height, layer), default=0.0) for layer in self._layers]
        farthest = [0.0] * len(heights)
        for number, chain in enumerate(self._chains):
            first = self._rank[self._ends[number][0]]
            across = [below[number], *(self._middle[each] for each in chain[1:-1]), above[number]]
            for rank, (start, to) in enumerate(pairwise(across), first):
                farthest[rank] = max(farthest[rank], abs(to - start))
        tops = [0.0]
        for height, far in zip(heights[:-1], farthest[:-1], strict=True):
            drop = _LEAST_DROP + min(_SLOPE * far, _MOST_DROP - _LEAST_DROP)
            tops.append(tops[-1] + height + drop)
        return tops, heights

    def _route(
        self,
        number: int,
        tops: list[float],
        heights: list[float],
        below: float,
        above: float,
    ) -> Route:
        upper, lower = self._ends[number]
        rank = self._rank[upper]
        points = [(below, tops[rank] + self._nodes[upper].height)]
        points.append((below, tops[rank] + heights[rank]))
        for lane in self._chains[number][1:-1]:
            assert not isinstance(lane, str), "between its ends a link passes lanes"
            x, top = self._middle[lane], tops[lane[1]]
            points += [(x, top), (x, top + heights[lane[1]])]
        points.append((above, tops[self._rank[lower]]))
        label = self._labelled(number)
        middle = (self._middle[label], tops[label[1]] + heights[label[1]] / 2)
        is_back = self._is_back[number]
        distinct = [points[0], *(to for start, to in pairwise(points) if to != start)]
        return Route(tuple(reversed(distinct) if is_back else distinct), middle, is_back)
