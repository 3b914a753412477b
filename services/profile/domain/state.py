"""What events add up to for one person; every part is a sum, a maximum or a set."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from services.profile.domain import cart, interest, latest, log, orders, owned
from services.profile.domain.cart import Cart
from services.profile.domain.interest import Interests
from services.profile.domain.latest import Word
from services.profile.domain.log import Log
from services.profile.domain.orders import Orders
from services.profile.domain.owned import Owned

MAX_DECLINES = 500
MAX_DISLIKES = 200
MAX_VIEWED = 50
MAX_PURPOSES = 64

VIEW = "view"
LOCALE = "locale"
TIME_ZONE = "time_zone"


class State:
    """One person's state, or that of a whole set after `merge`.

    It is changed in place, because a year of history is folded into it. Within its bounds it does
    not depend on the order of the events, and the state of a set is that of all their events.

    A stored state reads each part when it is first asked for, so that an event pays for the parts
    that it changes; `parts` says which are there.
    """

    __slots__ = (
        "arrived",
        "attributes",
        "brands",
        "cart",
        "categories",
        "complaint",
        "declines",
        "disliked_brands",
        "disliked_categories",
        "disliked_families",
        "last_purchase_us",
        "orders",
        "owned",
        "past",
        "refusals",
        "seen",
    )

    owned: Owned
    orders: Orders
    last_purchase_us: int
    """0: never bought."""
    cart: Cart
    seen: dict[int, int]
    """Item to when it was last looked at, of views that have left the log; see `viewed`."""
    categories: Interests
    brands: Interests
    declines: dict[tuple[int, int], Word]
    """(offer, family) to whether it was turned down; an acceptance takes it back."""
    disliked_families: dict[int, Word]
    disliked_categories: dict[str, Word]
    disliked_brands: dict[str, Word]
    refusals: dict[str, Word]
    """Purpose to whether it is refused, so that of two at one moment the refusal counts."""
    complaint: Word
    """Whether one is open."""
    attributes: dict[str, tuple[int, str]]
    """The caller's own, with the moment they were said."""
    past: Log
    """Events that were put in order."""
    arrived: Log
    """Events that were not yet; see `log`."""

    def __init__(self) -> None:
        for part, empty in EMPTY_PARTS.items():
            setattr(self, part, empty())

    @property
    def log(self) -> Log:
        """The latest events in the order in which they happened."""
        if self.arrived:
            log.merge(self.past, self.arrived)
            self.arrived = []
            if len(self.past) > log.MAX_KEPT + log.SLACK:
                self.prune_log()
        return self.past

    def prune_log(self) -> None:
        """Bring the log within its bounds; views that leave it are still known."""
        for entry in log.prune(self.log):
            if entry.type == VIEW and entry.offer_no:
                look_at(self.seen, entry.offer_no, entry.time_us)

    def take_interest(self, part: str, subject: str, weight: float) -> None:
        """Add a weight as of the epoch to `categories` or `brands`."""
        interest.add(getattr(self, part), subject, weight)

    @property
    def parts(self) -> Collection[str]:
        """Names of the parts that are there without reading them."""
        return EMPTY_PARTS


def _silence() -> Word:
    return Word(0, False)


EMPTY_PARTS: Mapping[str, Callable[[], Any]] = MappingProxyType(
    dict.fromkeys(State.__slots__, dict)
    | {"last_purchase_us": int, "complaint": _silence, "past": list, "arrived": list}
)
"""What each part of a state is while nothing is known of it."""


def viewed(state: State) -> dict[int, int]:
    """Return the items looked at last with when, microseconds; at most 50."""
    found = dict(state.seen)
    for entry in state.log:
        if entry.type == VIEW and entry.offer_no:
            look_at(found, entry.offer_no, entry.time_us)
    _keep_newest(found)
    return found


def look_at(seen: dict[int, int], offer_no: int, time_us: int) -> None:
    if time_us > seen.get(offer_no, -1):
        seen[offer_no] = time_us
        _keep_newest(seen, slack=MAX_VIEWED)


def describe(state: State, attributes: Mapping[str, str], time_us: int) -> None:
    """Set attributes; what was said later about one of them stays, an empty one takes it away."""
    for name, value in attributes.items():
        said = (time_us, value)
        known = state.attributes.get(name, (0, ""))
        if value != known[1] and said >= known:
            state.attributes[name] = said


def merge(states: list[State]) -> State:
    """Return the state of a set: that of all events of its persons. The first is changed."""
    if not states:
        return State()
    into, *others = states
    for other in others:
        _merge(into, other)
    if others:
        prune(into)
    return into


def _merge(into: State, other: State) -> None:
    owned.merge(into.owned, other.owned)
    orders.merge(into.orders, other.orders)
    into.last_purchase_us = max(into.last_purchase_us, other.last_purchase_us)
    cart.merge(into.cart, other.cart)
    for offer_no, time_us in other.seen.items():
        look_at(into.seen, offer_no, time_us)
    interest.merge(into.categories, other.categories)
    interest.merge(into.brands, other.brands)
    latest.merge(into.declines, other.declines)
    latest.merge(into.disliked_families, other.disliked_families)
    latest.merge(into.disliked_categories, other.disliked_categories)
    latest.merge(into.disliked_brands, other.disliked_brands)
    latest.merge(into.refusals, other.refusals)
    into.complaint = max(into.complaint, other.complaint)
    for name, said in other.attributes.items():
        into.attributes[name] = max(said, into.attributes.get(name, (0, "")))
    log.merge(into.log, other.log)


def prune(state: State) -> None:
    """Bring what was read of a state within its bounds: before it is stored, and after a merge."""
    if "past" in state.parts:
        state.prune_log()
    for part in state.parts:
        if part in _BOUNDS:
            _BOUNDS[part](getattr(state, part))


def _keep_newest(seen: dict[int, int], *, slack: int = 0) -> None:
    if len(seen) > MAX_VIEWED + slack:
        for offer_no in sorted(seen, key=lambda no: (-seen[no], no))[MAX_VIEWED:]:
            del seen[offer_no]


_dislikes = partial(latest.prune, at_most=MAX_DISLIKES)
_BOUNDS: Mapping[str, Callable[[Any], None]] = MappingProxyType(
    {
        "owned": owned.prune,
        "orders": orders.prune,
        "cart": cart.prune,
        "categories": interest.prune,
        "brands": interest.prune,
        "declines": partial(latest.prune, at_most=MAX_DECLINES),
        "disliked_families": _dislikes,
        "disliked_categories": _dislikes,
        "disliked_brands": _dislikes,
        "refusals": partial(latest.prune, at_most=MAX_PURPOSES),
        "seen": _keep_newest,
    }
)
