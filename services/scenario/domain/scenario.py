"""Scenarios as they are defined: what begins a journey, its stages, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from services.scenario.domain.task_kinds import kind_of
from shared.languages import nearest

TRANSACTIONAL = "transactional"
"""The purpose of messages that have to be sent."""
END = -1
"""In place of a stage: the journey ends."""
Values = Mapping[str, Any]
"""What conditions read, by name: `customer.age`, `event.type`, `journey.stage`, `now`."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cart:
    """What lies in a cart; columns of equal length."""

    offer_nos: tuple[int, ...] = ()
    quantities: tuple[float, ...] = ()
    value_micros: int = 0


NO_CART = Cart()


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a journey began with."""

    cart: Cart = NO_CART
    item_no: int = 0
    """The item or offer of the event, 0 for none."""


AtHome = Callable[[int, str], int | None]
"""Converts an amount in a currency into the home one; None: nobody knows its worth."""


def _in_one(micros: int, currency: str) -> int | None:
    return micros


class Condition(Protocol):
    """A condition that a scenario asks."""

    @property
    def text(self) -> str: ...

    @property
    def reads(self) -> frozenset[str]:
        """What it reads, by name: `customer.age`."""
        ...

    @property
    def asks_person(self) -> bool:
        """Whether it reads anything of the person, whom profile has to be asked about."""
        ...

    def holds(self, values: Values) -> bool | None:
        """Say whether it holds; None: it could not be evaluated."""
        ...


@dataclass(frozen=True, slots=True)
class Situation:
    """What must be so with a person."""

    hesitating: bool = False
    cart_above_micros: int | None = None
    """The cart is worth more; None: any cart, or none."""
    cart_above_in: str = ""
    """The currency of that; empty: the home currency."""
    condition: Condition | None = None
    segments: frozenset[str] = frozenset()
    personas: frozenset[str] = frozenset()
    """In one of these segments, or of one of these personas; both empty: everybody."""

    def cart_nos(self, cart: Cart) -> tuple[int, ...]:
        """Return the items of a cart, where it is one that this asks for."""
        return () if self.cart_above_micros is None else cart.offer_nos

    def holds(
        self,
        *,
        hesitating: bool,
        cart: Cart,
        at_home: AtHome = _in_one,
        values: Values = NOTHING,
    ) -> bool | None:
        """Say whether it is so; None: its condition could not be evaluated.

        No cart is worth more than what nobody can convert.
        """
        if self.hesitating and not hesitating:
            return False
        if not (self._is_worth_more(cart, at_home) and self._means(values)):
            return False
        return True if self.condition is None else self.condition.holds(values)

    def _is_worth_more(self, cart: Cart, at_home: AtHome) -> bool:
        if self.cart_above_micros is None:
            return True
        least_micros = at_home(self.cart_above_micros, self.cart_above_in)
        return least_micros is not None and cart.value_micros > least_micros

    def _means(self, values: Values) -> bool:
        if not (self.segments or self.personas):
            return True
        if self.personas and values["customer.persona"] in self.personas:
            return True
        return not self.segments.isdisjoint(values["customer.segments"])


@dataclass(frozen=True, slots=True)
class Times:
    """So often within so long, the present time included."""

    at_least: int = 1
    within_us: int = 0


ONCE = Times()


@dataclass(frozen=True, slots=True)
class Hears:
    """Events that matter: of one of these types, for which a condition holds."""

    types: frozenset[str]
    where: Condition | None = None

    def hears(self, event_type: str, values: Values) -> bool:
        """Say whether an event is one; a condition that cannot be evaluated does not hold."""
        if event_type not in self.types:
            return False
        return self.where is None or self.where.holds(values) is True


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
class LocalTime:
    """A moment of the person's own day."""

    minute: int
    """Of the day, 0 to 1439."""
    working_day: bool = False
    after_us: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """The offer that a stage proposes, or several of which the ranker chooses."""

    offer_ids: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    lever: float = 1.0
    source: int = 0
    """Number of `Source`: in place of named offers what it has for the person; 0: named ones."""
    most: int = 0
    """Of what the source has."""
    its_item: bool = False
    """In place of named offers the item that the journey began with."""

    @property
    def is_found(self) -> bool:
        """Whether what it proposes is found when its stage is entered."""
        return bool(self.source or self.its_item)


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """The task that a stage gives to a person of the call centre."""

    kind: str
    reason: str = ""
    script: str = ""
    offer_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int = 0
    proposed: bool = False
    """And whatever its journey proposed before."""
    scripts: tuple[tuple[str, str], ...] = ()
    """Languages with what is said instead to those who speak them."""

    def script_for(self, locale: str) -> tuple[str, str]:
        """Return what is said to somebody of a locale, with its language; empty: its own."""
        scripts = dict(self.scripts)
        language = nearest(locale, scripts)
        return scripts.get(language, self.script), language

    @property
    def is_approach(self) -> bool:
        """Whether it is us who want something of the person: it waits while agents are busy."""
        return kind_of(self.kind).is_approach

    @property
    def tells_cart(self) -> bool:
        """Whether what to say speaks of the cart."""
        return "{cart" in self.script

    @property
    def was_asked_for(self) -> bool:
        """Whether the person asks for it, rather than we want it done."""
        return kind_of(self.kind).was_asked_for


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """The message that a stage sends."""

    channels: tuple[int, ...]
    """Numbers of `Channel`; of several the best."""
    template: str
    placement: str = ""
    limit: int = 0
    offer_ids: tuple[str, ...] = ()
    purpose: str = ""
    from_own_contact: bool = False


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
    starts: Hears = Hears(frozenset())
    """Nothing: it lives in the session and is not kept."""
    count: Times = ONCE
    quiet_for_us: int = 0
    quiet_of: frozenset[str] = frozenset()
    """Empty: of any event of the person."""
    when: Situation = Situation()
    occasions: Times = ONCE
    goals: Hears = Hears(frozenset())
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
        may_be_refused = self.group or self.limits != Limits() or self.when != Situation()
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


def _asks(condition: Condition | None) -> bool:
    return condition is not None and condition.asks_person
