"""Where a call should go: which queue, who of it, and before whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

COMPLAINT_OPEN, CHOICE, JOURNEY, CART, VALUE_TIER = (
    "COMPLAINT_OPEN",
    "CHOICE",
    "JOURNEY",
    "CART",
    "VALUE_TIER",
)
MOST = 100
"""Priority of whoever goes before everybody."""
_BASE = 20
_OF_TIER: Mapping[str, int] = {"top": 50, "high": 40, "medium": 30}
"""Priority by what somebody is worth; all others, and whoever is not known, have the base."""
_FOR: Mapping[str, int] = {COMPLAINT_OPEN: 30, JOURNEY: 10, CART: 10}
"""What is added to it."""
COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of a call centre, by what brings somebody into them."""

    default: str = "service"
    complaint: str = COMPLAINTS
    journey: str = "sales"
    """Of who is on the way to something, by a journey or with a cart."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """By what is chosen in the menu; a choice that is not here is the name of its queue itself."""


NO_QUEUES = Queues()
"""As nobody named any."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of who calls, as far as this call makes sure of them."""

    value_tier: str = ""
    complaint_open: bool = False
    choice: str = ""
    """What was chosen in the menu in this call; empty: nothing."""
    category: str = ""
    """Path of the category that the call, or what came before it, is about."""
    journeys: Sequence[str] = ()
    """Scenarios that they are in."""
    has_cart: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A hint for whatever distributes calls."""

    queue: str
    skill: str
    """What to know there: `complaints`, or the top-level category; empty: anybody will do."""
    priority: int
    """0 to 100; more goes first."""
    reasons: tuple[str, ...]
    """What decided: codes, the most telling first."""


def route(caller: Caller, queues: Queues) -> Route:
    """Return where a call goes: by a complaint, else by a choice, else by what is under way."""
    found = {
        COMPLAINT_OPEN: caller.complaint_open,
        CHOICE: bool(caller.choice),
        JOURNEY: bool(caller.journeys),
        CART: caller.has_cart,
        VALUE_TIER: caller.value_tier in _OF_TIER,
    }
    reasons = tuple(code for code, holds in found.items() if holds)
    priority = _OF_TIER.get(caller.value_tier, _BASE) + sum(_FOR.get(each, 0) for each in reasons)
    return Route(_queue(caller, queues), _skill(caller), min(priority, MOST), reasons)


def _queue(caller: Caller, queues: Queues) -> str:
    if caller.complaint_open:
        return queues.complaint
    if caller.choice:
        return queues.choices.get(caller.choice, caller.choice)
    return queues.journey if caller.journeys or caller.has_cart else queues.default


def _skill(caller: Caller) -> str:
    if caller.complaint_open:
        return COMPLAINTS
    return caller.category.partition(" > ")[0]
