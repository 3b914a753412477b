"""What a step of a journey brings about, outside of it."""

from __future__ import annotations

from dataclasses import dataclass

from services.scenario.domain.actions import MessageOrder, TaskOrder
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.journey import Journey
from services.scenario.domain.task_kinds import BY_TELEPHONE, CALL_BACK

DECISION = "event.decision_id"
"""Of an event, beside what conditions read: which decision it answers."""
RING_WITHIN_US = 10 * 60_000_000
"""Of who asked for an agent nobody outside is told later than that; their task stays."""


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
