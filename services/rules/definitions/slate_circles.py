"""Exclusions that come back to where they began: they say one thing twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from services.rules.definitions.assortment import Known
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.slate_fixed import is_under, kind_name

Selected = tuple[str, str]
"""An attribute and its value."""
Edges = Mapping[Selected, Sequence[Selected]]


def check_circles(rules: Sequence[Entry], known: Known, problems: Problems) -> None:
    """Note those that close a circle, or say the other way round what a wider one says."""
    edges: dict[str, dict[Selected, list[Selected]]] = defaultdict(lambda: defaultdict(list))
    for entry in rules:
        values = entry.values
        if "excludes" not in values or not values.get("value"):
            continue
        start = (str(values.get("attribute", "")), str(values["value"]))
        end = (values["excludes"].attribute, values["excludes"].value)
        placement = str(values.get("placement", ""))
        scopes = [placement] if placement else [*edges, ""]
        for scope in scopes:
            graph = _joined(edges[""], edges[scope])
            way = _way(graph, end, start) or _reversed(graph, start, end, known)
            if way:
                told = ", then not ".join(" ".join(each) for each in [start, *way])
                problems.add(entry.where("excludes"), f"goes round in a circle: {told}")
                break
        else:
            edges[placement][start].append(end)


def _joined(one: Edges, other: Edges) -> Edges:
    return {key: [*one.get(key, ()), *other.get(key, ())] for key in {*one, *other}}


def _way(graph: Edges, start: Selected, end: Selected) -> list[Selected]:
    """Return the way from one to another, both of them in it; empty: there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        if way[-1] == end:
            return way
        for following in graph.get(way[-1], ()):
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def _reversed(graph: Edges, start: Selected, end: Selected, known: Known) -> list[Selected]:
    """Return the other one of two exclusions that say the same from both sides."""
    for one, others in graph.items():
        for other in others:
            is_wider = _holds(one, end, known) and _holds(other, start, known)
            if is_wider or (_holds(end, one, known) and _holds(start, other, known)):
                return [one, other]
    return []


def _holds(wide: Selected, narrow: Selected, known: Known) -> bool:
    """Say whether all of what one selects is surely selected by another."""
    if wide == narrow:
        return True
    attribute, value = wide
    if narrow[0] == "CATEGORY" == attribute:
        return is_under(narrow[1], value)
    if narrow[0] != "OFFER":
        return False
    sold = known.sold(narrow[1])
    match attribute:
        case "KIND":
            return bool(sold.kind) and kind_name(sold.kind) == value
        case "CATEGORY":
            return is_under(sold.category, value)
        case "BRAND":
            return sold.brand == value
        case _:
            return False
