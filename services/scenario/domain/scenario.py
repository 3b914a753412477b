"""Scenarios as they are defined: what begins a journey, its stages, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.scenario.domain.criteria import (
    ANYBODY,
    NO_EVENTS,
    ONCE,
    Hears,
    QuietAlready,
    Situation,
    Times,
)
from services.scenario.domain.stages import END, Stage


@dataclass(frozen=True, slots=True)
class Limits:
    """How many journeys there may be, and messages in one; 0: any number."""

    under_way: int = 0
    per_day: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """An event that ends a journey in whatever stage."""

    hears: Hears
    ends_as: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A definition; a journey goes on by the one that it began with."""

    name: str
    stages: tuple[Stage, ...]
    title: str = ""
    aim: str = ""
    """What it is for: `ORDER_VALUE`; empty: not said."""
    starts: Hears = NO_EVENTS
    """Nothing: it lives in the session and is not kept."""
    count: Times = ONCE
    quiet_for_us: int = 0
    quiet_of: frozenset[str] = frozenset()
    """Empty: of any event of the person."""
    quiet_already: QuietAlready | None = None
    """None: only of those whose silence was listened for."""
    when: Situation = ANYBODY
    occasions: Times = ONCE
    goals: Hears = NO_EVENTS
    exits: tuple[Exit, ...] = ()
    again_after_us: int = 0
    again_most: int = 0
    is_per_item: bool = False
    """A person is on one journey for each item that it begins with; else on one in all."""
    priority: int = 0
    group: str = ""
    limits: Limits = Limits()
    moves: Mapping[str, int] = field(default_factory=dict)
    takes_over: bool = False
    is_shadow: bool = False
    asks_who_entered: bool = False
    """A condition reads of which segments and persona the person was when they entered."""
    definition: bytes = b""
    """The definition as it is kept beside a journey."""

    @property
    def is_service(self) -> bool:
        """Whether all it does was asked for, or has to be done or told: no approach."""
        does = [each for each in self.stages if each.propose or each.task or each.send]
        return bool(does) and all(each.is_service for each in does)

    @property
    def is_in_session(self) -> bool:
        return not self.starts.types

    @property
    def may_be_asked_for_again(self) -> bool:
        """Whether it gives what its person asks for, and nothing but their asking decides of it."""
        if not any(stage.task is not None and stage.task.was_asked_for for stage in self.stages):
            return False
        waits = self.quiet_for_us or self.again_after_us or self.again_most
        is_counted = self.count != ONCE or self.occasions != ONCE
        may_be_refused = self.group or self.limits != Limits() or self.when != ANYBODY
        return not (waits or is_counted or may_be_refused)

    @property
    def finds(self) -> bool:
        """Whether any stage proposes what a source finds."""
        return any(stage.source for stage in self.stages)

    def subject_of(self, item_no: int) -> int:
        """Return what a person is on one journey about that began with an item; 0: about all."""
        return item_no if self.is_per_item else 0

    def following(self, place: int) -> int:
        """Return the place of the stage after one, `END` after the last."""
        return place + 1 if place + 1 < len(self.stages) else END

    def instead_of(self, place: int) -> int:
        """Return the place that comes instead of a stage that cannot be entered."""
        otherwise = self.stages[place].otherwise
        return self.following(place) if otherwise is None else otherwise

    def leads_on(self, place: int) -> tuple[int, ...]:
        """Return the places that may come when a stage has had its time; `END` may be one."""
        ways = self.stages[place].ways
        found = [way.leads.to for way in ways]
        is_certain = any(way.is_certain for way in ways) or sum(way.share for way in ways) >= 1.0
        return tuple(found if is_certain else [*found, self.following(place)])

    def asks_person_from(self, places: tuple[int, ...]) -> bool:
        """Say whether entering one of these stages may ask for the person before it is left."""
        return any(
            stage.asks_person or (stage.is_passed_through and stage.asks_person_at_its_end)
            for stage in self.may_enter(places)
        )

    def may_enter(self, places: tuple[int, ...]) -> Iterator[Stage]:
        """Yield the stages that may be entered at one moment from these places on."""
        seen: set[int] = set()
        pending = [place for place in places if place != END]
        while pending:
            place = pending.pop()
            if place in seen or place == END:
                continue
            seen.add(place)
            stage = self.stages[place]
            yield stage
            if stage.may_be_passed_over:
                pending.append(self.instead_of(place))
            if stage.is_passed_through:
                pending.extend(self.leads_on(place))
