"""Shows what came of ranking a decision again."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from cli.console import add_row, table
from touchpoint.ranker.v1.journal_pb2 import (
    ReplayDecisionResponse,
    ReplayedChoice,
    ReplayedPlacement,
)


def show_replay(console: Console, answer: ReplayDecisionResponse) -> None:
    """Print whether it comes out the same, what changed since, and what Commit replaced."""
    console.print(answer.text, markup=False, soft_wrap=True)
    for placement in answer.placements:
        if not placement.same:
            _show_placement(console, placement)
    if answer.changed:
        changed = table("offer", "since then", title="\nchanged in the catalogue")
        for candidate in answer.changed:
            add_row(changed, candidate.offer_id or str(candidate.offer_no), candidate.text)
        console.print(changed)
    for replaced in answer.replaced:
        console.print(
            f"On {replaced.placement} Commit showed {replaced.offer_id or replaced.offer_no} at "
            f"position {replaced.position + 1} in place of what was ranked: a race refused that.",
            markup=False,
            soft_wrap=True,
        )
    versions = answer.versions
    now = f", now {answer.catalogue_version}" if answer.placements else ""
    console.print(
        f"by bundle {versions.bundle_hash[:12]}, model {versions.model or '-'}, "
        f"catalogue {versions.catalogue_version}{now}",
        style="dim",
        markup=False,
        soft_wrap=True,
    )


def _show_placement(console: Console, placement: ReplayedPlacement) -> None:
    shown = table("", "then", "now", title=f"\n{placement.placement}")
    rows = max(len(placement.then), len(placement.now))
    for place in range(rows):
        add_row(shown, str(place + 1), _said(placement.then, place), _said(placement.now, place))
    console.print(shown)


def _said(choices: Sequence[ReplayedChoice], place: int) -> str:
    if place >= len(choices):
        return "-"
    choice = choices[place]
    return (
        f"{choice.offer_id or choice.offer_no} ({choice.acceptance_probability:.4f}, "
        f"chosen with {choice.selection_probability:.3f})"
    )
