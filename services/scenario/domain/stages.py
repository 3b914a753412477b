"""The stages of a scenario: what each brings about, what it waits for, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.scenario.domain.actions import TRANSACTIONAL, MessageOrder, Proposal, TaskOrder
from services.scenario.domain.criteria import Condition, Hears
from services.scenario.domain.moments import LocalTime
from services.scenario.domain.task_kinds import kind_of

END = -1
"""In place of a stage: the journey ends."""


@dataclass(frozen=True, slots=True)
class Leads:
    """Where something leads: to a stage by its place, or to the end under a name."""

    to: int
    ends_as: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A stage that may come next."""

    leads: Leads
    condition: Condition | None = None
    share: float = 0.0
    """0: not by share."""

    @property
    def is_certain(self) -> bool:
        """Whether it is taken whenever it is asked about."""
        return self.condition is None and not self.share


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an event does to a journey in a stage."""

    hears: Hears
    leads: Leads


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it brings about when it is entered, and how it is left."""

    name: str
    propose: Proposal | None = None
    task: TaskOrder | None = None
    send: MessageOrder | None = None
    set_attributes: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    lasts_us: int = 0
    """How long an answer is waited for; 0: until the journey ends."""
    until: LocalTime | None = None
    condition: Condition | None = None
    otherwise: int | None = None
    """In place of it, where it cannot be entered; None: the following one."""
    reactions: tuple[Reaction, ...] = ()
    answers: Mapping[str, Leads] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()
    """The first that applies is taken, the following stage where none does."""

    @property
    def may_call_or_write(self) -> bool:
        """Whether somebody calls instead of writing where that is most likely answered."""
        return self.task is not None and self.send is not None

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """What it needs one of to be in the catalogue."""
        if self.propose is not None:
            return self.propose.offer_ids
        return self.task.offer_ids if self.task is not None else ()

    @property
    def is_service(self) -> bool:
        """Whether it approaches nobody: it proposes nothing, calls and writes only if it must."""
        calls = self.task is not None and kind_of(self.task.kind).is_approach
        writes = self.send is not None and self.send.purpose != TRANSACTIONAL
        return not (self.propose or calls or writes)

    @property
    def is_passed_through(self) -> bool:
        """Whether it is left as soon as it was entered: nothing in it is waited for."""
        waits = self.propose or self.task or self.lasts_us or self.until or self.reactions
        return not waits

    @property
    def asks_person(self) -> bool:
        """Whether profile has to be asked before it is entered."""
        tells = self.task is not None and (self.task.tells_cart or bool(self.task.scripts))
        asks = self.until is not None or self.may_call_or_write or tells
        return asks or bool(self.source) or _asks(self.condition)

    @property
    def source(self) -> int:
        """The source that what it proposes is found by; 0: none."""
        return self.propose.source if self.propose is not None else 0

    @property
    def may_be_passed_over(self) -> bool:
        """Whether it may turn out that it cannot be entered."""
        is_found = self.propose is not None and self.propose.is_found
        return self.condition is not None or bool(self.offer_ids) or is_found

    @property
    def asks_person_at_its_end(self) -> bool:
        """Whether profile has to be asked before it is left."""
        return any(_asks(way.condition) for way in self.ways)


def _asks(condition: Condition | None) -> bool:
    return condition is not None and condition.asks_person
