"""What events add up to for one person; every part is a sum, a maximum or a set."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from services.profile.domain import (
    asked,
    aversions,
    call,
    cart,
    complaints,
    consent,
    habits,
    interest,
    latest,
    log,
    orders,
    owned,
    referrals,
    tallies,
    variants,
)
from services.profile.domain.asked import Asked
from services.profile.domain.aversions import Aversions
from services.profile.domain.cart import Cart
from services.profile.domain.complaints import Complaints
from services.profile.domain.consent import Consents
from services.profile.domain.habits import Habits
from services.profile.domain.interest import Interests
from services.profile.domain.latest import Word
from services.profile.domain.log import Log
from services.profile.domain.orders import Orders
from services.profile.domain.owned import BoughtCategories, Owned
from services.profile.domain.referrals import NOBODY, Referred
from services.profile.domain.tallies import Tallies
from services.profile.domain.variants import Variants

MAX_DECLINES = 500
MAX_DISLIKES = 200
MAX_BOUGHT = 256
"""Categories, and brands."""
MAX_ATTRIBUTES = 500

LOCALE = "locale"
TIME_ZONE = "time_zone"

Attributes = dict[str, tuple[int, str]]
"""Name to the moment it was said, and the value; empty: taken away."""
_UNSAID = (0, "")
_NO_COMPLAINT = Word(0, False)


class State:
    """One person's state, or that of a whole set after `merge`.

    It is changed in place, because a year of history is folded into it. Within its bounds it does
    not depend on the order of the events, and the state of a set is that of all their events.

    A stored state reads each part when it is first asked for, so that an event pays for the parts
    that it changes; `parts` says which are there.
    """

    __slots__ = (
        "arrived",
        "asked",
        "attributes",
        "aversions",
        "bought_brands",
        "bought_categories",
        "brands",
        "call",
        "cart",
        "categories",
        "complaint",
        "complaints",
        "consents",
        "declines",
        "disliked_brands",
        "disliked_categories",
        "disliked_families",
        "habits",
        "last_purchase_us",
        "orders",
        "owned",
        "past",
        "referred",
        "tallies",
        "variants",
    )

    owned: Owned
    orders: Orders
    last_purchase_us: int
    """0: never bought."""
    call: call.Said
    """The latest words of calls."""
    cart: Cart
    categories: Interests
    brands: Interests
    declines: dict[tuple[int, int], Word]
    """(offer, family) to whether it was turned down; an acceptance takes it back."""
    disliked_families: dict[int, Word]
    disliked_categories: dict[str, Word]
    disliked_brands: dict[str, Word]
    consents: Consents
    complaint: Word
    """Whether one is open."""
    complaints: Complaints
    aversions: Aversions
    variants: Variants
    bought_categories: BoughtCategories
    bought_brands: dict[str, int]
    """Brand to its last purchase, minutes since 1970; gifts left out."""
    habits: Habits
    attributes: Attributes
    """The caller's own."""
    tallies: Tallies
    """Events ever, by type."""
    asked: Asked
    """Questions, with what came of them."""
    referred: Referred
    """What referrals add up to; of many persons' events, so it is no sum over this one's."""
    past: Log
    """Events that were put in order."""
    arrived: Log
    """Events that were not yet; see `log`."""

    def __init__(self) -> None:
        self.owned, self.orders, self.last_purchase_us = {}, {}, 0
        self.cart, self.categories, self.brands, self.call = {}, {}, {}, {}
        self.declines, self.disliked_families = {}, {}
        self.disliked_categories, self.disliked_brands = {}, {}
        self.consents, self.attributes, self.complaint = {}, {}, _NO_COMPLAINT
        self.tallies, self.asked, self.referred = {}, {}, NOBODY
        self.complaints, self.aversions, self.variants = [], {}, {}
        self.bought_categories, self.bought_brands, self.habits = {}, {}, {}
        self.past, self.arrived = [], []

    @property
    def log(self) -> Log:
        """The latest events in the order in which they happened."""
        if self.arrived:
            log.merge(self.past, self.arrived)
            self.arrived = []
            if len(self.past) > log.MAX_KEPT + log.SLACK:
                log.prune(self.past)
        return self.past

    def take_interest(self, part: str, subject: str, weight: float) -> None:
        """Add a weight as of the epoch to `categories` or `brands`."""
        interest.add(getattr(self, part), subject, weight)

    def tally(self, kind: str, value_micros: int) -> None:
        """Count an event of a type."""
        tallies.add(self.tallies, kind, value_micros)

    def count_habits(self, numbers: Sequence[int], weight: float) -> None:
        """Add a weight as of the epoch to each of some habits."""
        habits = self.habits
        for number in numbers:
            habits[number] = habits.get(number, 0.0) + weight

    @property
    def parts(self) -> Collection[str]:
        """Names of the parts that are there without reading them."""
        return State.__slots__


