"""Lanes of errands: what hangs, or comes by the thousand, on one lets the others pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.effects import NotePerson, RingBack, SetAttributes, TellAnswer

ANY_WAY = -2
"""Messages for which the best of several channels is looked for."""
CALL_BACKS = -1
"""Somebody waits for the telephone to ring, or for an answer in the chat."""
INWARD = 0
"""Attributes, notes and answers: they go to profile."""
CHANNELS = (3, 4, 5, 6)
"""Numbers of `Channel` that messages go by, each a lane of its own: PUSH, EMAIL, SMS, letters."""
LANES = (CALL_BACKS, INWARD, *CHANNELS, ANY_WAY)


def lane_of(job: MessageOrder | SetAttributes | NotePerson | TellAnswer | RingBack) -> int:
    """Return the lane of an errand; it stays on it."""
    if isinstance(job, RingBack):
        return CALL_BACKS
    if not isinstance(job, MessageOrder):
        return INWARD
    only = job.channels[0] if len(job.channels) == 1 else ANY_WAY
    return only if only in CHANNELS else ANY_WAY


def rooms(limit: int, taken: Mapping[int, int]) -> Sequence[tuple[int, int]]:
    """Return the lanes that have room for more, and for how many, where each takes so many."""
    return [(lane, limit - taken.get(lane, 0)) for lane in LANES if taken.get(lane, 0) < limit]
