"""Turns proposed personas into definitions: renamed, merged, and written as YAML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor

import yaml

from touchpoint.common.v1.persona_pb2 import AttributeShares, Persona, Share
from touchpoint.profile.v1.personas_pb2 import PersonaProposal, PersonaProposals

_PARTS = ("categories", "brands", "channels", "value_tiers")
_THOUSANDTHS = 1000


def merged(name: str, parts: Sequence[Persona]) -> Persona:
    """Return one persona for the people of several: their distributions, by how common each is."""
    total = sum(part.weight for part in parts)
    found = Persona(
        persona=name,
        title=" / ".join(part.title for part in parts),
        description=" ".join(part.description for part in parts),
        weight=min(1.0, total),
    )
    for field in _PARTS:
        lists = [(part.weight / total, getattr(part, field)) for part in parts]
        getattr(found, field).extend(_mixed(lists))
    for attribute in sorted({each.attribute for part in parts for each in part.attributes}):
        lists = [
            (part.weight / total, each.shares)
            for part in parts
            for each in part.attributes
            if each.attribute == attribute
        ]
        found.attributes.append(AttributeShares(attribute=attribute, shares=_mixed(lists)))
    return found


def _mixed(lists: Iterable[tuple[float, Iterable[Share]]]) -> list[Share]:
    shares: dict[str, float] = {}
    for weight, parts in lists:
        for part in parts:
            shares[part.value] = shares.get(part.value, 0.0) + weight * part.share
    commonest = sorted(shares.items(), key=lambda each: -each[1])
    # Rounded down, so that the parts never come to more than the whole.
    rounded = [(value, floor(share * _THOUSANDTHS) / _THOUSANDTHS) for value, share in commonest]
    return [Share(value=value, share=share) for value, share in rounded if share]


def definition_text(persona: Persona, proposals: PersonaProposals, people: int) -> str:
    """Return a file of definitions with one persona, and what it rests on in comments."""
    lifts = _lifts(proposals, persona.persona)
    share = people / proposals.people if proposals.people else 0.0
    day = proposals.trained_time.ToDatetime().date().isoformat()
    lines = [
        f"# Proposed on {day}: {people:,} of {proposals.people:,} people ({share:.1%}) are",
        "# most likely of this kind. It is yours from now on: no training changes it.",
        "# Shares say how common each is with them; the rest of 100% is spread over all else.",
        "personas:",
        f"  - persona: {_scalar(persona.persona)}",
        f"    title: {_scalar(persona.title)}",
        f"    description: {_scalar(persona.description or persona.title)}",
        f"    weight: {_percent(persona.weight)}",
    ]
    for field in _PARTS:
        lines += _listed(field, getattr(persona, field), lifts, field, indent=4)
    if persona.attributes:
        lines.append("    attributes:")
    for each in persona.attributes:
        family = f"attribute:{each.attribute}"
        lines += _listed(each.attribute, each.shares, lifts, family, indent=6)
    return "\n".join(lines) + "\n"


def _lifts(proposals: PersonaProposals, name: str) -> dict[tuple[str, str], float]:
    """Return the lifts that were told of a proposal; none for one that was renamed or merged."""
    return {
        (each.family, each.value): each.lift
        for proposal in proposals.proposals
        if proposal.persona.persona == name
        for each in proposal.distinctions
    }


def _listed(
    name: str,
    shares: Iterable[Share],
    lifts: dict[tuple[str, str], float],
    family: str,
    *,
    indent: int,
) -> list[str]:
    lines = []
    for each in shares:
        lift = lifts.get((family, each.value))
        told = f"  # {lift:.1f} times as common as with others" if lift else ""
        lines.append(f"{' ' * (indent + 2)}{_scalar(each.value)}: {_percent(each.share)}{told}")
    return [f"{' ' * indent}{_scalar(name)}:", *lines] if lines else []


def _scalar(text: str) -> str:
    """Write a text so that YAML reads just it, on one line."""
    style = None if text.isprintable() else '"'
    written: str = yaml.safe_dump(text, allow_unicode=True, width=float("inf"), default_style=style)
    return written.removesuffix("\n").removesuffix("\n...")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def people_of(proposals: Iterable[PersonaProposal], names: Iterable[str]) -> int:
    """Return how many people those proposals stand for together."""
    wanted = set(names)
    return sum(each.people for each in proposals if each.persona.persona in wanted)
