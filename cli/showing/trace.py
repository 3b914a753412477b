"""Shows the trace of a decision."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from rich.console import Console

from cli.console import add_row, table
from cli.showing.decision import (
    show_degraded,
    show_placement,
    show_quality,
    show_removed,
    timings,
    treatment,
)
from cli.showing.words import ago, several
from touchpoint.aggregator.v1.aggregator_service_pb2 import ExplainDecisionResponse
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source

_CANDIDATES_SHOWN = 10


def show_trace(console: Console, answer: ExplainDecisionResponse, now: datetime) -> None:
    """Print what was shown, what competed with it, what was removed and how long it took."""
    trace = answer.trace
    channel = Channel.Value.Name(trace.channel)
    decided = ago(trace.decided_time, now)
    treated = treatment(trace.arm, trace.variants)
    said = f"Decision {trace.decision_id}, {decided} on {channel}, {treated}."
    console.print(said, markup=False, soft_wrap=True)
    titles = {each.offer_id: each.title for each in answer.candidates}
    for placement in trace.placements:
        show_placement(console, placement, explain=True, titles=titles)
    _show_candidates(console, answer)
    if answer.removed:
        show_removed(console, answer.removed)
    if answer.shadow_removed:
        show_removed(console, answer.shadow_removed, "would have been removed (shadow)")
    console.print(timings(trace.timings), style="dim", markup=False, soft_wrap=True)
    show_degraded(console, trace.degraded)
    show_quality(console, trace.quality, trace.sources_left_out)
    _show_unconfirmed(console, answer, now)
    console.print(
        f"by bundle {trace.bundle_hash[:12]}, model {trace.model or '-'}, "
        f"catalogue {trace.catalogue_version}, the person's event {trace.seq}",
        style="dim",
        markup=False,
        soft_wrap=True,
    )


def _show_unconfirmed(console: Console, answer: ExplainDecisionResponse, now: datetime) -> None:
    """Say that an answer went out without rules; what it showed, where that was something else."""
    if not answer.HasField("unconfirmed"):
        return
    late = answer.unconfirmed
    if not answer.committed:
        said = "Rules did not confirm it in time: it counts as no contact, and promises nothing."
        console.print(said, markup=False, soft_wrap=True)
        return
    answered = ago(late.answered_time, now)
    titles = {each.offer_id: each.title for each in answer.candidates}
    said = f"Answered without rules' confirmation as well, {answered}, with:"
    console.print(said, markup=False, soft_wrap=True)
    for placement in late.placements:
        show_placement(console, placement, explain=True, titles=titles)
    console.print(timings(late.timings), style="dim", markup=False, soft_wrap=True)
    show_degraded(console, late.degraded)
    show_quality(console, late.quality, ())


def _show_candidates(console: Console, answer: ExplainDecisionResponse) -> None:
    sources = Counter(Source.Value.Name(each.source) for each in answer.candidates)
    counted = ", ".join(f"{name} {count}" for name, count in sources.most_common())
    rest = [each for each in answer.candidates if each.outcome == "NOT_CHOSEN"]
    shown = table(
        "not chosen",
        "source",
        "strength",
        title=f"\n{several(len(answer.candidates), 'candidate')}: {counted}",
    )
    for each in rest[:_CANDIDATES_SHOWN]:
        add_row(
            shown,
            each.title or each.offer_id,
            Source.Value.Name(each.source),
            f"{each.source_score:.2f}",
        )
    console.print(shown)
    if len(rest) > _CANDIDATES_SHOWN:
        console.print(f"… and {len(rest) - _CANDIDATES_SHOWN} more; --json shows all", style="dim")
