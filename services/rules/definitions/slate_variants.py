"""Checks slate rules together: those of everybody, and those of each variant that switches some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.rules.definitions.assortment import Known
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.slate_conflicts import check_conflicts
from touchpoint.rules.v1.rules_pb2 import Problem, RuleMode


def is_in_force(entry: Entry) -> bool:
    """Say whether something is in force for everybody who is in no experiment."""
    return bool(entry.values.get("mode", RuleMode.ENFORCED) == RuleMode.ENFORCED)


def check_slates_together(
    rules: Sequence[Entry],
    pins: Sequence[Entry],
    experiments: Sequence[Entry],
    known: Known,
    problems: Problems,
) -> None:
    """Note what no slate can keep, for everybody or only within a variant."""
    everybodys = [rule for rule in rules if is_in_force(rule)]
    check_conflicts(everybodys, pins, known, problems)
    told = {_key(problem) for problem in problems.found}
    for whose, theirs in _of_variants(rules, experiments):
        found = Problems()
        check_conflicts(theirs, pins, known, found)
        for problem in found.found:
            if _key(problem) not in told:
                problem.message += f" (for those in {whose})"
                problems.found.append(problem)


def _of_variants(
    rules: Sequence[Entry], experiments: Sequence[Entry]
) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the slate rules of each variant that has others."""
    for experiment in experiments:
        for variant in experiment.values.get("variants", ()):
            if "slate_rules" not in variant.values:
                continue
            switches = variant.values["slate_rules"].values
            off, on = (frozenset(switches.get(each, ())) for each in ("off", "on"))
            whose = f"{variant.values.get('variant', '')} of {experiment.values.get('experiment')}"
            yield whose, [rule for rule in rules if _is_theirs(rule, off, on)]


def _is_theirs(rule: Entry, off: frozenset[str], on: frozenset[str]) -> bool:
    name = rule.values.get("name", "")
    return name in on or (name not in off and is_in_force(rule))


def _key(problem: Problem) -> tuple[str, int, int, str]:
    return problem.path, problem.line, problem.column, problem.message
