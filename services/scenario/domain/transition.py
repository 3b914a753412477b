"""A step of a journey: how it is afterwards, and what that brings about."""

from __future__ import annotations

from dataclasses import dataclass

from services.scenario.domain.effects import Due
from services.scenario.domain.journey import Journey


@dataclass(frozen=True, slots=True)
class Passage:
    """A stage that was entered; it was left when the next one was, or with the journey."""

    occurrence: int
    stage: str
    """By name: editions may have it in another place."""
    entered_us: int


@dataclass(frozen=True, slots=True)
class Transition:
    """A step: the journey as it is afterwards, and what it brings about.

    The key of an effect is `(journey_id, stage, occurrence, kind)`.
    """

    journey: Journey
    effects: tuple[Due, ...] = ()
    is_new: bool = False
    is_visible: bool = True
    """Whether others have to hear of it; a timer pushed back is nobody else's matter."""
    changes_edition: bool = False
    """It goes on by another definition than it did."""
    puts_off: bool = False
    """Nothing but its time has changed, and what it began with where `met_us` is said."""
    passages: tuple[Passage, ...] = ()
    """Stages that it entered in this step, in order."""
    met_us: int = 0
    """When its person met all that must be so to enter; 0: that was not found in this step."""
