"""What is to be decided, with everything that was read from the request already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.placements import Ask
from shared.budget import Budget
from shared.call import Call
from shared.catalogue import Fence
from touchpoint.aggregator.v1.aggregator_pb2 import SourceLeftOut
from touchpoint.common.v1.decision_pb2 import DecisionContext, Trial
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey
from touchpoint.scenario.v1.scenario_pb2 import DueAction


@dataclass(frozen=True, slots=True)
class Named:
    """Who is meant: normalised identities with their pseudonyms, strongest first."""

    identities: Sequence[Identity]
    keys: Sequence[IdentityKey]
    places: Sequence[int]
    """Index in the caller's request of each."""
    confirmed_person_id: str = ""
    person_id: str = ""
    """In place of identities: somebody whom nobody named."""


@dataclass(frozen=True, slots=True)
class OnTrial:
    """What some people are decided by instead."""

    trial: Trial
    definitions: Definitions
    asks: Sequence[Ask]
    """The same placements as it defines them."""


@dataclass(slots=True)
class Question:
    """One decision to be made."""

    call: Call
    budget: Budget
    """Less the way back."""
    definitions: Definitions
    asks: Sequence[Ask]
    named: Named
    context: DecisionContext
    """Completed on the way: arm, language, and the id of a standing decision."""
    exclude_ids: Sequence[str] = ()
    fence: Fence | None = None
    on_trial: OnTrial | None = None
    """What is in force for a share of people, until it is known whether this one is in it."""
    proposed: Sequence[DueAction] = ()
    """What a journey proposes for the message that carries the answer."""
    only_proposed: bool = False
    """Nothing else is proposed."""
    quality: float = 1.0
    """The part of the usual candidates that was asked for; noted on the way."""
    left_out: Sequence[SourceLeftOut] = ()
    """Sources that proposed nothing; noted on the way."""

    def by_trial(self) -> None:
        """Decide by what is on trial from here on: the person is in its share."""
        assert self.on_trial is not None
        self.definitions, self.asks = self.on_trial.definitions, self.on_trial.asks
        self.context.bundle_hash = self.definitions.bundle_hash
        for asked, ask in zip(self.context.placements, self.asks, strict=True):
            asked.limit = ask.limit
