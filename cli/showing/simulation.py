"""Shows what definitions would change: how much, for whom, which offers and rules, and examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from cli.console import add_row, table
from cli.showing.changes import SHORT
from cli.showing.policy import show_answers
from cli.showing.words import several
from touchpoint.common.v1.vocabulary_pb2 import Channel, RemovalCode
from touchpoint.rules.v1.rules_service_pb2 import SimulateDefinitionsResponse
from touchpoint.rules.v1.simulation_pb2 import (
    ChangedShare,
    ExampleCause,
    ExampleOffer,
    ExampleReason,
    ExpectedShift,
    GroupedBy,
    OfferShift,
    SimulatedExample,
    Simulation,
    SkipReason,
)

_GROUPS_SHOWN = 8
"""Of each kind."""
_SKIPPED = {
    SkipReason.PROFILE_HAD_NOT_ANSWERED: "profile had not answered",
    SkipReason.PLACEMENT_NOT_DEFINED: "a placement is not defined in both",
    SkipReason.OFFER_GONE: "something shown is no longer in the catalogue",
    SkipReason.UNREADABLE: "recorded by another version",
}
_CAUSES = {
    ExampleCause.NOW_REMOVED: "would be removed by {rule}",
    ExampleCause.NO_LONGER_REMOVED: "would no longer be removed by {rule}",
    ExampleCause.MOVES_UP: "would move up",
    ExampleCause.OUTRANKED: "would be outranked",
    ExampleCause.NOW_PROPOSED: "would be proposed by a pin or a share",
    ExampleCause.NO_LONGER_PROPOSED: "would no longer be proposed by a pin or a share",
}
_NOT_REPLAYED = (
    "Made again with the candidates found then; the catalogue, what is left of budgets and the"
    " model are today's."
)


def as_json_simulation(answer: SimulateDefinitionsResponse) -> dict[str, Any]:
    """Return the problems, or the report with them; what is 0 or empty stands there too."""
    return MessageToDict(answer, always_print_fields_with_no_presence=True)


def show_simulation(console: Console, report: Simulation) -> None:
    """Print the report in words and tables."""
    for line in _opening(report):
        console.print(line, markup=False, soft_wrap=True)
    if not report.replayed:
        return
    _say(console, _outcome(report))
    if report.changed.decisions:
        _show_groups(console, report)
        _show_offers(console, report)
    if report.rules:
        _show_rules(console, report)
    if report.changed.decisions:
        _show_expected(console, report)
        _show_examples(console, report.examples)
    if report.HasField("by_answers"):
        _show_answers(console, report)
    for line in _limits(report):
        _say(console, line, style="dim")


def _show_answers(console: Console, report: Simulation) -> None:
    """Print what was really answered to decisions that were made again."""
    told = report.by_answers
    seen = several(told.decisions, "decision")
    _say(console, f"\nBy the answers given to {seen} of these that were seen (docs/off-policy.md):")
    show_answers(console, {"compared with": told.before, "the new ones": told.after})


def _say(console: Console, line: str, style: str | None = None) -> None:
    console.print(line, style=style, markup=False, soft_wrap=True)


def _opening(report: Simulation) -> list[str]:
    since, until = (_day(each) for each in (report.since_time, report.until_time))
    named = f"{report.bundle_hash[:SHORT]} against {report.against_hash[:SHORT]}"
    if not report.recorded:
        return [
            f"{named}: no decision is recorded from {since} to {until} UTC, so nothing can be said."
        ]
    lines = [
        f"{named}, {since} to {until} UTC: {several(report.recorded, 'recorded decision')}, the"
        f" first of {_day(report.first_time)}; {report.replayed:,} made again, which stand for"
        f" {_about(report.decisions)}."
    ]
    if report.skipped:
        told = [f"{each.recorded:,} {_SKIPPED.get(each.reason, '?')}" for each in report.skipped]
        lines.append(f"Not made again: {'; '.join(told)}.")
    if report.unranked:
        lines.append(
            f"The ranker did not answer for {report.unranked:,}: of these only what would be"
            " removed is told, not what would take its place."
        )
    return lines


def _outcome(report: Simulation) -> str:
    if not report.changed.decisions:
        least = f"at most {report.changed.at_most:.1%}, with a probability of 95%"
        return f"None would change ({least})."
    return f"{_about(report.changed.decisions)} would change: {_share(report.changed)}."


def _show_groups(console: Console, report: Simulation) -> None:
    shown = table("for whom", "", "decisions", "would change", "95% interval", title="\nFor whom")
    for by in (GroupedBy.CHANNEL, GroupedBy.PLACEMENT, GroupedBy.PERSON, GroupedBy.SEGMENT):
        groups = [each for each in report.groups if each.by == by]
        for each in groups[:_GROUPS_SHOWN]:
            add_row(
                shown,
                GroupedBy.Value.Name(by).lower(),
                each.name,
                _about(each.decisions),
                f"{each.changed.share:.1%}",
                _interval(each.changed),
                style=None if each.changed.decisions else "dim",
            )
        if len(groups) > _GROUPS_SHOWN:
            add_row(shown, "", f"and {len(groups) - _GROUPS_SHOWN:,} more", "", "", "", style="dim")
    console.print(shown)


def _show_offers(console: Console, report: Simulation) -> None:
    gaining = [each for each in report.offers if each.after > each.before]
    losing = [each for each in report.offers if each.after < each.before]
    for title, found, total in (
        ("Offers that gain", gaining, report.offers_gaining),
        ("Offers that lose", losing, report.offers_losing),
    ):
        if found:
            console.print(_offers(title, found, total))


def _offers(title: str, found: Sequence[OfferShift], total: int) -> Any:
    some = f", {len(found)} of {total:,}" if total > len(found) else ""
    shown = table("offer", "", "shown before", "after", "gained", "lost", title=f"\n{title}{some}")
    for each in found:
        counts = (each.before, each.after, each.gained, each.lost)
        add_row(shown, each.offer_id, each.title, *map(_about, counts))
    return shown


def _show_rules(console: Console, report: Simulation) -> None:
    shown = table(
        "rule",
        "removes before",
        "after",
        "in decisions before",
        "after",
        title="\nRules that remove more or less",
    )
    for each in report.rules:
        counts = (each.before, each.after, each.decisions_before, each.decisions_after)
        add_row(shown, each.rule, *map(_about, counts))
    console.print(shown)


def _show_expected(console: Console, report: Simulation) -> None:
    _say(
        console,
        f"\nExpected by the present model: acceptances {_shift(report.acceptances)}; value"
        f" {_shift(report.value)}.",
    )


def _show_examples(console: Console, examples: Iterable[SimulatedExample]) -> None:
    for each in examples:
        when = each.decided_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
        whose = f", person {each.person_ids[0]}" if each.person_ids else ""
        channel = Channel.Value.Name(each.channel)
        _say(
            console, f"\n{each.decision_id}, {when} UTC, {channel} {each.placement}{whose}", "bold"
        )
        _say(console, f"  {_titles(each.before)} → {_titles(each.after)}")
        for reason in each.reasons:
            _say(console, f"  {reason.offer_id} {_why(reason)}")


def _why(reason: ExampleReason) -> str:
    told = _CAUSES.get(reason.cause, "?").format(rule=reason.rule)
    if not reason.rule:
        return told
    return (
        f"{told}, {RemovalCode.Value.Name(reason.code)}{f': {reason.text}' if reason.text else ''}"
    )


def _titles(offers: Sequence[ExampleOffer]) -> str:
    return "; ".join(each.title or each.offer_id for each in offers) or "nothing"


def _limits(report: Simulation) -> list[str]:
    lines = [f"\n{_NOT_REPLAYED}"]
    found = report.fidelity
    if found.comparable:
        lines.append(
            f"Of {several(found.comparable, 'decision')} that the definitions compared with had"
            f" made, {found.still_allowed / found.comparable:.1%} showed what they still let pass;"
            f" {found.same_offers / found.comparable:.1%} come out with the same offers and"
            f" {found.as_shown / found.comparable:.1%} just as they were shown (the model may have"
            " learned since)."
        )
    else:
        lines.append(
            "None of these decisions had been made by the definitions compared with, so it is not"
            " known how well they tell what was shown."
        )
    if report.unreplayed_sections:
        named = ", ".join(report.unreplayed_sections)
        lines.append(f"These sections differ, and what they change is not in the numbers: {named}.")
    return lines


def _share(changed: ChangedShare) -> str:
    return f"{changed.share:.1%} (95% interval {_interval(changed)})"


def _interval(changed: ChangedShare) -> str:
    return f"{changed.at_least:.1%}–{changed.at_most:.1%}"


def _shift(shift: ExpectedShift) -> str:
    change = f" ({shift.after / shift.before - 1:+.1%})" if shift.before else ""
    return f"{shift.before:,.2f} → {shift.after:,.2f}{change}"


def _about(count: float) -> str:
    """Write a number that is an estimate as soon as it is not whole."""
    return f"{count:,.0f}" if count == round(count) else f"~{count:,.0f}"


def _day(time: Timestamp) -> str:
    return datetime.fromtimestamp(time.ToMicroseconds() / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
