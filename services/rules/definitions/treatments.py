"""The rules as they are for those in variants of experiments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from services.rules.domain.definitions import Rule
from shared.treatments import Switched


def treated_rules(
    rules: Iterable[Rule], awake: Mapping[str, Rule], switched: Switched
) -> tuple[Rule, ...]:
    """Return rules as they are for those treated so, each in its place.

    What is switched off goes on being asked, in shadow, so that it is seen what it would have done.
    `awake` holds rules that are off for everybody else, with their conditions.
    """
    return tuple([_treated(rule, awake, switched) for rule in rules])


def _treated(rule: Rule, awake: Mapping[str, Rule], switched: Switched) -> Rule:
    if rule.name in switched.on:
        return replace(awake.get(rule.name, rule), is_shadow=False)
    return replace(rule, is_shadow=True) if rule.name in switched.off else rule
