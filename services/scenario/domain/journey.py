"""One person's passage through a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from services.scenario.domain.actions import Proposal
from services.scenario.domain.carts import NO_CART, Cart
from services.scenario.domain.criteria import Values
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import Stage

NOWHERE = -2
"""In place of the next stage: it stays in the one it is in."""
ONWARDS = -3
"""In place of the next stage: its stage is over, and where it goes on is still to be found."""
BACK_IN_STOCK = "back_in_stock"
"""The event that the item a journey began with can be had again."""


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
    LEFT = "left"
    """An event led to the end."""
    NOTED = "noted"
    """It did not come often enough yet for the first stage to be entered."""
    FULL = "full"
    """There are as many journeys of its scenario as there may be."""
    YIELDED = "yielded"
    """The person is on another journey of its group that goes first."""
    CIRCLED = "circled"
    """Stage led to stage without a pause, over and over."""
    HELD_OUT = "held_out"
    """Its person would have entered, and is of the arm that gets nothing personal."""


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
    next_stage: int = NOWHERE
    """Where something leads it, as soon as it is looked at: a stage's place, or `ONWARDS`."""
    entered_us: int = 0
    until_us: int = 0
    """When the stage ends, or a parked journey is given up."""
    approaches_us: int = 0
    """When its stage calls or writes, where that waits for an hour of theirs; 0: it waits not."""
    occurrence: int = 0
    """How many stages it has entered; part of the key of each effect."""
    offer_nos: tuple[int, ...] = ()
    """What it proposes now; of several the ranker chooses."""
    answers_to: tuple[int, ...] = ()
    """Offers whose answer ends it: all that it ever proposed."""
    cart: Cart = NO_CART
    began: Values = field(default_factory=dict)
    """What conditions read of the event that it began with: `event.type`."""
    item_no: int = 0
    """The item or offer of that event."""
    subject_no: int = 0
    """The item that there may be one journey about; 0: one of the person. It never changes."""
    answer: str = ""
    """The last one: `accepted`, `declined`, or the outcome of a task."""
    messages: int = 0
    """How many it has ordered."""
    messages_sent: int = 0
    """Of those, how many left the house."""
    obstacle: str = ""
    outcome: Outcome = Outcome.NONE
    ended_as: str = ""
    """A word of its author."""
    ended_us: int = 0
    dormant: bool = False
    """Rests because the same set of persons is on an older journey of this scenario."""
    taken_up_us: int = 0
    """When it was found that its person was quiet already; 0: it began with a live event."""
    token: int = 0
    """Of the lease it was claimed under."""

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.ENDED

    @property
    def matter(self) -> tuple[str, int]:
        """What a person is on one journey at a time about: a scenario, or an item in it."""
        return self.scenario.name, self.subject_no

    @property
    def lot(self) -> str:
        """What is drawn by where ways are taken by share: the same when the events are replayed."""
        return f"{self.person_id}/{self.scenario.name}/{self.started_us}"

    @property
    def current(self) -> Stage | None:
        """The stage it is in, or parked before."""
        return self.scenario.stages[self.stage] if self.stage >= 0 else None

    @property
    def awaited_no(self) -> int:
        """The item whose return its stage waits for, 0 for none."""
        stage = self.current
        if self.phase is not Phase.STAGE or stage is None:
            return 0
        waits = any(BACK_IN_STOCK in each.hears.types for each in stage.reactions)
        return self.item_no if waits else 0

    @property
    def proposal(self) -> Proposal | None:
        """What it proposes now, None while it proposes nothing."""
        stage = self.current
        if self.phase is not Phase.STAGE or self.dormant or stage is None or not self.offer_nos:
            return None
        if self.scenario.is_shadow:
            return None
        return stage.propose
