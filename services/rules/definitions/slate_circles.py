"""Exclusions that come back to where they began: they say one thing twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from services.rules.definitions.assortment import Known, Sold
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.slate_fixed import is_under, kind_name

Selected = tuple[str, str]
"""An attribute and its value."""
Edges = Mapping[Selected, Sequence[Selected]]
_Sold = Callable[[str], Sold]


def check_circles(rules: Sequence[Entry], known: Known, problems: Problems) -> None:
    """Note those that close a circle, or say the other way round what a wider one says."""
    drawn = _Drawn(cache(known.sold))
    for entry in rules:
        values = entry.values
        if "excludes" not in values or not values.get("value"):
            continue
        start = (str(values.get("attribute", "")), str(values["value"]))
        end = (values["excludes"].attribute, values["excludes"].value)
        placement = str(values.get("placement", ""))
        if way := drawn.circle(start, end, placement):
            told = ", then not ".join(" ".join(each) for each in [start, *way])
            problems.add(entry.where("excludes"), f"goes round in a circle: {told}")
        else:
            drawn.add(start, end, placement)


class _Drawn:
    """The exclusions so far, of which none closes a circle."""

    def __init__(self, sold: _Sold) -> None:
        self._sold = sold
        self._everywhere: dict[Selected, list[Selected]] = defaultdict(list)
        self._backwards: dict[Selected, list[Selected]] = defaultdict(list)
        """Those for everywhere, the other way round."""
        self._placed: dict[str, dict[Selected, list[Selected]]] = {}

    def add(self, start: Selected, end: Selected, placement: str) -> None:
        if placement:
            self._placed.setdefault(placement, defaultdict(list))[start].append(end)
        else:
            self._everywhere[start].append(end)
            self._backwards[end].append(start)

    def circle(self, start: Selected, end: Selected, placement: str) -> list[Selected]:
        """Return what one more would close, on its placement or on any; empty: nothing."""
        way = _way((self._everywhere,), end, start)
        way = way or _reversed(self._everywhere, start, end, self._sold)
        if way:
            return way
        begun, ended = _reached(self._everywhere, end), _reached(self._backwards, start)
        for scope in [placement] if placement else self._placed:
            placed = self._placed.get(scope, {})
            # A way that those for everywhere do not make leaves and enters theirs by these.
            if not begun.isdisjoint(placed) and any(
                not ended.isdisjoint(others) for others in placed.values()
            ):
                way = _way((self._everywhere, placed), end, start)
            way = way or _reversed(placed, start, end, self._sold)
            if way:
                return way
        return []


def _way(graphs: Sequence[Edges], start: Selected, end: Selected) -> list[Selected]:
    """Return the way from one to another, both of them in it; empty: there is none."""
    came_from, ways = {start: start}, [start]
    for at in ways:
        if at == end:
            way = [at]
            while way[-1] != start:
                way.append(came_from[way[-1]])
            return way[::-1]
        for following in (each for graph in graphs for each in graph.get(at, ())):
            if following not in came_from:
                came_from[following] = at
                ways.append(following)
    return []


def _reached(graph: Edges, start: Selected) -> set[Selected]:
    """Return what can be reached from one, itself among it."""
    found, seen = [start], {start}
    for at in found:
        new = [each for each in graph.get(at, ()) if each not in seen]
        seen.update(new)
        found += new
    return seen


def _reversed(graph: Edges, start: Selected, end: Selected, sold: _Sold) -> list[Selected]:
    """Return the other one of two exclusions that say the same from both sides."""
    for one, others in graph.items():
        for other in others:
            is_wider = _holds(one, end, sold) and _holds(other, start, sold)
            if is_wider or (_holds(end, one, sold) and _holds(start, other, sold)):
                return [one, other]
    return []


def _holds(wide: Selected, narrow: Selected, sold: _Sold) -> bool:
    """Say whether all of what one selects is surely selected by another."""
    if wide == narrow:
        return True
    attribute, value = wide
    if narrow[0] == "CATEGORY" == attribute:
        return is_under(narrow[1], value)
    if narrow[0] != "OFFER":
        return False
    told = sold(narrow[1])
    match attribute:
        case "KIND":
            return bool(told.kind) and kind_name(told.kind) == value
        case "CATEGORY":
            return is_under(told.category, value)
        case "BRAND":
            return told.brand == value
        case _:
            return False
