"""The definitions as the edge uses them: placements, arms, and the words of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.aggregator.domain.placements import Placement
from shared.arm_shares import Arms


@dataclass(frozen=True, slots=True)
class Definitions:
    """One bundle."""

    bundle_hash: str
    placements: Mapping[str, Placement]
    arms: Arms = field(default_factory=Arms)
    rule_texts: Mapping[str, str] = field(default_factory=dict)
    """Rule to the sentence an agent can read aloud, for the rules that have one."""
    contact_policies: frozenset[str] = frozenset()
