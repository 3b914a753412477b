"""Contradictions among slate rules and pins, as far as they can be told before anything is shown.

Conditions are not weighed: two pins that might hold at once are taken to do so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

from services.rules.definitions.problems import Place, Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.slates import Known, selected_kind
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

Selected = tuple[str, str]
"""An attribute and its value."""


class _Fixed(NamedTuple):
    """What is sure to be shown at a position, when it is let pass."""

    what: str
    attribute: str
    value: str
    kind: int
    position: int
    place: Place
    """Where it says so."""
    share: float = 0.0
    """0: a pin, which is there in every slate."""

    def is_of(self, attribute: str, value: str) -> bool:
        """Say whether it is surely what is selected."""
        if attribute == "KIND":
            return bool(self.kind) and value == OfferKind.Value.Name(
                OfferKind.Value.ValueType(self.kind)
            )
        return (self.attribute, self.value) == (attribute, value)

    def group(self, attribute: str) -> str:
        """Return its value of an attribute, empty where only the catalogue will tell."""
        if attribute == "KIND":
            return str(self.kind or "")
        return self.value if self.attribute == attribute else ""


def check_conflicts(
    rules: Sequence[Entry], pins: Sequence[Entry], known: Known, problems: Problems
) -> None:
    """Note every pair of rules, pins and shares that no slate could keep."""
    _check_circles(rules, problems)
    for placement in known.placements:
        held = [each for each in rules if each.values.get("placement", placement) == placement]
        pinned = [_pin(each, known) for each in pins if _is_whole_pin(each, placement)]
        shares = [_share(each, known) for each in held if _is_whole_share(each)]
        for place, message in _conflicts(held, pinned, shares, placement):
            problems.add(place, message)


def _conflicts(
    rules: Sequence[Entry], pinned: Sequence[_Fixed], shares: Sequence[_Fixed], placement: str
) -> Iterator[tuple[Place, str]]:
    yield from _taken_twice(pinned, shares, placement)
    yield from _too_many_shares(shares, placement)
    for share in shares:
        for pin in pinned:
            if pin.is_of(share.attribute, share.value) and share.share < 1.0:
                yield share.place, f"{pin.what} is pinned there: it would be in every slate"
    for rule in rules:
        for fixed in ([*pinned], *([*pinned, share] for share in shares)):
            message = _broken(rule, fixed)
            if message and (len(fixed) == len(pinned) or not _broken(rule, pinned)):
                yield fixed[-1].place, f"{message} (line {rule.place.line} of {rule.place.path})"


def _taken_twice(
    pinned: Sequence[_Fixed], shares: Sequence[_Fixed], placement: str
) -> Iterator[tuple[Place, str]]:
    by_position: dict[int, _Fixed] = {}
    by_offer: dict[str, _Fixed] = {}
    for pin in pinned:
        other = by_position.setdefault(pin.position, pin)
        if other is not pin:
            line = f"line {other.place.line} of {other.place.path}"
            yield pin.place, f"place {pin.position} of {placement} is pinned already ({line})"
        same = by_offer.setdefault(pin.value, pin)
        if same is not pin:
            yield pin.place, f"{pin.what} is pinned to place {same.position} of {placement} already"
    for share in shares:
        if share.position in by_position:
            message = f"place {share.position} of {placement} is pinned, so no share can have it"
            yield share.place, message


def _too_many_shares(shares: Sequence[_Fixed], placement: str) -> Iterator[tuple[Place, str]]:
    total = 0.0
    for at, share in enumerate(shares):
        total += share.share
        if round(total, 9) > 1.0:
            message = f"the shares of {placement} add up to {total:.4g}, more than all its slates"
            yield share.place, message
        for other in shares[:at]:
            one, two = (other, share) if other.attribute == "KIND" else (share, other)
            if two.is_of(one.attribute, one.value):
                yield (
                    share.place,
                    f"{two.what} is in the share of {one.what} of {placement} already",
                )


def _broken(rule: Entry, fixed: Sequence[_Fixed]) -> str:
    """Say how what is sure to be shown breaks a rule; empty: it does not."""
    values = rule.values
    attribute, value = str(values.get("attribute", "")), str(values.get("value", ""))
    if not fixed:
        return ""
    whats = " and ".join(each.what for each in fixed)
    if "at_most" in values:
        found = [each for each in fixed if not value or each.is_of(attribute, value)]
        groups = Counter(each.group(attribute) for each in found if each.group(attribute))
        most = len(found) if value else max(groups.values(), default=0)
        if most > values["at_most"]:
            return f"{whats} cannot be shown together: at most {values['at_most']} of {attribute}"
    if "at_least" in values and "first" in values:
        head = [each.group(attribute) for each in fixed if each.position <= values["first"]]
        head = [group for group in head if group]
        if len(head) - len(set(head)) > values["first"] - values["at_least"]:
            return f"{whats} cannot be shown together: at least {values['at_least']} are to differ"
    if "excludes" in values and value:
        other = values["excludes"]
        for one, two in permutations(fixed, 2):
            if one.is_of(attribute, value) and two.is_of(other.attribute, other.value):
                return f"{one.what} and {two.what} exclude each other"
    return ""


def _check_circles(rules: Sequence[Entry], problems: Problems) -> None:
    """Note exclusions that come back to where they began: they say one thing twice."""
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
            way = _way(graph, end, start)
            if way:
                told = ", then not ".join(" ".join(each) for each in [start, *way])
                problems.add(entry.where("excludes"), f"goes round in a circle: {told}")
                break
        else:
            edges[placement][start].append(end)


def _joined(
    one: dict[Selected, list[Selected]], other: dict[Selected, list[Selected]]
) -> dict[Selected, list[Selected]]:
    return {key: [*one.get(key, ()), *other.get(key, ())] for key in {*one, *other}}


def _way(graph: dict[Selected, list[Selected]], start: Selected, end: Selected) -> list[Selected]:
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


def _is_whole_pin(entry: Entry, placement: str) -> bool:
    return entry.values.get("placement") == placement and {"position", "offer"} <= set(entry.values)


def _is_whole_share(entry: Entry) -> bool:
    return {"placement", "attribute", "value", "share"} <= set(entry.values)


def _pin(entry: Entry, known: Known) -> _Fixed:
    offer_id = str(entry.values["offer"])
    position = int(entry.values["position"])
    return _Fixed(offer_id, "OFFER", offer_id, known.kind(offer_id), position, entry.place)


def _share(entry: Entry, known: Known) -> _Fixed:
    attribute, value = str(entry.values["attribute"]), str(entry.values["value"])
    kind = selected_kind(attribute, value, known)
    what = value if attribute == "OFFER" else f"{attribute} {value}"
    position, part = int(entry.values.get("position", 1)), float(entry.values["share"])
    return _Fixed(what, attribute, value, kind, position, entry.place, part)
