"""Scenarios as they are defined: what begins a journey, its stages, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cart:
    """What lies in a cart; columns of equal length."""

    offer_nos: tuple[int, ...] = ()
    quantities: tuple[float, ...] = ()
    value_micros: int = 0


NO_CART = Cart()
AtHome = Callable[[int, str], int | None]
"""Converts an amount in a currency into the home one; None: nobody knows its worth."""


def _in_one(micros: int, currency: str) -> int | None:
    return micros


@dataclass(frozen=True, slots=True)
class Situation:
    """What must be so with a person."""

    hesitating: bool = False
    cart_above_micros: int | None = None
    """The cart is worth more; None: any cart, or none."""
    cart_above_in: str = ""
    """The currency of that; empty: the home currency."""

    def holds(self, *, hesitating: bool, cart: Cart, at_home: AtHome = _in_one) -> bool:
        """Say whether it is so; no cart is worth more than what nobody can convert."""
        if self.hesitating and not hesitating:
            return False
        if self.cart_above_micros is None:
            return True
        least_micros = at_home(self.cart_above_micros, self.cart_above_in)
        return least_micros is not None and cart.value_micros > least_micros


@dataclass(frozen=True, slots=True)
class Proposal:
    """The offer that a stage proposes."""

    offer_id: str
    placements: tuple[str, ...] = ()
    lever: float = 1.0


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """The task that a stage gives to a person of the call centre."""

    kind: str
    reason: str = ""
    script: str = ""
    offer_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: it proposes an offer or gives a task."""

    name: str
    propose: Proposal | None = None
    task: TaskOrder | None = None
    lasts_us: int = 0
    """How long an answer is waited for; 0: until the journey ends."""

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """What it needs to be in the catalogue."""
        if self.propose is not None:
            return (self.propose.offer_id,)
        return self.task.offer_ids if self.task is not None else ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A definition; a journey goes on by the one that it began with."""

    name: str
    stages: tuple[Stage, ...]
    title: str = ""
    starts_on: frozenset[str] = frozenset()
    """Empty: it lives in the session and is not kept."""
    when: Situation = Situation()
    quiet_for_us: int = 0
    goals: frozenset[str] = frozenset()
    again_after_us: int = 0
    definition: bytes = b""
    """The definition as it is kept beside a journey."""

    @property
    def is_in_session(self) -> bool:
        return not self.starts_on
