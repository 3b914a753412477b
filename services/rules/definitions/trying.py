"""Runs the examples that rules carry, as tests: what fails is a mistake of the definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.rules.conditions import Condition
from services.rules.conditions.example import NOT_GIVEN, Outcome, Values, outcome_on
from services.rules.conditions.frame import Activate
from services.rules.definitions.example_items import (
    PRODUCT,
    contradiction,
    gives_item,
    said_of_both,
)
from services.rules.definitions.examples import OUTCOMES, Example
from services.rules.definitions.problems import Place, Problems
from services.rules.definitions.reading import Entry
from touchpoint.common.v1.vocabulary_pb2 import OfferKind


def check_examples(
    rule: Entry, conditions: Mapping[str, Condition], activate: Activate, problems: Problems
) -> None:
    """Run a rule's examples on those of its conditions that can be used."""
    examples: Sequence[Example] = rule.values.get("examples", ())
    for example in examples:
        given = example.entry.places.keys() & OUTCOMES.keys()
        if not given:
            problems.add(example.entry.place, "an example needs removed or levered: what comes?")
        case = _case(rule, example, problems)
        for name in sorted(given):
            about = OUTCOMES[name]
            if about not in rule.places:
                problems.add(example.entry.where(name), f"{name} is about {about}: there is none")
            elif about in conditions and case.is_whole:
                _run(rule, case, name, conditions[about], activate, problems)


def _case(rule: Entry, example: Example, problems: Problems) -> Example:
    """Return an example with what is implied; not whole, where it speaks of what cannot be."""
    values = {**_implied(rule, example.values), **example.values}
    wrong = contradiction(values) if example.is_whole else ""
    if wrong:
        problems.add(example.entry.where("item"), wrong)
    return replace(example, values=said_of_both(values), is_whole=example.is_whole and not wrong)


def _run(
    rule: Entry,
    example: Example,
    name: str,
    condition: Condition,
    activate: Activate,
    problems: Problems,
) -> None:
    place: Place = example.entry.where(name)
    if "now" not in example.values and "now" in condition.reads:
        problems.add(place, f"the example needs now: {OUTCOMES[name]} reads it")
        return
    if not _is_subject(rule, example.values):
        came, why = False, "the rule is not for this kind or placement"
    else:
        outcome = outcome_on(condition, example.values, activate)
        if not outcome.is_agreed:
            problems.add(place, "CEL and its form over columns differ here: report this, please")
        came, why = _what_came(name, outcome)
    expected = example.entry.values[name]
    if came is not expected:
        problems.add(place, f"{name} should be {_word(expected)}, came {_word(came)}: {why}")


def _what_came(name: str, outcome: Outcome) -> tuple[bool, str]:
    """Return what comes of a condition, and why; what cannot be evaluated removes."""
    about = OUTCOMES[name]
    if outcome.error:
        return name == "removed", f"{about} cannot be evaluated ({outcome.error})"
    return outcome.value, f"{about} is {_word(outcome.value)}"


def _implied(rule: Entry, given: Values) -> dict[str, Any]:
    """Return what the rule itself says of those that it is for; what is an item is a product."""
    found: dict[str, Any] = {}
    if gives_item(given):
        found["offer.kind"] = PRODUCT
    elif kinds := rule.values.get("kinds"):
        found["offer.kind"] = OfferKind.Value.Name(kinds[0])
    if placements := rule.values.get("placements"):
        found["request.placement"] = placements[0]
    return found


def _is_subject(rule: Entry, values: Mapping[str, Any]) -> bool:
    kinds = [OfferKind.Value.Name(kind) for kind in rule.values.get("kinds", ())]
    placements = rule.values.get("placements", ())
    kind = values.get("offer.kind", NOT_GIVEN["offer.kind"])
    return (not kinds or kind in kinds) and (
        not placements or values.get("request.placement", "") in placements
    )


def _word(value: bool) -> str:
    return "true" if value else "false"