def describe(state: State, attributes: Mapping[str, str], time_us: int) -> None:
    """Set attributes; what was said later about one of them stays, an empty one takes it away."""
    for name, value in attributes.items():
        say(state, name, value, time_us)


def say(state: State, name: str, value: str, time_us: int) -> None:
    """Set an attribute as of a moment; of two at one moment the greater value counts."""
    state.attributes[name] = max((time_us, value), state.attributes.get(name, _UNSAID))


def merge(states: Sequence[State]) -> State:
    """Return the state of a set: that of all events of its persons.

    It is made of the first one, and parts of the others go over into it: none of them is to be used
    after that. All were pruned before.
    """
    if not states:
        return State()
    into, *others = states
    grown: set[str] = set()
    for other in others:
        grown |= _merge(into, other)
    if others:
        log.prune(into.log)
    for part in grown & _BOUNDS.keys():
        _BOUNDS[part](getattr(into, part))
    return into


def _merge(into: State, other: State) -> set[str]:
    """Add another person of the set, part by part; return the parts that both had."""
    grown = set()
    for part, add in _ADDITIONS.items():
        more = getattr(other, part)
        if not more:
            continue
        known = getattr(into, part)
        if known:
            add(known, more)
            grown.add(part)
        else:
            setattr(into, part, more)
    into.last_purchase_us = max(into.last_purchase_us, other.last_purchase_us)
    into.complaint = max(into.complaint, other.complaint)
    into.referred = referrals.add(into.referred, other.referred)
    log.merge(into.log, other.log)
    return grown


def _merge_attributes(into: Attributes, other: Attributes) -> None:
    for name, said in other.items():
        into[name] = max(said, into.get(name, _UNSAID))


def _prune_attributes(attributes: Attributes) -> None:
    """Keep what was said last."""
    if len(attributes) > MAX_ATTRIBUTES:
        for name in sorted(attributes, key=lambda n: (attributes[n], n))[:-MAX_ATTRIBUTES]:
            del attributes[name]


def prune(state: State) -> None:
    """Bring what was read of a state within its bounds: before it is stored, and after a merge."""
    if "past" in state.parts:
        log.prune(state.log)
    for part in state.parts:
        if part in _BOUNDS:
            _BOUNDS[part](getattr(state, part))


def _merge_latest(into: dict[str, int], other: dict[str, int]) -> None:
    for subject, minute in other.items():
        into[subject] = max(minute, into.get(subject, 0))


def _prune_latest(minutes: dict[str, int]) -> None:
    if len(minutes) > MAX_BOUGHT:
        for subject in sorted(minutes, key=lambda s: (-minutes[s], s))[MAX_BOUGHT:]:
            del minutes[subject]


_dislikes = partial(latest.prune, at_most=MAX_DISLIKES)
_BOUNDS: Mapping[str, Callable[[Any], None]] = MappingProxyType(
    {
        "asked": asked.prune,
        "owned": owned.prune,
        "orders": orders.prune,
        "cart": cart.prune,
        "categories": interest.prune,
        "brands": interest.prune,
        "declines": partial(latest.prune, at_most=MAX_DECLINES),
        "disliked_families": _dislikes,
        "disliked_categories": _dislikes,
        "disliked_brands": _dislikes,
        "consents": consent.prune,
        "tallies": tallies.prune,
        "attributes": _prune_attributes,
        "complaints": complaints.prune,
        "aversions": aversions.prune,
        "variants": variants.prune,
        "bought_categories": partial(owned.prune, at_most=MAX_BOUGHT),
        "bought_brands": _prune_latest,
    }
)
_ADDITIONS: Mapping[str, Callable[[Any, Any], None]] = MappingProxyType(
    {
        "owned": owned.merge,
        "orders": orders.merge,
        "call": call.merge,
        "cart": cart.merge,
        "categories": interest.merge,
        "brands": interest.merge,
        "declines": latest.merge,
        "disliked_families": latest.merge,
        "disliked_categories": latest.merge,
        "disliked_brands": latest.merge,
        "consents": consent.merge,
        "complaints": complaints.merge,
        "aversions": aversions.merge,
        "variants": variants.merge,
        "bought_categories": owned.merge,
        "bought_brands": _merge_latest,
        "habits": habits.merge,
        "asked": asked.merge,
        "attributes": _merge_attributes,
        "tallies": tallies.merge,
    }
)
