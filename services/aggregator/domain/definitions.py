"""The definitions as the edge uses them: placements, arms, and the words of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.aggregator.domain.placements import Placement
from services.aggregator.domain.routing import NO_QUEUES, Queues
from services.aggregator.domain.texts import PLAIN
from shared.arm_shares import Arms
from shared.assurances import CLAIMED
from shared.exchange import NO_EXCHANGE, Exchange
from shared.experiments import ExperimentPlan

RuleTexts = Mapping[str, Mapping[str, str]]
"""Rule to the sentences of its own that an agent can read aloud, by language; `en` is its text."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """One bundle."""

    bundle_hash: str
    placements: Mapping[str, Placement]
    arms: Arms = field(default_factory=Arms)
    rule_texts: RuleTexts = field(default_factory=dict)
    contact_policies: frozenset[str] = frozenset()
    experiments: ExperimentPlan = field(default_factory=ExperimentPlan)
    """Who takes part in which experiments."""
    personal_needs: int = CLAIMED
    """How sure it must be who calls before anything personal is said: number of an Assurance."""
    own_language: str = PLAIN
    """Of the own words of offers, BCP 47."""
    queues: Queues = NO_QUEUES
    """Where calls go."""
    exchange: Exchange = NO_EXCHANGE
    """By which amounts in other currencies are compared."""
