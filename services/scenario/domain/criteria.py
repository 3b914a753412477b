"""What a scenario asks for: conditions, what must be so with a person, events, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from services.scenario.domain.carts import Cart

Values = Mapping[str, Any]
"""What conditions read, by name: `customer.age`, `event.type`, `journey.stage`, `now`."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
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


ANYBODY = Situation()


@dataclass(frozen=True, slots=True)
class Times:
    """So often within so long, the present time included."""

    at_least: int = 1
    within_us: int = 0


ONCE = Times()


@dataclass(frozen=True, slots=True)
class QuietAlready:
    """Whose silence counts though it began before it was listened for."""

    within_us: int
    """It was long enough at most so long ago, or is not yet."""
    over_us: int
    """Those whose silence is long enough are looked at one after the other over so long."""


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


NO_EVENTS = Hears(frozenset())
