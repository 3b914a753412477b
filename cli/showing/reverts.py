"""Shows what was taken out of the ranker's model, and put back."""

from __future__ import annotations

from rich.console import Console

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1.reverting_pb2 import LearningRevert, LearningSpan

_MOST_OFFERS = 20


def show_taken_out(console: Console, asked: LearningRevert, *, would: bool) -> None:
    """Print how many rows of which offers it is about."""
    if not asked.rows:
        console.print("Nothing was learned there that still counts.")
        return
    offers = table("offer", "rows", "of them accepted")
    for each in asked.offers[:_MOST_OFFERS]:
        add_row(offers, each.offer_id, f"{each.rows:,}", f"{each.accepted:,}")
    console.print(offers)
    if len(asked.offers) > _MOST_OFFERS:
        console.print(f"… and {len(asked.offers) - _MOST_OFFERS:,} offers more")
    verb = "would be" if would else "were"
    console.print(f"{several(asked.rows, 'row')} {verb} taken out.")


def in_words(made: LearningRevert) -> str:
    """Say what was done, and how it is undone."""
    if made.undoes:
        return (
            f"Put back {several(made.rows, 'row')} that revert {made.undoes} took out; every "
            "replica makes its model anew and serves the one before until then."
        )
    if not made.number:
        return "Nothing was learned there that still counts; nothing was changed."
    return (
        f"Took out {several(made.rows, 'row')}; every replica makes its model anew and serves the "
        f"one before until then. Undo it: touchpoint unlearn --undo {made.number}"
    )


def show_reverts(console: Console, reverts: list[LearningRevert]) -> None:
    """Print all of them, the newest first."""
    if not reverts:
        console.print("Nothing was ever taken out.")
        return
    undone = {each.undoes for each in reverts}
    shown = table("revert", "made (UTC)", "of", "rows", "")
    for each in reverts:
        state = f"puts back {each.undoes}" if each.undoes else ""
        add_row(
            shown,
            str(each.number),
            f"{each.made_time.ToDatetime():%Y-%m-%d %H:%M}",
            _span(each.span),
            f"{each.rows:,}",
            "undone" if each.number in undone else state,
        )
    console.print(shown)


def _span(span: LearningSpan) -> str:
    told = (
        f"{span.from_time.ToDatetime():%Y-%m-%d %H:%M} – {span.to_time.ToDatetime():%Y-%m-%d %H:%M}"
    )
    only = [*span.offer_ids[:3], *(["…"] if len(span.offer_ids) > 3 else [])]
    only += [span.placement] if span.placement else []
    only += [Channel.Value.Name(span.channel)] if span.channel else []
    return ", ".join([told, *only])
