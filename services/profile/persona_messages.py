"""Personas as messages: definitions come in, proposals go out."""

from __future__ import annotations

from collections.abc import Sequence

from services.profile.domain.personas.distinctions import Distinction
from services.profile.domain.personas.persona import Persona, Shares
from services.profile.domain.personas.proposals import Proposal, Proposals
from touchpoint.common.v1 import persona_pb2
from touchpoint.profile.v1 import personas_pb2 as pb


def defined(message: persona_pb2.Persona) -> Persona:
    """Return a persona of the definitions."""
    return Persona(
        message.persona,
        message.weight,
        categories=_shares(message.categories),
        brands=_shares(message.brands),
        channels=_shares(message.channels),
        value_tiers=_shares(message.value_tiers),
        attributes={each.attribute: _shares(each.shares) for each in message.attributes},
    )


def proposals_message(found: Proposals) -> pb.PersonaProposals:
    return pb.PersonaProposals(
        people=found.people,
        unassigned=found.unassigned,
        telling=found.telling,
        proposals=map(_proposal, found.proposals),
    )


def _proposal(found: Proposal) -> pb.PersonaProposal:
    return pb.PersonaProposal(
        persona=_definition(found),
        people=found.people,
        distinctions=map(_distinction, found.distinctions),
    )


def _definition(found: Proposal) -> persona_pb2.Persona:
    persona = found.persona
    return persona_pb2.Persona(
        persona=persona.name,
        title=found.name.title,
        description=found.name.description,
        weight=persona.weight,
        categories=_messages(persona.categories),
        brands=_messages(persona.brands),
        channels=_messages(persona.channels),
        value_tiers=_messages(persona.value_tiers),
        attributes=[
            persona_pb2.AttributeShares(attribute=name, shares=_messages(shares))
            for name, shares in persona.attributes.items()
        ],
    )


def _distinction(found: Distinction) -> pb.Distinction:
    return pb.Distinction(
        family=found.family,
        value=found.value,
        share=found.share,
        rest_share=found.rest_share,
        lift=found.lift,
    )


def _shares(messages: Sequence[persona_pb2.Share]) -> dict[str, float]:
    return {each.value: each.share for each in messages}


def _messages(shares: Shares) -> list[persona_pb2.Share]:
    return [persona_pb2.Share(value=value, share=share) for value, share in shares.items()]
