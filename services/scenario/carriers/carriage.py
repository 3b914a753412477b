"""A carrier with what can be relied upon when it is not known what became of a message."""

from __future__ import annotations

from dataclasses import dataclass

from services.scenario.domain.outbound import Carrier


@dataclass(frozen=True, slots=True)
class Carriage:
    """How messages of a channel leave the house."""

    carrier: Carrier
    knows_keys: bool = False
    """The same key twice is one message to it: what may have been sent may be carried again."""
    can_be_asked: bool = False
    """It can tell by its key what became of a message."""
    longest_s: float = 30.0
    """How long carrying takes at most: the lease on a message lasts longer."""
