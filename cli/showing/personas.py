"""Shows proposed personas: how many people, and what distinguishes them."""

from __future__ import annotations

from cli.console import add_row, people, table
from cli.showing.words import several
from touchpoint.profile.v1.personas_pb2 import Distinction, PersonaProposals

_TOLD = 6
"""Distinctions of each persona; the definitions that are written tell more."""


def show_proposals(found: PersonaProposals) -> None:
    """Print each proposal with the lifts that distinguish it, or why there is none."""
    if found.refusal:
        people.print(f"No personas are proposed: {found.refusal}", markup=False, soft_wrap=True)
        return
    shown = table("persona", "people", "", "more than others", "with them", "others", "lift")
    for proposal in found.proposals:
        name, share = proposal.persona.persona, proposal.people / max(1, found.people)
        cells = (name, f"{proposal.people:,}", f"{share:.1%}")
        for distinction in proposal.distinctions[:_TOLD] or [Distinction()]:
            add_row(shown, *cells, *_cells(distinction))
            cells = ("", "", "")
    people.print(shown)
    telling = ", ".join(
        family.removeprefix("attribute:").replace("_", " ") for family in found.telling
    )
    people.print(
        f"{several(len(found.proposals), 'persona')} proposed for {found.people:,} people in "
        f"{found.spent_s:.1f} s; {found.unassigned:,} are of none. They differ by {telling}. "
        "Accept some: touchpoint new personas DIR --accept NAME",
        markup=False,
        soft_wrap=True,
    )


def _cells(found: Distinction) -> tuple[str, ...]:
    if not found.family:
        return ("", "", "", "")
    family = found.family.removeprefix("attribute:")
    what = found.value if found.family in ("categories", "brands") else f"{family} {found.value}"
    return what, f"{found.share:.1%}", f"{found.rest_share:.1%}", f"{found.lift:.1f}"
