"""Contradictions among slate rules and pins, as far as they can be told before anything is shown.

Of items and offers it is known what the catalogue has of them now. Conditions are not weighed: two
pins that might hold at once are taken to do so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

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
        for broken, message in _broken(rule, pinned):
            yield broken[-1].place, f"{_together(broken)}: {message} {told}"
        for share in shares:
            for broken, message in _broken(rule, [*pinned, share]):
                if share in broken and not _is_broken(rule, broken[:-1]):
                    yield share.place, f"{_together(broken)}: {message} {told}"


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


def _is_broken(rule: Entry, fixed: Sequence[Fixed]) -> bool:
    return any(True for _ in _broken(rule, fixed))


def _broken(rule: Entry, fixed: Sequence[Fixed]) -> Iterator[tuple[list[Fixed], str]]:
    """Yield which of what is sure to be shown break a rule together, and what it says."""
    values = rule.values
    if "at_most" in values:
        yield from _too_many(rule, fixed)
    if "at_least" in values and "first" in values:
        yield from _too_alike(rule, fixed)
    if "excludes" in values and values.get("value"):
        yield from _excluded(rule, fixed)


def _too_many(rule: Entry, fixed: Sequence[Fixed]) -> Iterator[tuple[list[Fixed], str]]:
    attribute, value = _selected(rule)
    most = int(rule.values["at_most"])
    if value:
        groups = [[each for each in fixed if each.is_of(attribute, value)]]
    else:
        groups = list(_groups(rule, fixed).values())
    for group in groups:
        if len(group) > most:
            yield group, f"at most {most} of {attribute}{f' {value}' if value else ''}"


def _too_alike(rule: Entry, fixed: Sequence[Fixed]) -> Iterator[tuple[list[Fixed], str]]:
    first, at_least = int(rule.values["first"]), int(rule.values["at_least"])
    groups = _groups(rule, [each for each in fixed if each.position <= first]).values()
    alike = [each for group in groups if len(group) > 1 for each in group]
    if alike and sum(len(group) - 1 for group in groups) > first - at_least:
        alike.sort(key=fixed.index)
        yield alike, f"at least {at_least} are to differ"


def _excluded(rule: Entry, fixed: Sequence[Fixed]) -> Iterator[tuple[list[Fixed], str]]:
    side, other = _selected(rule), rule.values["excludes"]
    for one, two in combinations(fixed, 2):
        for left, right in ((one, two), (two, one)):
            if left.is_of(*side) and right.is_of(other.attribute, other.value):
                yield [one, two], "they exclude each other"
                break


def _groups(rule: Entry, fixed: Sequence[Fixed]) -> dict[str, list[Fixed]]:
    """Return what is sure to be shown by its value of the rule's attribute, where that is known."""
    attribute, _ = _selected(rule)
    found: dict[str, list[Fixed]] = defaultdict(list)
    for each in fixed:
        group = each.group(attribute, max(int(rule.values.get("depth", 1)), 1))
        if group:
            found[group].append(each)
    return found


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
