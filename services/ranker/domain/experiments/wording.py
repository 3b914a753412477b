"""Says in sentences what an experiment came to, and what may not be concluded of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.ranker.domain.experiments.comparing import FEWEST, Compared, Conclusion, Role
from services.ranker.domain.experiments.reporting import Outcome, Report

Amount = Callable[[str, float], str]
"""Writes a number in the unit of a measure, named by the measure: `12.30 USD`, `4.5%`."""
Title = Callable[[str], str]
"""The readable name of a measure."""


def sentences(
    report: Report, title: Title, amount: Amount, minimal_effect: float = 0.0
) -> Iterator[str]:
    """Yield what came of it: first whether it may be believed, then the goal, then the guards.

    `minimal_effect` is the least change of the goal that matters, as a share of the control's mean;
    0: it was not said.
    """
    if report.shared_out.is_mismatch:
        yield _mismatch(report)
    for outcome in report.outcomes:
        if outcome.looked.role is Role.GOAL:
            yield from _of_goal(report, outcome, title, amount, minimal_effect)
    for outcome in report.outcomes:
        if outcome.looked.role is Role.GUARD:
            yield from _of_guard(report, outcome, title, amount)
    if report.mixed:
        people = "1 person was" if report.mixed == 1 else f"{report.mixed:,} people were"
        yield (f"{people} seen in two groups, as two who turned out to be one, and left out.")


def _mismatch(report: Report) -> str:
    people = ", ".join(
        f"{group.name} {count:,}"
        for group, count in zip(report.groups, report.shared_out.people, strict=True)
    )
    planned = ", ".join(
        f"{group.name} {share:.1%}"
        for group, share in zip(report.groups, report.shared_out.shares, strict=True)
    )
    return (
        f"The groups have other sizes than planned ({people}; planned {planned}), which chance "
        f"does not explain (p {report.shared_out.p_value:.1g}). Somebody is lost or counted twice: "
        "believe nothing of this before the reason is found."
    )


def _of_goal(
    report: Report, outcome: Outcome, title: Title, amount: Amount, minimal_effect: float
) -> Iterator[str]:
    name, control = outcome.looked.name, report.groups[0].name
    for group, found in zip(report.groups[1:], outcome.compared, strict=True):
        told = f"{group.name}: {title(name)} {amount(name, found.theirs.mean)}"
        if found.conclusion is Conclusion.TOO_FEW:
            yield f"{group.name}: too few people to tell (fewer than {FEWEST} in a group)."
        elif found.conclusion is Conclusion.NOT_SIGNIFICANT:
            yield (
                f"{told}, {control} {amount(name, found.control.mean)}: not significant; "
                f"{_reach(name, found, amount)}{_matters(found, minimal_effect)}."
            )
        else:
            which = "better" if found.conclusion is Conclusion.BETTER else "worse"
            yield (
                f"{told}, {control} {amount(name, found.control.mean)}{_share(found)}: {which}; "
                f"{_reach(name, found, amount)}."
            )


def _of_guard(report: Report, outcome: Outcome, title: Title, amount: Amount) -> Iterator[str]:
    name = outcome.looked.name
    for group, found in zip(report.groups[1:], outcome.compared, strict=True):
        if found.conclusion is Conclusion.WORSE:
            yield (
                f"But {group.name} costs: {title(name)} {amount(name, found.theirs.mean)} instead "
                f"of {amount(name, found.control.mean)}; {_reach(name, found, amount)}."
            )


def _reach(name: str, found: Compared, amount: Amount) -> str:
    low, high = found.interval.low, found.interval.high
    if high - low == float("inf"):
        return "nothing is known of the difference"
    return (
        f"the difference is between {_signed(name, low, amount)} and {_signed(name, high, amount)}"
    )


def _signed(name: str, value: float, amount: Amount) -> str:
    return f"{'-' if value < 0.0 else '+'}{amount(name, abs(value))}"


def _share(found: Compared) -> str:
    if found.lift is None:
        return ""
    return f" ({found.lift.value:+.1%})"


def _matters(found: Compared, minimal_effect: float) -> str:
    """Say whether a change that matters is still possible."""
    least = abs(found.control.mean) * minimal_effect
    if not least:
        return ""
    if max(abs(found.interval.low), abs(found.interval.high)) < least:
        return f", less than the {minimal_effect:.1%} that matters: it may be ended"
    return f"; a change of {minimal_effect:.1%} or more is still possible"
