"""Shows a decision: what is offered and why, what was removed, how the time was used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from cli.console import add_row, table
from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, RemovalCode

_REMOVED_SHOWN = 10


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
    console.print(_sentence(answer, spent_ms, deadline_ms, preview), markup=False)
    if answer.timings:
        console.print(timings(answer.timings), style="dim", markup=False)
    for missing in answer.degraded:
        console.print(f"degraded: {missing.service} ({missing.reason})", style="yellow")
    for note in answer.notes:
        console.print(note, markup=False)
    if explain and answer.removed:
        show_removed(console, answer.removed)


def show_placement(
    console: Console, placement: edge.PlacementRecommendations, *, explain: bool
) -> None:
    """Print what one placement shows, or that it shows nothing."""
    if not placement.recommendations:
        console.print(f"{placement.placement}: nothing to offer", markup=False)
        return
    extra = ("score", "chosen with") if explain else ()
    shown = table("", "offer", "kind", "why", "acceptance", *extra, title=placement.placement)
    for place, offer in enumerate(placement.recommendations, 1):
        cells: list[str | Text] = [
            str(place),
            Text.assemble(offer.creative.title or offer.offer_id, "\n", (offer.offer_id, "dim")),
            OfferKind.Value.Name(offer.kind).lower(),
            "\n".join(reason.text for reason in offer.reasons),
            f"{offer.acceptance_probability:.1%}",
        ]
        if explain:
            cells += [f"{offer.score:.4g}", f"{offer.selection_probability:.0%}"]
        add_row(shown, *cells)
    console.print(shown)


def _sentence(
    answer: RecommendResponse, spent_ms: float, deadline_ms: float | None, preview: bool
) -> str:
    against = f" of {deadline_ms:g} ms" if deadline_ms else ""
    took = f"answered in {spent_ms:.1f} ms{against}"
    if preview:
        return f"Preview, {took}; nothing was reserved or remembered."
    return f"Decision {answer.decision_id}, {took}."


def timings(steps: Iterable[edge.Timing]) -> str:
    """Put the steps in one line: what each took, and its outcome where it was not OK."""
    told = []
    for step in steps:
        outcome = "" if step.outcome == "OK" else f" {step.outcome.lower()}"
        told.append(f"{step.service} {step.spent_ms:.1f}/{step.budget_ms:.0f}{outcome}")
    return f"ms spent/given: {' · '.join(told)}"


def show_removed(console: Console, removed: Sequence[edge.Removed]) -> None:
    """Print how often each code removed something, and the first of what was removed."""
    codes = Counter(RemovalCode.Value.Name(each.code) for each in removed)
    counted = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    shown = table("removed", "by", "code", "because", title=f"{len(removed)} removed: {counted}")
    for each in removed[:_REMOVED_SHOWN]:
        add_row(shown, each.offer_id, each.service, RemovalCode.Value.Name(each.code), each.text)
    console.print(shown)
    if len(removed) > _REMOVED_SHOWN:
        more = len(removed) - _REMOVED_SHOWN
        console.print(f"… and {more} more; --json shows all", style="dim")
