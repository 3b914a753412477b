"""One person's passage through a scenario, and what a step of it brings about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from services.scenario.domain.actions import MessageOrder, Proposal, TaskOrder
from services.scenario.domain.best_channel import PassedOver, Weighed
from services.scenario.domain.carts import NO_CART, Cart
from services.scenario.domain.criteria import Values
from services.scenario.domain.moments import MONDAY_TO_FRIDAY
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import Stage
from services.scenario.domain.task_kinds import BY_TELEPHONE, CALL_BACK

NOWHERE = -2
"""In place of the next stage: it stays in the one it is in."""
ONWARDS = -3
"""In place of the next stage: its stage is over, and where it goes on is still to be found."""


DECISION = "event.decision_id"
"""Of an event, beside what conditions read: which decision it answers."""
RING_WITHIN_US = 10 * 60_000_000
"""Of who asked for an agent nobody outside is told later than that; their task stays."""
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
    time_zone: str = ""
    """Of the person as far as it is known; empty: UTC."""
    passed_over: tuple[PassedOver, ...] = ()
    """The channels by which it might have been a message in its place."""
    kind = "task"

    @property
    def was_asked_for(self) -> bool:
        return self.order.was_asked_for


@dataclass(frozen=True, slots=True)
class ProposeOffer:
    """An effect: offers are proposed from now on."""

    offer_nos: tuple[int, ...]
    kind = "proposal"


@dataclass(frozen=True, slots=True)
class SendMessage:
    """An effect: a message is to be sent, as far as it may be in that moment."""

    order: MessageOrder
    due_us: int
    expires_us: int
    """Not later; 0: whenever it can be."""
    passed_over: tuple[PassedOver, ...] = ()
    """The call that was not made in its place, with why."""
    kind = "message"


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """An effect: attributes of the person are set."""

    attributes: tuple[tuple[str, str], ...]
    kind = "attributes"


@dataclass(frozen=True, slots=True)
class NotePerson:
    """An effect: something is noted for whoever serves the person."""

    text: str
    kind = "note"


@dataclass(frozen=True, slots=True)
class TellAnswer:
    """An effect: what a person said to an agent is brought to their log."""

    event_type: str
    """`accept` and `decline` of offers; `consent`: they are not called any more."""
    offer_ids: tuple[str, ...]
    due_us: int
    """When it was said."""
    key: str
    """Begins the ids of the events: their journey knows them by it for its own."""
    decision_id: str = ""
    """The one that the offers were read from; empty: none."""
    channel: int = BY_TELEPHONE
    """Number of `Channel` that it was said on."""
    kind = "answer"


@dataclass(frozen=True, slots=True)
class RingBack:
    """An effect of a task that was asked for: who connects them is told within minutes."""

    task_id: str
    reason: str
    skills: tuple[str, ...]
    offer_ids: tuple[str, ...]
    due_us: int
    expires_us: int
    decision_id: str = ""
    """The one whose offer they took; empty: none is known."""
    kind: str = CALL_BACK
    """That of the task."""

    @classmethod
    def of(cls, task_id: str, task: GiveTask, journey: Journey) -> RingBack:
        """Return what the telephony, or who is told of such tasks, hears of one."""
        return cls(
            task_id,
            task.order.reason,
            task.order.skills,
            task.offer_ids,
            task.due_us,
            task.due_us + RING_WITHIN_US,
            str(journey.began.get(DECISION, "")),
            task.order.kind,
        )


@dataclass(frozen=True, slots=True)
class CountOccasion:
    """An effect: it came so far that the first stage would be entered."""

    time_us: int
    cart_nos: tuple[int, ...] = ()
    """The items in the cart, where the scenario is about one."""
    kind = "occasion"


Effect = (
    GiveTask
    | ProposeOffer
    | SendMessage
    | SetAttributes
    | NotePerson
    | TellAnswer
    | RingBack
    | CountOccasion
)


@dataclass(frozen=True, slots=True)
class Due:
    """An effect with the rest of its key: it is brought about once, whoever writes it how often."""

    effect: Effect
    stage: int
    """Place of the stage; -1: before the first."""
    occurrence: int


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
    """Nothing but its time has changed: so is nearly every step, and many are written at once."""
    passages: tuple[Passage, ...] = ()
    """Stages that it entered in this step, in order."""
    met_us: int = 0
    """When its person met all that must be so to enter; 0: that was not found in this step."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a person, as far as journeys care."""

    person_id: str
    type: str
    time_us: int
    offer_no: int = 0
    values: Values = field(default_factory=dict)
    """What conditions read of it: `event.type`."""
    event_id: str = ""


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
    """What must be so to enter is; None: not asked, or it could not be evaluated."""
    cart: Cart = NO_CART
    """Of the person at this moment; where profile was not asked, the journey's own."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """Of the items in that cart and in the journey's own, by number."""
    currency: str = ""
    person: Values | None = None
    """What conditions read of the person; None: profile was not asked."""
    time_zone: str = ""
    """Of the person, else of the deployment; empty: UTC."""
    locale: str = ""
    """Of the person; empty: not known."""
    today: str = ""
    """The day where the deployment is, `2026-11-23`: what a limit per day counts by."""
    home_zone: str = ""
    """Of the deployment; empty: UTC."""
    holidays: frozenset[str] = frozenset()
    """Days on which nobody works, as `2026-12-25`."""
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    """Days of the week on which agents work, Monday is 0."""
    stock: int = -1
    """How many are left of the item that it began with; -1: not tracked, or no item."""
    occasions: int = 0
    """How often it came as far as its first stage lately, not counting now."""
    calls_per_day: int = 0
    """Tasks that agents can do in a day; 0: any number."""
    may_call: bool = True
    """Whether there is room for one more of them today."""
    weighed: Mapping[str, Weighed] = field(default_factory=dict)
    """Of stages that call or write, by name: whether their person is rather called, with why."""
    shown: tuple[str, ...] = ()
    """What else the decision showed whose offer began it: what a call-back goes on with."""
    newer: Scenario | None = None
    """The edition that takes this journey over."""
    held_out: bool = False
    """The scenario would be in force, were the person not held out to compare with."""
    found: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """What sources have for the person, the best first, by source; of those that were asked."""
    to_be_had: frozenset[int] = frozenset()
    """Of the item that it began with and of what it proposes now, what can be had."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Ids of what it proposed, by number."""
