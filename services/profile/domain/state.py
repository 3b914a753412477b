"""What events add up to for one person; every part is a sum, a maximum or a set."""

from __future__ import annotations

from collections.abc import Mapping

from services.profile.domain import cart, interest, latest, log, orders, owned
from services.profile.domain.cart import Cart
from services.profile.domain.interest import Interests
from services.profile.domain.latest import Word
from services.profile.domain.log import Log
from services.profile.domain.orders import Orders
from services.profile.domain.owned import Owned

MAX_DECLINES = 500
MAX_DISLIKES = 200
MAX_VIEWED = 100
MAX_PURPOSES = 64
MAX_ATTRIBUTES = 128

LOCALE = "locale"
TIME_ZONE = "time_zone"


class State:
    """One person's state, or that of a whole set after `merge`.

    It is changed in place, because a year of history is folded into it. Within its bounds it does
    not depend on the order of the events, and the state of a set is that of all their events.
    """

    __slots__ = (
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
        "log",
        "orders",
        "owned",
        "refusals",
        "viewed",
    )

    def __init__(self) -> None:
        self.owned: Owned = {}
        self.orders: Orders = {}
        self.last_purchase_us = 0
        """0: never bought."""
        self.cart: Cart = {}
        self.viewed: dict[int, int] = {}
        """Item to when it was last looked at, microseconds."""
        self.categories: Interests = {}
        self.brands: Interests = {}
        self.declines: dict[tuple[int, int], Word] = {}
        """(offer, family) to whether it was turned down; an acceptance takes it back."""
        self.disliked_families: dict[int, Word] = {}
        self.disliked_categories: dict[str, Word] = {}
        self.disliked_brands: dict[str, Word] = {}
        self.refusals: dict[str, Word] = {}
        """Purpose to whether it is refused, so that of two at one moment the refusal counts."""
        self.complaint = Word(0, False)
        """Whether one is open."""
        self.attributes: dict[str, tuple[int, str]] = {}
        """The caller's own, with the moment they were said."""
        self.log: Log = []


def look_at(viewed: dict[int, int], offer_no: int, time_us: int) -> None:
    if time_us > viewed.get(offer_no, -1):
        viewed[offer_no] = time_us
        if len(viewed) > 2 * MAX_VIEWED:
            _keep_newest(viewed, MAX_VIEWED)


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
    for offer_no, time_us in other.viewed.items():
        look_at(into.viewed, offer_no, time_us)
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
    """Bring the state within its bounds: before it is stored, and after a merge."""
    owned.prune(state.owned)
    orders.prune(state.orders)
    cart.prune(state.cart)
    interest.prune(state.categories)
    interest.prune(state.brands)
    log.prune(state.log)
    latest.prune(state.declines, MAX_DECLINES)
    latest.prune(state.disliked_families, MAX_DISLIKES)
    latest.prune(state.disliked_categories, MAX_DISLIKES)
    latest.prune(state.disliked_brands, MAX_DISLIKES)
    latest.prune(state.refusals, MAX_PURPOSES)
    if len(state.viewed) > MAX_VIEWED:
        _keep_newest(state.viewed, MAX_VIEWED)


def _keep_newest(viewed: dict[int, int], at_most: int) -> None:
    for offer_no in sorted(viewed, key=lambda no: (-viewed[no], no))[at_most:]:
        del viewed[offer_no]
