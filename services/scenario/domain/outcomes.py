"""What a call came to, in the words of agents, and what comes of each where nobody says else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from services.scenario.domain.moments import another_hour
from services.scenario.domain.task_kinds import CHAT

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
BUSY_AGAIN_US = 30 * MINUTE_US
MOST_TRIES = 4
"""How often in all somebody is called who does not answer."""
LATEST_AGAIN_US = 30 * DAY_US
"""How far ahead somebody may ask to be called again."""
CALL_AGAIN = "call_again"
WRONG_PERSON = "wrong_person"
SNOOZED = "snoozed"
PUT_OFF = "put_off"
"""Why a task waits, beside the outcomes: its agent, or the contact limit, put it off."""


class Next(Enum):
    """What becomes of the journey."""

    GOAL = 1
    """It ends as one that reached its goal."""
    ENDS = 2
    LEADS_ON = 3
    """It goes on as when its stage is over."""
    AGAIN = 4
    """The same task waits for another time, and leads on when that was tried often enough."""


@dataclass(frozen=True, slots=True)
class Course:
    """What comes of an outcome that a stage names no answer for."""

    next: Next
    tells: str = ""
    """The type of event that the person's log gets; empty: none."""
    was_approached: bool = True
    """Whether the person noticed, so that it counts as a contact."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent says of a call, as far as its journey cares."""

    outcome: str
    again_us: int = 0
    """When the person is to be called again; 0: they are not."""
    is_named: bool = False
    """Its stage says where it leads: then the task is not tried again."""
    offer_ids: tuple[str, ...] = ()
    """The offers that it is about."""
    decision_id: str = ""

    @property
    def is_tried_again(self) -> bool:
        return self.again_us > 0 and not self.is_named

    @property
    def ends_us(self) -> int:
        """Until when who named a time is still to be called."""
        return self.again_us + DAY_US


COURSES: Mapping[str, Course] = MappingProxyType(
    {
        "reached": Course(Next.LEADS_ON),
        "no_answer": Course(Next.AGAIN),
        "busy": Course(Next.AGAIN, was_approached=False),
        "voicemail": Course(Next.AGAIN),
        WRONG_PERSON: Course(Next.ENDS, "consent", was_approached=False),
        CALL_AGAIN: Course(Next.AGAIN),
        "sold": Course(Next.GOAL, "accept"),
        "not_interested": Course(Next.ENDS, "decline"),
        "accepted": Course(Next.ENDS, "accept"),
        "declined": Course(Next.ENDS, "decline"),
        "not_reached": Course(Next.LEADS_ON),
        "done": Course(Next.ENDS),
    }
)
OUTCOMES = tuple(COURSES)
_OF_CHATS: Mapping[str, Course] = MappingProxyType(
    {
        **COURSES,
        # Whoever left the chat is not there at another hour, and no number was the wrong one.
        **dict.fromkeys(("no_answer", "busy", "voicemail"), Course(Next.LEADS_ON)),
        WRONG_PERSON: Course(Next.ENDS),
    }
)
_COURSES_OF: Mapping[str, Mapping[str, Course]] = MappingProxyType({CHAT: _OF_CHATS})


def course_of(kind: str, outcome: str) -> Course:
    """Return what comes of an outcome of a task of a kind."""
    return _COURSES_OF.get(kind, COURSES)[outcome]


def again_us(outcome: str, tries: int, now_us: int, zone: str) -> int:
    """Return when a call that came to this is tried again; 0: it is not.

    Busy: in half an hour. Nobody answered: at another hour, that day or the next. A voice mail:
    the next day, at another hour. `tries` are those before this one.
    """
    if COURSES[outcome].next is not Next.AGAIN or tries + 1 >= MOST_TRIES:
        return 0
    if outcome == "busy":
        return now_us + BUSY_AGAIN_US
    return another_hour(now_us, zone, may_be_today=outcome == "no_answer")
