"""How a journey ends, rests, or waits for an obstacle to go."""

from __future__ import annotations

from collections.abc import Sequence

from services.scenario.domain.effects import Due
from services.scenario.domain.journey import NOWHERE, Journey, Outcome, Phase
from services.scenario.domain.transition import Transition
from shared.replacing import replace

DAY_US = 86_400_000_000
LOOK_AGAIN_US = 3_600_000_000
"""How often a parked journey is looked at, in business time."""
PARKED_FOR_US = 7 * DAY_US
"""How long it stays parked where its stage has no end of its own."""


def end(
    journey: Journey,
    outcome: Outcome,
    now_us: int,
    ends_as: str = "",
    effects: Sequence[Due] = (),
) -> Transition:
    """Return the journey at its end; it never goes on from there."""
    over = replace(
        journey,
        version=journey.version + 1,
        phase=Phase.ENDED,
        outcome=outcome,
        ended_as=ends_as,
        due_us=0,
        approaches_us=0,
        next_stage=NOWHERE,
        offer_nos=(),
        obstacle="",
        dormant=False,
        ended_us=now_us,
    )
    return Transition(over, tuple(effects))


def rest(journey: Journey, dormant: bool) -> Transition | None:
    """Return the journey laid to rest or woken, None when it is so already."""
    if journey.is_over or journey.dormant is dormant:
        return None
    return Transition(replace(journey, version=journey.version + 1, dormant=dormant))


def park(
    journey: Journey,
    obstacle: str,
    now_us: int,
    effects: Sequence[Due] = (),
    again_us: int = 0,
) -> Transition:
    """Park before the stage it is led to, or in its own; parked already, it keeps its last time.

    Looked at again at that time, from which on its last time counts; 0: within the hour.
    """
    stage = journey.next_stage if journey.next_stage >= 0 else journey.stage
    is_parked = journey.phase is Phase.PARKED
    is_in_it = journey.phase is Phase.STAGE and journey.next_stage in (NOWHERE, journey.stage)
    if is_parked or (is_in_it and journey.until_us > now_us):
        until_us = journey.until_us
    else:
        lasts_us = journey.scenario.stages[stage].lasts_us if stage >= 0 else 0
        until_us = (again_us or now_us) + (lasts_us or PARKED_FOR_US)
    parked = replace(
        journey,
        version=journey.version + 1,
        phase=Phase.PARKED,
        stage=stage,
        next_stage=NOWHERE if journey.next_stage >= 0 else journey.next_stage,
        due_us=min(again_us or now_us + LOOK_AGAIN_US, until_us),
        approaches_us=0,
        until_us=until_us,
        entered_us=journey.entered_us if is_parked else now_us,
        offer_nos=(),
        obstacle=obstacle,
    )
    changed = not is_parked or journey.obstacle != obstacle
    return Transition(parked, tuple(effects), is_visible=changed)
