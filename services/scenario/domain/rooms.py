"""How many journeys of a scenario there may be: whose limits count, and who waits for whom."""

from __future__ import annotations

from collections.abc import Sequence

from services.scenario.domain.journey import Facts
from services.scenario.domain.passage import needs_situation
from services.scenario.domain.ports import Claim, JourneyTransaction
from services.scenario.domain.scenario import Limits, Scenario

NO_LIMITS = Limits()


async def lock_rooms(transaction: JourneyTransaction, found: Sequence[tuple[Claim, Facts]]) -> None:
    """Lock the rooms that claimed journeys may enter in one order, so nobody waits in a ring."""
    limited = {
        claim.journey.scenario.name: facts.today
        for claim, facts in found
        if needs_situation(claim.journey) and limits_of(claim.journey.scenario, facts) != NO_LIMITS
    }
    if len(limited) > 1:  # a single one is locked by who enters it
        await transaction.lock_rooms(sorted(limited), max(limited.values()))


def limits_of(scenario: Scenario, facts: Facts) -> Limits:
    """Return the limits that count: those of the edition that a journey goes on by."""
    return scenario.limits if facts.newer is None else facts.newer.limits
