"""What is to be decided, with everything that was read from the request already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.placements import Ask
from shared.budget import Budget
from shared.call import Call
from shared.catalogue import Fence
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey


@dataclass(frozen=True, slots=True)
class Named:
    """Who is meant: normalised identities with their pseudonyms, strongest first."""

    identities: Sequence[Identity]
    keys: Sequence[IdentityKey]
    places: Sequence[int]
    """Index in the caller's request of each."""
    confirmed_person_id: str = ""


@dataclass(frozen=True, slots=True)
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
