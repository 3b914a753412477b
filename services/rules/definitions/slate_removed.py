"""Pins and shares of what a rule always removes there: they would never be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.rules.conditions import Condition, ConditionCompiler, ConditionError
from services.rules.conditions.example import NO_ITEM, NOT_GIVEN, ExampleValues, by_cel
from services.rules.definitions.assortment import Known
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.slate_fixed import Fixed, kind_name, pinned_on, shared_on
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RuleLevel
from touchpoint.rules.v1.rules_pb2 import RuleMode

_FLAGS = ("price_led", "members_only", "personal")
_TOLD = (
    frozenset(("offer.id", "offer.kind", "offer.type", *(f"offer.{flag}" for flag in _FLAGS)))
    | NO_ITEM.keys()
    | {"request.placement", "request.channel"}
)
"""What definitions tell of an offer, and of the placement that keeps a place for it."""


def check_removed(
    rules: Sequence[Entry],
    slate_rules: Sequence[Entry],
    pins: Sequence[Entry],
    known: Known,
    compiler: ConditionCompiler,
    problems: Problems,
) -> None:
    """Note each, where the rule reads nothing but what the definitions tell."""
    settled = list(_settled(rules, compiler))
    if not settled:
        return
    for placement in known.placements:
        kept = [*pinned_on(placement, pins, known), *shared_on(placement, slate_rules, known)]
        for fixed in kept:
            told = [_told(fixed, placement, on, known) for on in known.filled_on(placement)]
            given = [ExampleValues({**NOT_GIVEN, **values}) for values in told]
            for rule, condition in settled:
                if not all(
                    name in told[0] or name.startswith("params.") for name in condition.reads
                ):
                    continue
                if _removes(rule, condition, fixed, placement, given, compiler):
                    where = f"line {rule.place.line} of {rule.place.path}"
                    name = rule.values.get("name", "")
                    message = f"{fixed.what} is never shown on {placement}: {name} removes it"
                    problems.add(fixed.place, f"{message} ({where})")


def _settled(
    rules: Sequence[Entry], compiler: ConditionCompiler
) -> Iterable[tuple[Entry, Condition]]:
    """Yield rules whose conditions read nothing else; those that are wrong are told elsewhere."""
    for rule in rules:
        is_enforced = rule.values.get("mode", RuleMode.ENFORCED) == RuleMode.ENFORCED
        if not is_enforced or "remove_when" not in rule.values:
            continue
        try:
            condition = compiler.compile(rule.values["remove_when"])
        except ConditionError:
            continue
        if all(name in _TOLD or name.startswith("params.") for name in condition.reads):
            yield rule, condition


def _told(fixed: Fixed, placement: str, channel: int, known: Known) -> Mapping[str, Any]:
    """Return what is told of an offer, a kind, or nobody knows what, by the names of conditions."""
    values: dict[str, Any] = {
        "request.placement": placement,
        "request.channel": Channel.Value.Name(Channel.Value.ValueType(channel)),
    }
    if fixed.sold.kind:
        values["offer.kind"] = kind_name(fixed.sold.kind)
    if fixed.sold.kind not in (0, OfferKind.PRODUCT):  # no item: of one all is empty
        values |= NO_ITEM
    if fixed.attribute != "OFFER":
        return values
    values["offer.id"] = fixed.value
    if fixed.sold.kind == OfferKind.PRODUCT:
        values["item.id"] = fixed.value
    defined = known.offers.get(fixed.value)
    if defined is not None:
        attributes = defined.values.get("attributes", {})
        values["offer.type"] = attributes.get("type", "")
        values |= {f"offer.{flag}": attributes.get(flag) == "true" for flag in _FLAGS}
    return values


def _removes(
    rule: Entry,
    condition: Condition,
    fixed: Fixed,
    placement: str,
    given: Sequence[ExampleValues],
    compiler: ConditionCompiler,
) -> bool:
    """Say whether a rule always removes what is kept a place; what fails removes, too.

    `given` is what is told on each channel on which the placement may be filled.
    """
    if fixed.sold.is_default:
        return False
    said = rule.values
    kinds, placements = said.get("kinds", ()), said.get("placements", ())
    if (kinds and fixed.sold.kind not in kinds) or (placements and placement not in placements):
        return False
    level = said.get("level", RuleLevel.ELIGIBILITY)
    if level != RuleLevel.ELIGIBILITY and fixed.sold.kind in (0, OfferKind.PROMOTION):
        return False  # to whom it is promised it is shown
    differing = given if "request.channel" in condition.reads else given[:1]
    outcomes = (by_cel(condition, values, compiler.activation) for values in differing)
    return all(value or bool(error) for value, error in outcomes)
