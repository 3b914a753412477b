"""Contradictions among slate rules and pins, as far as they can be told before anything is shown.

Of items and offers it is known what the catalogue has of them now. Conditions are not weighed: two
pins that might hold at once are taken to do so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from services.rules.definitions.assortment import Known
from services.rules.definitions.problems import Place, Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.slate_circles import check_circles
from services.rules.definitions.slate_fixed import Fixed, pinned_on, shared_on


def check_conflicts(
    rules: Sequence[Entry], pins: Sequence[Entry], known: Known, problems: Problems
) -> None:
    """Note every pair of rules, pins and shares that no slate could keep."""
    check_circles(rules, known, problems)
    for placement in known.placements:
        held = [each for each in rules if each.values.get("placement", placement) == placement]
        pinned, shares = pinned_on(placement, pins, known), shared_on(placement, rules, known)
        for place, message in _conflicts(held, pinned, shares, placement):
            problems.add(place, message)
        for rule in held:
            _check_diversity(rule, placement, known, problems)


def _conflicts(
    rules: Sequence[Entry], pinned: Sequence[Fixed], shares: Sequence[Fixed], placement: str
) -> Iterator[tuple[Place, str]]:
    yield from _taken_twice(pinned, shares, placement)
    yield from _too_many_shares(shares, placement)
    for share in shares:
        for pin in pinned:
            if pin.is_of(share.attribute, share.value) and (
                share.share < 1.0 or share.attribute == "OFFER"
            ):
                yield share.place, f"{pin.what} is pinned there: it would be in every slate"
    for rule in rules:
        told = f"(line {rule.place.line} of {rule.place.path})"
        for broken, message in _broken(rule, pinned, shares):
            yield broken[-1].place, f"{_together(broken)}: {message} {told}"


def _together(fixed: Sequence[Fixed]) -> str:
    return f"{' and '.join(each.what for each in fixed)} cannot be shown together"


def _taken_twice(
    pinned: Sequence[Fixed], shares: Sequence[Fixed], placement: str
) -> Iterator[tuple[Place, str]]:
    by_position: dict[int, Fixed] = {}
    by_offer: dict[str, Fixed] = {}
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


def _too_many_shares(shares: Sequence[Fixed], placement: str) -> Iterator[tuple[Place, str]]:
    total = 0.0
    for at, share in enumerate(shares):
        total += share.share
        if round(total, 9) > 1.0:
            message = f"the shares of {placement} add up to {total:.4g}, more than all its slates"
            yield share.place, message
        for other in shares[:at]:
            for wide, narrow in ((other, share), (share, other)):
                if narrow.is_of(wide.attribute, wide.value):
                    message = f"{narrow.what} is in the share of {wide.what} of {placement} already"
                    yield share.place, message
                    break


_Broken = Iterator[tuple[list[Fixed], str]]


def _broken(rule: Entry, pinned: Sequence[Fixed], shares: Sequence[Fixed]) -> _Broken:
    """Yield which pins, and which of them with a share, break a rule, and what it says.

    Each share is tried by itself with all pins, and comes last of what it breaks.
    """
    values = rule.values
    if "at_most" in values:
        yield from _too_many(rule, pinned, shares)
    if "at_least" in values and "first" in values:
        yield from _too_alike(rule, pinned, shares)
    if "excludes" in values and values.get("value"):
        yield from _excluded(rule, pinned, shares)


def _too_many(rule: Entry, pinned: Sequence[Fixed], shares: Sequence[Fixed]) -> _Broken:
    attribute, value = _selected(rule)
    most, groups = int(rule.values["at_most"]), _groups(rule, pinned)
    message = f"at most {most} of {attribute}{f' {value}' if value else ''}"
    for group in groups.values():
        if len(group) > most:
            yield group, message
    for share in shares:
        group = groups.get(_group(rule, share), [])
        if len(group) == most:
            yield [*group, share], message


def _too_alike(rule: Entry, pinned: Sequence[Fixed], shares: Sequence[Fixed]) -> _Broken:
    first, at_least = int(rule.values["first"]), int(rule.values["at_least"])
    groups = _groups(rule, [each for each in pinned if each.position <= first])
    most, surplus = max(first - at_least, 0), sum(len(group) - 1 for group in groups.values())
    if surplus < most:
        return
    message = f"at least {at_least} are to differ"
    if surplus > most:
        yield _alike(rule, pinned, groups), message
        return
    for share in shares:
        group = groups.get(_group(rule, share))
        if group and share.position <= first:
            with_it = {**groups, _group(rule, share): [*group, share]}
            yield _alike(rule, [*pinned, share], with_it), message


def _alike(
    rule: Entry, fixed: Sequence[Fixed], groups: Mapping[str, Sequence[Fixed]]
) -> list[Fixed]:
    """Return those that are not alone in their group, in their order."""
    first = int(rule.values["first"])
    return [
        each
        for each in fixed
        if each.position <= first and len(groups.get(_group(rule, each), ())) > 1
    ]


def _excluded(rule: Entry, pinned: Sequence[Fixed], shares: Sequence[Fixed]) -> _Broken:
    """Yield each with the first pin that it cannot be shown with: there may be very many pairs."""
    side, other = _selected(rule), rule.values["excludes"]
    left: Fixed | None = None
    right: Fixed | None = None
    for each in (*pinned, *shares):
        is_left, is_right = each.is_of(*side), each.is_of(other.attribute, other.value)
        met = (is_left and right) or (is_right and left)
        if met:
            yield [met, each], "they exclude each other"
        if not each.share:
            left = left or (each if is_left else None)
            right = right or (each if is_right else None)


def _groups(rule: Entry, fixed: Sequence[Fixed]) -> dict[str, list[Fixed]]:
    """Return what is sure to be shown by what the rule counts, where that is known."""
    found: dict[str, list[Fixed]] = defaultdict(list)
    for each in fixed:
        group = _group(rule, each)
        if group:
            found[group].append(each)
    return found


def _group(rule: Entry, fixed: Fixed) -> str:
    """Return the value that the rule counts it under, empty where it does not, or nobody knows."""
    attribute, value = _selected(rule)
    if value:
        return value if fixed.is_of(attribute, value) else ""
    return fixed.group(attribute, max(int(rule.values.get("depth", 1)), 1))


def _selected(rule: Entry) -> tuple[str, str]:
    return str(rule.values.get("attribute", "")), str(rule.values.get("value", ""))


def _check_diversity(rule: Entry, placement: str, known: Known, problems: Problems) -> None:
    """Note more kinds than its placement has; a rule for all is for those that have as many."""
    values = rule.values
    if "placement" not in values or values.get("attribute") != "KIND" or "at_least" not in values:
        return
    kinds = known.placements[placement].values.get("kinds", ())
    if 0 < len(set(kinds)) < values["at_least"]:
        message = f"{placement} shows {len(set(kinds))} kinds, so {values['at_least']} cannot be"
        problems.add(rule.where("at_least"), message)
