"""Every measure, defined once: docs, reports, queries and the goals of experiments read it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from services.ranker.domain.experiments.samples import Sample, ratio_of
from services.ranker.domain.measures.persons import PersonMeasures


class Unit(IntEnum):
    """What a measure is counted in; numbers as in the contract."""

    SHARE = 1
    """0 to 1."""
    NUMBER = 2
    MONEY = 3
    """Units of the base currency."""
    SECONDS = 4


@dataclass(frozen=True, slots=True)
class Measure:
    """The total of one column of `PersonMeasures` by that of another."""

    name: str
    title: str
    definition: str
    unit: Unit
    part: str
    whole: str = "people"
    more_is_better: bool = True

    def of(self, persons: PersonMeasures) -> Sample:
        """Return what it comes to for some customers, and how sure that is."""
        return ratio_of(persons[self.part], persons[self.whole])

    def totals(self, persons: PersonMeasures) -> tuple[float, float]:
        """Return the two totals it is made of."""
        return float(np.sum(persons[self.part])), float(np.sum(persons[self.whole]))


_EVERYBODY = "customers who did something, or for whom something was decided, in the period"
_DEFINED = (
    Measure(
        "contribution",
        "Contribution per customer",
        "What was paid, less what was given back and what the goods cost, by " + _EVERYBODY + ". "
        "Discounts are off what was paid already; where a cost is unknown, sales count; what "
        "serving costs is not known.",
        Unit.MONEY,
        "contribution",
    ),
    Measure(
        "revenue",
        "Revenue per customer",
        "What was paid, less what was given back, by " + _EVERYBODY + ".",
        Unit.MONEY,
        "revenue",
    ),
    Measure(
        "revenue_per_visit",
        "Revenue per visit",
        "What was paid, less what was given back, by visits.",
        Unit.MONEY,
        "revenue",
        "visits",
    ),
    Measure(
        "contribution_per_visit",
        "Contribution per visit",
        "The contribution, as above, by visits.",
        Unit.MONEY,
        "contribution",
        "visits",
    ),
    Measure(
        "orders",
        "Orders per customer",
        "Different orders by " + _EVERYBODY + "; purchases that name no order are one a day (UTC).",
        Unit.NUMBER,
        "orders",
    ),
    Measure(
        "order_value",
        "Order value",
        "What was paid, whatever came back later, by orders.",
        Unit.MONEY,
        "sales",
        "orders",
    ),
    Measure(
        "look_to_book",
        "Look-to-book",
        "Visitors who bought, by visitors.",
        Unit.SHARE,
        "buyers",
        "visitors",
    ),
    Measure(
        "acceptance",
        "Acceptance",
        "Showings that were accepted, by showings. A product: bought within 24 h of being seen, "
        "any variant, on any channel; a promotion: redeemed before it ends; content and services: "
        "clicked or taken; a survey: answered. What accepts is credited once: to the showing it "
        "names, else to the last one before it.",
        Unit.SHARE,
        "accepted",
        "shown",
    ),
    Measure(
        "clicks",
        "Clicks",
        "Showings that were clicked, on a page or in a mail, by showings.",
        Unit.SHARE,
        "clicks",
        "shown",
    ),
    Measure(
        "visits",
        "Visits per customer",
        "Visits by " + _EVERYBODY + ". Thirty minutes of silence end a visit.",
        Unit.NUMBER,
        "visits",
    ),
    Measure(
        "stickiness",
        "Time per visit",
        "Seconds from the first deed of a visit to its last, by visits; a single deed takes none.",
        Unit.SECONDS,
        "visit_seconds",
        "visits",
    ),
    Measure(
        "products_considered",
        "Products considered per visit",
        "Different products (variants are one) viewed or put into the cart in a visit, by visits.",
        Unit.NUMBER,
        "considered",
        "visits",
    ),
    Measure(
        "cart_abandonment",
        "Carts abandoned",
        "Visits that put something into the cart and whose customer bought nothing within 24 h of "
        "the last thing put there, by visits that put something there and whose 24 h are over.",
        Unit.SHARE,
        "carts_left",
        "carts",
        more_is_better=False,
    ),
    Measure(
        "returned",
        "Given back",
        "What was given back, by what was paid.",
        Unit.SHARE,
        "returned",
        "sales",
        more_is_better=False,
    ),
    Measure(
        "repeat_rate",
        "Repeat rate",
        "Customers whose second order of the period came within 60 days of their first, by those "
        "whose first is at least 60 days old.",
        Unit.SHARE,
        "repeat_orders",
        "first_orders",
    ),
    Measure(
        "retention",
        "Retention",
        "Customers with a visit in both halves of the period, by those with one in the first.",
        Unit.SHARE,
        "retained",
        "early",
    ),
    Measure(
        "referral",
        "Referrals per customer",
        "Referrals made, by " + _EVERYBODY + ".",
        Unit.NUMBER,
        "referrals",
    ),
    Measure(
        "satisfaction",
        "Satisfaction",
        "Mean rating, 0 to 10, of the survey answers that give one.",
        Unit.NUMBER,
        "rating_sum",
        "ratings",
    ),
    Measure(
        "declines",
        "Turned down",
        "Showings that were turned down, by showings.",
        Unit.SHARE,
        "declined",
        "shown",
        more_is_better=False,
    ),
    Measure(
        "opt_outs",
        "Opt-outs per customer",
        "Unsubscriptions and consents refused or taken back, by " + _EVERYBODY + ".",
        Unit.NUMBER,
        "opt_outs",
        more_is_better=False,
    ),
    Measure(
        "complaints",
        "Complaints per customer",
        "Complaints opened, by " + _EVERYBODY + ".",
        Unit.NUMBER,
        "complaints",
        more_is_better=False,
    ),
)
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _DEFINED}
"""By name, the most important first."""
