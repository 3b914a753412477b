"""Shows a decision: what is offered and why, what was removed, how the time was used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from cli.console import add_row, table
from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Arm, OfferKind, RemovalCode

_REMOVED_SHOWN = 10
_NO_TITLES: Mapping[str, str] = {}


def show_decision(
    console: Console,
    answer: RecommendResponse,
    *,
    spent_ms: float,
    deadline_ms: float | None = None,
    preview: bool = False,
    explain: bool = False,
) -> None:
    """Print the whole answer; `explain` adds scores and what was removed."""
    for placement in answer.placements:
        show_placement(console, placement, explain=explain)
    said = _sentence(answer, spent_ms, deadline_ms, preview)
    console.print(said, markup=False, soft_wrap=True)
    if answer.timings:
        console.print(timings(answer.timings), style="dim", markup=False, soft_wrap=True)
    if answer.bundle_hash:
        console.print(f"by bundle {answer.bundle_hash[:12]}", style="dim", markup=False)
    show_degraded(console, answer.degraded)
    show_quality(console, answer.quality, answer.sources_left_out)
    for note in answer.notes:
        console.print(note, markup=False, soft_wrap=True)
    if explain and answer.removed:
        show_removed(console, answer.removed)
    if explain and answer.shadow_removed:
        show_removed(console, answer.shadow_removed, "would have been removed (shadow)")


def show_placement(
    console: Console,
    placement: edge.PlacementRecommendations,
    *,
    explain: bool,
    titles: Mapping[str, str] = _NO_TITLES,
) -> None:
    """Print what one placement shows, or that it shows nothing.

    `titles` by offer name what has no creative: a stored trace holds none.
    """
    if not placement.recommendations:
        console.print(f"{placement.placement}: nothing to offer", markup=False)
        return
    console.print(placement.placement, style="bold", markup=False)
    for place, offer in enumerate(placement.recommendations, 1):
        title = offer.creative.title or titles.get(offer.offer_id) or offer.offer_id
        console.print(f"{place:>2}  {title}", markup=False, soft_wrap=True)
        for reason in offer.reasons:
            console.print(f"    {reason.text}", style="green", markup=False, soft_wrap=True)
        if offer.placing.text:
            console.print(f"    {offer.placing.text}", markup=False, soft_wrap=True)
        console.print(f"    {_facts(offer, explain)}", style="dim", markup=False, soft_wrap=True)


def _facts(offer: edge.Recommendation, explain: bool) -> str:
    kind = OfferKind.Value.Name(offer.kind).lower()
    told = [kind, f"acceptance {offer.acceptance_probability:.1%}", offer.offer_id]
    if explain:
        told += [f"score {offer.score:.4g}", f"chosen with {offer.selection_probability:.0%}"]
    return " · ".join(told)


def _sentence(
    answer: RecommendResponse, spent_ms: float, deadline_ms: float | None, preview: bool
) -> str:
    against = f" of {deadline_ms:g} ms" if deadline_ms else ""
    took = f"answered in {spent_ms:.1f} ms{against}"
    if answer.arm:
        took = f"{took}, {treatment(answer.arm, answer.variants)}"
    if preview:
        return f"Preview, {took}; nothing was reserved or remembered."
    again = ", which stood already" if answer.repeated_decision else ""
    return f"Decision {answer.decision_id}{again}, {took}."


def treatment(arm: Arm.Value.ValueType, variants: Iterable[VariantOf]) -> str:
    """Say in which arm somebody is, and in which variants of experiments."""
    named = [f"{each.experiment}: {each.variant}" for each in variants]
    return ", ".join([f"arm {Arm.Value.Name(arm).lower()}", *named])


def timings(steps: Iterable[edge.Timing]) -> str:
    """Put the steps in one line: what each took, and its outcome where it was not OK."""
    told = []
    for step in steps:
        outcome = "" if step.outcome == "OK" else f" {step.outcome.lower()}"
        told.append(f"{step.service} {step.spent_ms:.1f}/{step.budget_ms:.0f}{outcome}")
    return f"ms spent/given: {' · '.join(told)}"


def show_degraded(console: Console, degraded: Iterable[edge.Degraded]) -> None:
    """Print which services did not answer, and why."""
    for missing in degraded:
        console.print(f"degraded: {missing.service} ({missing.reason})", style="yellow")


def show_quality(console: Console, quality: float, left_out: Sequence[edge.SourceLeftOut]) -> None:
    """Print of how much less than everything the answer was made, if it was."""
    if 0.0 < quality < 1.0:
        said = f"quality {quality:.2f}: asked for fewer candidates, so as to be in time"
        console.print(said, style="yellow", markup=False, soft_wrap=True)
    if left_out:
        named = ", ".join(f"{each.plugin or each.source} ({each.reason})" for each in left_out)
        console.print(f"without {named}", style="dim", markup=False, soft_wrap=True)


def show_removed(console: Console, removed: Sequence[edge.Removed], what: str = "removed") -> None:
    """Print how often each code removed something, and the first of what was removed."""
    codes = Counter(RemovalCode.Value.Name(each.code) for each in removed)
    counted = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    shown = table("removed", "by", "code", "because", title=f"{len(removed)} {what}: {counted}")
    for each in removed[:_REMOVED_SHOWN]:
        by = each.rule or each.service
        add_row(shown, each.offer_id, by, RemovalCode.Value.Name(each.code), each.text)
    console.print(shown)
    if len(removed) > _REMOVED_SHOWN:
        more = len(removed) - _REMOVED_SHOWN
        console.print(f"… and {more} more; --json shows all", style="dim")
