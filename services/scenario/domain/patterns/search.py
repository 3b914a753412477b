"""Looks for all kinds of patterns in one log, and says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.scenario.domain.patterns.checkouts import Checkouts, checkouts_of
from services.scenario.domain.patterns.leaving import Leavings, leavings_of
from services.scenario.domain.patterns.log import Known, Log
from services.scenario.domain.patterns.rising import Rising, rising_of
from services.scenario.domain.patterns.visits import visits_of

Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it so far, and of how much; 0: not known."""
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and what it was looked for in."""

    events: int
    people: int
    leavings: Leavings
    checkouts: Checkouts
    rising: Rising


def search(log: Log, known: Known, most: int, tell: Tell) -> Found:
    """Return what was found, at most so many of each kind."""
    tell("telling visits apart", 0, _STEPS)
    visits = visits_of(log)
    tell("looking for what ends in leaving", 1, _STEPS)
    leavings = leavings_of(log, visits, most)
    tell("looking for what checkouts are left from", 2, _STEPS)
    checkouts = checkouts_of(log, visits, most)
    tell("looking for what rises before a purchase", 3, _STEPS)
    rising = rising_of(log, visits, known, most)
    people = len(np.unique(log.deeds.person))
    return Found(len(log.deeds), people, leavings, checkouts, rising)
