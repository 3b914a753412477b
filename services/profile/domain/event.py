"""An event as the profile counts it, and what each known type means to a profile."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

SEPARATOR = " > "
"""Between the levels of a category path."""
NO_DETAILS: Mapping[str, str] = MappingProxyType({})


class Event(NamedTuple):
    """One event of one person, stamped from the catalogue as of its ingest.

    A named tuple and not a dataclass, because a year of history is folded through it: it is made
    from a database row in one step.
    """

    time_us: int
    type: str
    channel: int
    offer_no: int = 0
    """Catalogue number; 0: none, or not in the catalogue."""
    family_no: int = 0
    """Root of the item's family; 0 where it is no product."""
    category: str = ""
    """Path, `A > B`."""
    brand: str = ""
    price_micros: int = 0
    """Price of one; 0: unknown."""
    cost_micros: int = -1
    """Cost of one; -1: unknown."""
    quantity: float = 1.0
    value_micros: int = 0
    """What was paid for the whole quantity."""
    session_id: str = ""
    order_id: str = ""
    gift: bool = False
    duration_s: float = 0.0
    reassurance: bool = False
    """The page is about shipping, returns or questions: what a hesitating buyer reads."""
    variant: str = ""
    """What tells the item from others of its family, a JSON object; empty: nothing."""
    topic: int = 0
    """What a reassuring page is about, a `Topic`."""
    details: Mapping[str, str] = NO_DETAILS
    """The behavioural attributes among `DETAILS`, in text form."""


DETAILS = frozenset({"category", "brand", "sentiment", "purpose", "granted", "status", "resolved"})
"""Attributes that change a profile; all others are kept, encrypted, and change nothing."""
GIFT_AGE = "gift_for_age"
GIFT_WORDS = ("gift_for_gender", "gift_for_relationship", "gift_occasion")
GIFT_DETAILS = frozenset({GIFT_AGE, *GIFT_WORDS})
"""Whom a gift is for: it changes no profile, and is learned from without the giver's name."""
PROMOTION = "promotion"
"""The detail of a purchase that holds the id of the offer it names beside its item. It is no
attribute of the caller's, and changes no profile."""
RATING = "rating"
"""The detail of a survey's answer that says how satisfied somebody is, 0 to 10."""
_OF_CONSENT = DETAILS | {"channel", "source", "expires"}
DETAILS_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "consent": _OF_CONSENT,
        "subscribe": _OF_CONSENT,
        "unsubscribe": _OF_CONSENT,
        "preference": DETAILS | {"attribute", "value"},
        "attribute_set": DETAILS | {"attribute", "value"},
        "impression": DETAILS | {"question"},
        "survey_answer": DETAILS | {"question", "skipped", "attribute", RATING},
        "purchase": DETAILS | {"discount"} | GIFT_DETAILS,
        "ivr_choice": DETAILS | {"choice"},
        "call_topic": DETAILS | {"topic"},
    }
)
"""The same for types of which more is understood."""

STANDING = frozenset({"impression", "page_view", "email_open", "contact_sent", "crm_note"})
"""Types that leave a standing decision as it is; all others free it."""

SHOPPING = frozenset(
    {
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
    }
)
"""Types by which a person is active, and which make up a session."""

REASSURING = frozenset({"faq_view", "question_asked"})
CART_EDITS = frozenset({"add_to_cart", "remove_from_cart"})

INTEREST: Mapping[str, float] = MappingProxyType(
    {
        "view": 1.0,
        "search": 0.5,
        "click": 1.5,
        "article_view": 0.5,
        "page_view": 0.25,
        "email_click": 1.5,
        "question_asked": 1.0,
        "add_to_cart": 3.0,
        "accept": 3.0,
        "purchase": 5.0,
    }
)
"""How much a type says about taste; types not named say nothing."""

LIKE_INTEREST = 10.0
"""How much a `preference` of sentiment `like` says."""


def frees_standing_decision(event_type: str, reassurance: bool = False) -> bool:
    """Say whether decisions are made anew after it; a page that reassures tells of hesitation."""
    return event_type not in STANDING or reassurance


class Topic(IntEnum):
    """What a page is about that a hesitating buyer reads."""

    NONE = 0
    SHIPPING = 1
    RETURNS = 2
    QUESTIONS = 3


_TOPICS = (
    ("shipping", Topic.SHIPPING),
    ("delivery", Topic.SHIPPING),
    ("return", Topic.RETURNS),
    ("refund", Topic.RETURNS),
    ("faq", Topic.QUESTIONS),
)


def topic_of(page: str) -> Topic:
    """Return what a page is about, by words in its address; most are about nothing of the kind."""
    text = page.lower()
    return next((topic for word, topic in _TOPICS if word in text), Topic.NONE)
