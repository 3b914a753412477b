"""How each measure is split by where things were seen and where they were bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Over(IntEnum):
    """What a part of a split is divided by; numbers as in the contract."""

    EVERYBODY = 1
    """All customers: the parts add up to the measure."""
    SEEN = 2
    """All of the channel seen: a row adds up to the measure of what was seen there."""
    PAIR = 3
    """Those of both channels alone: each is the measure of its own."""


@dataclass(frozen=True, slots=True)
class Split:
    """How a measure is split by where things were seen and where they were bought.

    `part` and `whole` name what is counted, as `measures.paths` does; of `EVERYBODY`, the whole is
    customers. `seen` and `bought` say which channels these are, in words.
    """

    part: str
    whole: str
    over: Over
    seen: str
    bought: str


_LINE = (
    "Where what was bought had been shown; nowhere: nobody had shown it.",
    "Where it was bought. What comes back stands where its purchase stands; nowhere: that is none "
    "of the period.",
)
_ORDER = (
    "Where the first of its things that anybody had shown was shown; nowhere: none was.",
    "Where its first thing was bought.",
)
_CAME = "Where the customer's first visit began; nowhere: there was none."
_BOUGHT_FIRST = "Where the customer first bought; nowhere: nothing was bought."
_BEFORE = "Where the customer had last bought before; nowhere: nothing was."


def _lines(part: str) -> Split:
    return Split(part, "people", Over.EVERYBODY, *_LINE)


def _visit_money(part: str) -> Split:
    return Split(
        part,
        "visits",
        Over.SEEN,
        "Where the first visit began that ended no more than 24 h before the purchase.",
        _LINE[1],
    )


def _visits(part: str, over: Over) -> Split:
    whole = "people" if over is Over.EVERYBODY else "visits"
    return Split(
        part,
        whole,
        over,
        "Where the visit began.",
        "Where its customer first bought, from its beginning until 24 h after its end; nowhere: "
        "nothing was.",
    )


def _showings(part: str) -> Split:
    return Split(
        part,
        "shown",
        Over.SEEN,
        "Where it was shown.",
        "Where it was accepted first; nowhere: it was not.",
    )


def _objections(part: str) -> Split:
    return Split(
        part,
        "people",
        Over.EVERYBODY,
        "Where the customer had last been shown anything; nowhere: nothing was.",
        _BEFORE,
    )


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


SPLITS: Mapping[str, Split] = {
    "contribution": _lines("line_contribution"),
    "revenue": _lines("line_revenue"),
    "revenue_per_visit": _visit_money("visit_revenue"),
    "contribution_per_visit": _visit_money("visit_contribution"),
    "orders": Split("orders", "people", Over.EVERYBODY, *_ORDER),
    "order_value": Split("order_sales", "orders", Over.PAIR, *_ORDER),
    "look_to_book": Split("buyers", "visitors", Over.SEEN, _CAME, _BOUGHT_FIRST),
    "acceptance": _showings("accepted"),
    "clicks": _showings("clicks"),
    "visits": _visits("visits", Over.EVERYBODY),
    "stickiness": _visits("visit_seconds", Over.PAIR),
    "products_considered": _visits("considered", Over.PAIR),
    "cart_abandonment": Split(
        "carts_left",
        "carts",
        Over.SEEN,
        "Where the last thing was put into the cart.",
        "Where its customer bought next after all, though too late.",
    ),
    "returned": Split("line_returned", "line_sales", Over.PAIR, *_LINE),
    "repeat_rate": Split(
        "repeat_orders",
        "first_orders",
        Over.PAIR,
        "Of the first order: " + _lower(_ORDER[0]),
        "Of the first order: " + _lower(_ORDER[1]),
    ),
    "retention": Split(
        "retained",
        "early",
        Over.PAIR,
        _CAME,
        "Where the customer first bought in the first half.",
    ),
    "referral": Split("referrals", "people", Over.PAIR, _CAME, _BOUGHT_FIRST),
    "satisfaction": Split(
        "rating_sum", "ratings", Over.PAIR, "Where the survey was answered.", _BEFORE
    ),
    "declines": _showings("declined"),
    "opt_outs": _objections("opt_outs"),
    "complaints": _objections("complaints"),
}
"""By the name of the measure."""
