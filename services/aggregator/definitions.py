"""Compiles a bundle into the definitions that the edge uses."""

from __future__ import annotations

from collections.abc import Mapping

from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.placements import (
    DEFAULT_DEADLINE_S,
    MAXIMUM_DEADLINE_S,
    Placement,
)
from services.aggregator.domain.routing import Queues
from services.aggregator.domain.texts import PLAIN
from shared import call_queues
from shared.arm_shares import arms
from shared.assurances import personal_needs
from shared.definitions import CompileError
from shared.exchange import Exchange
from shared.experiments import experiment_plan
from shared.languages import OWN_LANGUAGE
from touchpoint.rules.v1 import rules_pb2

_QUEUES = {
    "default": call_queues.DEFAULT,
    "complaint": call_queues.COMPLAINT,
    "journey": call_queues.JOURNEY,
}


def compile_bundle(bundle: rules_pb2.Bundle) -> Definitions:
    """Return the edge's part of a bundle; raises CompileError telling what to change."""
    try:
        shares, plan = arms(bundle.parameters), experiment_plan(bundle)
        queues = _queues(bundle.parameters)
    except ValueError as error:
        raise CompileError(f"parameters: {error}") from None
    return Definitions(
        bundle_hash=bundle.bundle_hash,
        placements={found.placement: _placement(found) for found in bundle.placements},
        arms=shares,
        rule_texts={rule.name: _texts(rule) for rule in bundle.rules if rule.text or rule.texts},
        contact_policies=frozenset(limit.policy for limit in bundle.contact_limits),
        experiments=plan,
        personal_needs=personal_needs(bundle.parameters),
        own_language=bundle.parameters.get(OWN_LANGUAGE, PLAIN),
        queues=queues,
        exchange=Exchange(bundle.currencies),
    )


def _queues(parameters: Mapping[str, str]) -> Queues:
    """Return where calls go, as the parameters say; raises ValueError."""
    named = {
        field: call_queues.queue(parameters[name])
        for field, name in _QUEUES.items()
        if name in parameters
    }
    choices = call_queues.queues_of_choices(parameters.get(call_queues.CHOICES, ""))
    return Queues(**named, choices=choices)


def _texts(rule: rules_pb2.Rule) -> dict[str, str]:
    """Return a rule's sentences by language."""
    return {**({PLAIN: rule.text} if rule.text else {}), **rule.texts}


def _placement(placement: rules_pb2.Placement) -> Placement:
    deadline_s = placement.deadline.ToMicroseconds() / 1e6 or DEFAULT_DEADLINE_S
    return Placement(
        name=placement.placement,
        channel=placement.channel,
        limit=placement.limit or 1,
        deadline_s=min(deadline_s, MAXIMUM_DEADLINE_S),
        contact_kinds=frozenset(placement.contact_kinds),
        default_offers=tuple(placement.default_offers),
    )
