"""What happened in a period and what was decided in it, as columns to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import ANSWERING, CREDITED, DAY_US

Flags = NDArray[np.bool_]
Wholes = NDArray[np.int64]
Numbers = NDArray[np.float64]

MINUTE_US = 60_000_000
VISITING = (
    "view",
    "search",
    "click",
    "page_view",
    "article_view",
    "question_asked",
    "faq_view",
    "add_to_cart",
    "remove_from_cart",
    "checkout_started",
    "purchase",
    "out_of_stock",
    "email_click",
)
"""Types of events by which somebody is there: what makes up a visit, as in a profile's session."""
PRICE_PAID = ("unsubscribe", "consent", "complaint")
"""Types that may say that we asked too much of somebody."""
TYPES = (
    *VISITING,
    *sorted((ANSWERING | CREDITED) - set(VISITING)),
    *PRICE_PAID,
    "return",
    "refer",
)
"""All types that are measured; a type's number is its place here."""
NUMBER_OF = {name: number for number, name in enumerate(TYPES)}


def are(numbers: NDArray[np.uint8], *types: str) -> Flags:
    """Return which events are of one of these types."""
    wanted = np.zeros(len(TYPES), np.bool_)
    wanted[[NUMBER_OF[name] for name in types]] = True
    return wanted[numbers]


def paired(one: NDArray[np.signedinteger], other: NDArray[np.signedinteger]) -> Wholes:
    """Return a whole number for each pair of numbers from 0, the same for the same pair only.

    `np.unique` of one column lets other threads work meanwhile; of two it holds all of them up.
    """
    width = int(other.max()) + 1 if len(other) else 1
    return one.astype(np.int64) * width + other


@dataclass(frozen=True, slots=True)
class Period:
    """From `since_us` on, until before `until_us`, business time."""

    since_us: int
    until_us: int

    @property
    def middle_us(self) -> int:
        return self.since_us + (self.until_us - self.since_us) // 2

    @property
    def days(self) -> float:
        return (self.until_us - self.since_us) / DAY_US


@dataclass(frozen=True, slots=True)
class Customers:
    """Who is counted as one: all persons of a set; a customer's number is their place here."""

    oldest_ids: Sequence[str]
    """The oldest person of each set."""
    arm: NDArray[np.uint8]
    """`Arm` by number, as the active definitions share people out."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Events of the types measured, as columns of equal length, in any order; within the period.

    Money is in the base currency, millionths.
    """

    customer: NDArray[np.int32]
    time_us: Wholes
    type: NDArray[np.uint8]
    """Place in `TYPES`."""
    channel: NDArray[np.uint8]
    offer_no: Wholes
    """0: none."""
    family_no: Wholes
    """Of a product; an offer that is none stands for itself."""
    is_product: Flags
    value_micros: Wholes
    """What was paid, or given back, for the whole quantity."""
    cost_micros: Wholes
    """Cost of the whole quantity; -1: unknown."""
    order: Wholes
    """Events of one customer with the same number are of one order."""
    decision: Wholes
    """Number of the decision that is answered; -1: none."""
    placement: NDArray[np.int32]
    """Number of the placement that is answered; -1: not said."""
    promotion_no: Wholes
    """What a purchase redeems beside its item; 0: nothing."""
    rating: Numbers
    """Of a survey, 0 to 10; NaN: none."""
    is_refusal: Flags
    """Of a consent: it was taken back or denied; of a complaint: it was opened."""

    def sorted(self) -> Deeds:
        """Return them by customer and time; what was bought in the same instant comes last."""
        order = np.lexsort((are(self.type, "purchase"), self.time_us, self.customer))
        return self.picked(order)

    def picked(self, places: NDArray[np.intp] | Flags) -> Deeds:
        """Return some of them."""
        return Deeds(*(getattr(self, each.name)[places] for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Places:
    """What decisions of the period chose, a row per place of a page, as columns of equal length.

    Sorted by decision, placement and position; numbers of decisions and placements rise with their
    names, so that whoever sorts by the names gets the same order.
    """

    customer: NDArray[np.int32]
    decision: Wholes
    placement: NDArray[np.int32]
    offer_no: Wholes
    family_no: Wholes
    """Its own number where it is no product."""
    kind: NDArray[np.uint8]
    """0: the catalogue does not know it."""
    ends_us: Wholes
    """0: no end."""
    channel: NDArray[np.uint8]
    time_us: Wholes
    """When it was decided."""
    is_seen: Flags
    """Seen as soon as it is decided: said by an agent, sent by mail."""
