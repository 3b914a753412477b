"""What must hold of experiments: shares, names, and that no two of them pull at the same thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from services.rules.definitions.assortment import Known
from services.rules.definitions.experiments import SWITCHED, are_too_many, shares_of, touched
from services.rules.definitions.problems import Place, Problems, suggestion
from services.rules.definitions.reading import Entry
from shared.experiments import HOLDOUT
from touchpoint.common.v1.vocabulary_pb2 import RuleLevel
from touchpoint.rules.v1.rules_pb2 import RuleMode

MAX_EXPERIMENTS = 50
FEWEST_VARIANTS = 2
_FOREVER = (1 << 62, 0)
Named = Mapping[str, Mapping[str, Entry]]
"""What there is to be switched, by section and name."""


@dataclass(frozen=True, slots=True)
class Switchable:
    """What experiments may speak of."""

    named: Named
    known: Known


def check_experiments(entries: Sequence[Entry], switchable: Switchable, problems: Problems) -> None:
    """Note experiments that share out more than everybody, or speak of what there is not."""
    if len(entries) > MAX_EXPERIMENTS:
        surplus = entries[MAX_EXPERIMENTS]
        problems.add(surplus.place, f"there are more than {MAX_EXPERIMENTS} experiments")
    for entry in entries:
        if entry.values.get("experiment") == HOLDOUT:
            message = f"{HOLDOUT} is what is personal against what is not: take another name"
            problems.add(entry.where("experiment"), message)
        _check_measures(entry, problems)
        _check_times(entry, problems)
        _check_variants(entry, problems)
        for variant in entry.values.get("variants", ()):
            _check_changes(variant, switchable, problems)
    for one, other in combinations(entries[:MAX_EXPERIMENTS], 2):
        _check_both(one, other, problems)


def _check_measures(entry: Entry, problems: Problems) -> None:
    goal = entry.values.get("goal")
    if goal is not None and goal in entry.values.get("guards", ()):
        problems.add(entry.where("guards"), f"{goal} is the goal: a guard is another measure")


def _check_times(entry: Entry, problems: Problems) -> None:
    starts, ends = _span(entry)
    if ends <= starts:
        problems.add(entry.where("ends_time"), "ends before it starts")


def _check_variants(entry: Entry, problems: Problems) -> None:
    if "variants" not in entry.values:
        return
    variants: Sequence[Entry] = entry.values["variants"]
    where = entry.where("variants")
    if len(variants) < FEWEST_VARIANTS:
        message = "an experiment has 2 to 10 variants, of which the first is the control"
        problems.add(where, message)
        return
    seen: set[str] = set()
    for variant in variants:
        name = variant.values.get("variant", "")
        if name and name in seen:
            problems.add(variant.where("variant"), f"the variant {name} is defined twice")
        seen.add(name)
    _check_shares(variants, where, problems)
    _check_differences(variants, problems)


def _check_shares(variants: Sequence[Entry], where: Place, problems: Problems) -> None:
    lacking = [each for each in variants if "share" not in each.places]
    if lacking and len(lacking) < len(variants):
        for each in lacking:
            problems.add(each.place, "share is missing: all variants have one, or none has")
    found = shares_of(variants)
    if are_too_many(found):
        told = " + ".join(f"{part * 100:g}%" for part in found)
        message = f"the shares of the variants are more than everybody: {told}"
        problems.add(where, f"{message} = {sum(found) * 100:g}%")


def _check_differences(variants: Sequence[Entry], problems: Problems) -> None:
    """Warn of variants that treat people as another one does."""
    known: dict[Any, str] = {}
    for variant in variants:
        said, name = _treatment(variant), variant.values.get("variant", "")
        if said in known:
            message = f"{name} treats people as {known[said]} does: nothing can come of it"
            if said == _NOTHING and known[said] == variants[0].values.get("variant", ""):
                message = f"{name} changes nothing: people are treated as in {known[said]}"
            problems.add(variant.place, message, warning=True)
        known.setdefault(said, name)


def _treatment(variant: Entry) -> tuple[Any, ...]:
    """Return what a variant changes, equal for equal treatments."""
    switched = [
        frozenset(variant.values[section].values.get(direction, ()))
        if section in variant.values
        else frozenset()
        for section in SWITCHED
        for direction in ("off", "on")
    ]
    ranker = variant.values["ranker"].values if "ranker" in variant.values else {}
    return (
        *switched,
        ranker.get("exploration"),
        ranker.get("priors_only", False),
        frozenset(item for item in ranker.get("levers", {}).items() if item[1] != 1.0),
    )


_NOTHING = _treatment(Entry(Place("")))


def _check_changes(variant: Entry, switchable: Switchable, problems: Problems) -> None:
    for section in SWITCHED:
        if section in variant.values:
            switches: Entry = variant.values[section]
            _check_switches(section, switches, switchable.named[section], problems)
    if "ranker" in variant.values:
        ranker: Entry = variant.values["ranker"]
        for offer_id in ranker.values.get("levers", ()):
            if not switchable.known.kind(offer_id):
                offers = [name for name in switchable.known.offers if name]
                message = f"there is no offer {offer_id} in these definitions or in the catalogue"
                place = ranker.where("levers")
                problems.add(place, f"levers: {message}{suggestion(offer_id, offers)}")


def _check_switches(
    section: str, switches: Entry, named: Mapping[str, Entry], problems: Problems
) -> None:
    thing = section.removesuffix("s").replace("_", " ")
    both = set(switches.values.get("off", ())) & set(switches.values.get("on", ()))
    for name in sorted(both):
        problems.add(switches.place, f"the {thing} {name} is switched both off and on")
    for direction, mistake_of in _MISTAKES.items():
        for name in switches.values.get(direction, ()):
            entry = named.get(name)
            if not name or entry is None:
                message = f"there is no {thing} {name}{suggestion(name, [*filter(None, named)])}"
            else:
                message = mistake_of(f"the {thing} {name}", entry)
            if message:
                problems.add(switches.where(direction), f"{direction}: {message}")


def _cannot_be_off(what: str, entry: Entry) -> str:
    mode = entry.values.get("mode", RuleMode.ENFORCED)
    if mode != RuleMode.ENFORCED:
        return f"{what} is not in force for anybody (mode: {RuleMode.Value.Name(mode)})"
    level = entry.values.get("level", RuleLevel.ELIGIBILITY)
    if "remove_when" in entry.places and level == RuleLevel.ELIGIBILITY:
        return (
            f"{what} is of level ELIGIBILITY, which is what must be, law and consent among it: no"
            " experiment takes it away. Where it is a matter of what is relevant or good for"
            " people, say so by its level"
        )
    return ""


def _cannot_be_on(what: str, entry: Entry) -> str:
    if entry.values.get("mode", RuleMode.ENFORCED) == RuleMode.ENFORCED:
        return f"{what} is in force for everybody: give it mode OFF or, a rule, SHADOW"
    return ""


_MISTAKES: Mapping[str, Callable[[str, Entry], str]] = {
    "off": _cannot_be_off,
    "on": _cannot_be_on,
}


def _check_both(one: Entry, other: Entry, problems: Problems) -> None:
    """Refuse two experiments that at one time change the same thing.

    Each draws its people by itself, so some are in both, and nobody could say how to treat them.
    """
    (starts, ends), (others_start, others_end) = _span(one), _span(other)
    if others_end <= starts or ends <= others_start:
        return
    for section, name in sorted(_touched(one) & _touched(other)):
        what = f"{section.removesuffix('s').replace('_', ' ')} {name}"
        message = f"{one.values.get('experiment', '')} changes the {what} at the same time"
        problems.add(
            other.where("variants"),
            f"{message}, and some people are in both: let one end before the other starts",
        )


def _touched(entry: Entry) -> set[tuple[str, str]]:
    return {each for variant in entry.values.get("variants", ()) for each in touched(variant)}


def _span(entry: Entry) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return when an experiment starts and when it is over, in seconds and nanoseconds."""
    starts, ends = entry.values.get("starts_time"), entry.values.get("ends_time")
    return (
        (starts.seconds, starts.nanos) if starts is not None else (0, 0),
        (ends.seconds, ends.nanos) if ends is not None else _FOREVER,
    )
