"""One person's passage through a scenario, and what a step of it brings about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from services.scenario.domain.scenario import NO_CART, Cart, Proposal, Scenario, Stage, TaskOrder


class Phase(Enum):
    """Where a journey stands."""

    QUIET = 1
    """Waits until nothing was heard of the person for a while."""
    STAGE = 2
    PARKED = 3
    """Cannot go on for the reason that its obstacle names."""
    ENDED = 4


class Outcome(Enum):
    """Why a journey is over."""

    NONE = ""
    REACHED = "reached"
    """A goal."""
    ANSWERED = "answered"
    """An offer of it was accepted or declined."""
    NOT_SO = "not_so"
    """What must be so was not when the first stage was to be entered."""
    PASSED = "passed"
    """Every stage had its time."""
    OBSTRUCTED = "obstructed"
    """It was parked for as long as its stage would have lasted."""
    MERGED = "merged"
    """The person turned out to be one who is on the same journey already."""


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey; times are business time in microseconds, 0 where there is none."""

    journey_id: str
    person_id: str
    """Whose row it was written under."""
    scenario: Scenario
    started_us: int
    phase: Phase
    due_us: int
    """When it is to be looked at next."""
    version: int = 1
    """Rises with every change; what was read at an older one writes nothing."""
    stage: int = -1
    """Place of its stage; -1: before the first."""
    entered_us: int = 0
    until_us: int = 0
    """When the stage ends, or a parked journey is given up."""
    occurrence: int = 0
    """How many stages it has entered; part of the key of each effect."""
    offer_no: int = 0
    """What it proposes now."""
    answers_to: tuple[int, ...] = ()
    """Offers whose answer ends it: all that it ever proposed."""
    cart: Cart = NO_CART
    obstacle: str = ""
    outcome: Outcome = Outcome.NONE
    ended_us: int = 0
    dormant: bool = False
    """Rests because the same set of persons is on an older journey of this scenario."""
    token: int = 0
    """Of the lease it was claimed under."""

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.ENDED

    @property
    def current(self) -> Stage | None:
        """The stage it is in, or parked before."""
        return self.scenario.stages[self.stage] if self.stage >= 0 else None

    @property
    def proposal(self) -> Proposal | None:
        """What it proposes now, None while it proposes nothing."""
        stage = self.current
        if self.phase is not Phase.STAGE or self.dormant or stage is None or not self.offer_no:
            return None
        return stage.propose


@dataclass(frozen=True, slots=True)
class GiveTask:
    """An effect: somebody of the call centre gets something to do."""

    order: TaskOrder
    offer_ids: tuple[str, ...]
    """Those of the order that are still to be had."""
    script: str
    """With the cart filled in."""
    due_us: int
    expires_us: int
    """0: with the journey."""


@dataclass(frozen=True, slots=True)
class ProposeOffer:
    """An effect: an offer is proposed from now on."""

    offer_no: int


Effect = GiveTask | ProposeOffer


@dataclass(frozen=True, slots=True)
class Transition:
    """A step: the journey as it is afterwards, and what it brings about, at most once.

    The key of an effect is `(journey_id, stage, occurrence)` of the journey afterwards.
    """

    journey: Journey
    effects: tuple[Effect, ...] = ()
    is_new: bool = False
    is_visible: bool = True
    """Whether others have to hear of it; a timer pushed back is nobody else's matter."""
    puts_off: bool = False
    """Nothing but its time has changed: so is nearly every step, and many are written at once."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a person, as far as journeys care."""

    person_id: str
    type: str
    time_us: int
    offer_no: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out before a due journey is looked at."""

    is_defined: bool
    """The scenario is in force for the person: defined, and on in their arm and variants."""
    offers: Mapping[str, int]
    """Number of each offer of the scenario that can be had now."""
    ends: Mapping[str, int]
    """When those end that end, by id."""
    situation_holds: bool | None = None
    """None: not asked."""
    cart: Cart = NO_CART
    titles: Mapping[int, str] = field(default_factory=dict)
    """Of the items in the cart, by number."""
    currency: str = ""
