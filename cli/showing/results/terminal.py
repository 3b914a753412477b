"""Results as one page in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.console import add_row, table
from cli.showing.results import words
from cli.showing.results.channels import glance
from cli.showing.results.kinds import kinds_in_terminal
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.results_pb2 import (
    MeasureResult,
    OfferResult,
    ResultConclusion,
    Results,
)
from touchpoint.rules.v1.rules_pb2 import RuleResult

_STYLES = {ResultConclusion.BETTER: "green", ResultConclusion.WORSE: "red"}
_SEGMENTS, _RULES, _PAIRS = 8, 10, 12
_OF_SEGMENT = ("contribution", "look_to_book", "acceptance", "order_value")


def results_shown(results: Results, rules: Sequence[RuleResult]) -> RenderableType:
    """Return what is printed."""
    parts: list[RenderableType] = [Text(words.paragraph(results))]
    if results.decisions:
        parts += [
            _arms(results),
            *kinds_in_terminal(results),
            *_offers(results),
            *_channels(results),
            *glance(results),
            *_segments(results),
            *_rules(results, rules),
        ]
    parts.append(Text("\nWhat it cannot say", style="bold"))
    parts += [Text(f"- {caveat.text}") for caveat in results.caveats]
    parts.append(
        Text(
            "\nWhat each measure means: docs/measures.md. Every figure's query: --sql; all of it:"
            " --json; a page to send: --html FILE.",
            style="dim",
        )
    )
    return Group(*parts)


def _arms(results: Results) -> Table:
    there = [told.arm for told in results.arms][::-1]
    people = {told.arm: told.people for told in results.arms}
    control = Arm.HOLDOUT if Arm.HOLDOUT in there else Arm.STATIC
    shown = table(
        "",
        *(f"{words.arm_name(arm)}, {people[arm]:,}" for arm in there),
        f"against {words.arm_name(control)} (95% interval)",
        "",
        title=f"\nBy arm{words.in_money(results)}",
    )
    for measure in results.measures:
        add_row(
            shown,
            *_cells(measure, there, control, ""),
            style=_style(measure, control),
        )
    return shown


def _cells(
    measure: MeasureResult,
    there: Sequence[Arm.Value.ValueType],
    control: Arm.Value.ValueType,
    currency: str,
) -> Iterator[str]:
    yield measure.title
    for arm in there:
        value = words.value_of(measure, arm)
        yield words.number(value.value, measure.unit, currency) if value else "-"
    found = words.against(measure, control)
    if found is None:
        yield from ("-", "")
        return
    changed = words.change(found.difference, measure.unit, currency)
    yield f"{changed} ({words.interval(found, measure, currency)})"
    yield words.conclusion(found)


def _style(measure: MeasureResult, control: Arm.Value.ValueType) -> str | None:
    found = words.against(measure, control)
    return _STYLES.get(found.conclusion) if found else None


def _offers(results: Results) -> Iterator[Table]:
    best, worst = words.best_and_worst(results)
    for title, offers in (("Best offers", best), ("Worst offers", worst)):
        if offers:
            yield _offer_table(
                f"\n{title}, by worth per 1,000 showings{words.in_money(results)}", offers
            )


def _offer_table(title: str, offers: Sequence[OfferResult]) -> Table:
    shown = table(
        "offer", "seen", "accepted", "clicked", "turned down", "worth per 1,000", title=title
    )
    for offer in offers:
        add_row(
            shown,
            offer.title or offer.offer_id,
            f"{offer.shown:,}",
            *(f"{n / offer.shown:.1%}" for n in (offer.accepted, offer.clicks, offer.declined)),
            words.per_thousand(offer, ""),
        )
    return shown


def _channels(results: Results) -> Iterator[Table]:
    if not results.channels:
        return
    shown = table(
        "seen",
        "bought",
        "purchases",
        "revenue",
        "contribution",
        title=f"\nSeen and bought{words.in_money(results)}",
    )
    ranked = sorted(results.channels, key=lambda pair: -pair.revenue)
    for pair in ranked[:_PAIRS]:
        add_row(
            shown,
            words.channel_name(pair.seen),
            words.channel_name(pair.bought),
            f"{pair.purchases:,}",
            words.money(pair.revenue, ""),
            words.money(pair.contribution, ""),
        )
    yield shown


def _segments(results: Results) -> Iterator[Table]:
    if not results.segments:
        return
    places = [place for place, each in enumerate(results.measures) if each.name in _OF_SEGMENT]
    shown = table(
        "segment",
        "people",
        *(results.measures[place].title for place in places),
        title=f"\nSegments, as of now{words.in_money(results)}",
    )
    for segment in results.segments[:_SEGMENTS]:
        cells = [
            words.number(segment.values[at].value, results.measures[at].unit, "")
            if segment.values[at].whole
            else "-"
            for at in places
        ]
        add_row(shown, segment.segment, f"{segment.people:,}", *cells)
    yield shown


def _rules(results: Results, rules: Sequence[RuleResult]) -> Iterator[RenderableType]:
    costs = words.rule_costs(rules, results.currency)
    if not costs:
        return
    shown = table("rule", "", "removed", "costs", title="\nWhat the rules cost")
    for cells in costs[:_RULES]:
        add_row(shown, *cells)
    yield shown
    yield Text(
        "What a rule brings or costs is measured by trying it on a share of people: touchpoint"
        " apply --share; touchpoint report rules has the rest.",
        style="dim",
    )
