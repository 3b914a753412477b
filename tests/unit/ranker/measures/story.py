"""Columns of deeds and of places out of a few words each."""

import numpy as np

from services.ranker.domain.answers import DAY_US, PRODUCT
from services.ranker.domain.measures.channels import SPLITS
from services.ranker.domain.measures.crossed import crossed
from services.ranker.domain.measures.log import NUMBER_OF, Customers, Deeds, Period, Places
from services.ranker.domain.measures.paths import Paths
from services.ranker.domain.measures.persons import measure_persons
from services.ranker.domain.measures.showings import showings_of
from services.ranker.domain.measures.visits import visits_of

MINUTE_US = 60_000_000
NOWHERE, WEB, EMAIL, STORE = 0, 1, 4, 10
PERIOD = Period(0, 100 * DAY_US)
_TYPES = {
    "customer": np.int32,
    "type": np.uint8,
    "channel": np.uint8,
    "placement": np.int32,
    "is_product": np.bool_,
    "rating": np.float64,
    "is_refusal": np.bool_,
    "kind": np.uint8,
    "is_seen": np.bool_,
}


def _columns(made, rows, names):
    return made(
        **{
            name: np.array([row[name] for row in rows], _TYPES.get(name, np.int64))
            for name in names
        }
    )


def deeds(*told):
    """Make sorted deeds out of (customer, time, type, more)."""
    rows = []
    for customer, time_us, name, *more in told:
        row = {
            "customer": customer,
            "time_us": time_us,
            "type": NUMBER_OF[name],
            "channel": WEB,
            "offer_no": 0,
            "is_product": True,
            "value_micros": 0,
            "cost_micros": -1,
            "order": 0,
            "decision": -1,
            "placement": -1,
            "promotion_no": 0,
            "rating": np.nan,
            "is_refusal": False,
        } | (more[0] if more else {})
        rows.append({"family_no": row["offer_no"]} | row)
    return _columns(Deeds, rows, Deeds.__dataclass_fields__).sorted()


def places(*told):
    """Make places out of (customer, decision, time, offer, more)."""
    rows = []
    for customer, decision, time_us, offer_no, *more in told:
        row = {
            "customer": customer,
            "decision": decision,
            "placement": 0,
            "offer_no": offer_no,
            "family_no": offer_no,
            "kind": PRODUCT,
            "ends_us": 0,
            "channel": WEB,
            "time_us": time_us,
            "is_seen": False,
        }
        rows.append(row | (more[0] if more else {}))
    return _columns(Places, rows, Places.__dataclass_fields__)


def measured(done, shown=None, customers=2, period=PERIOD, decided=None):
    """Measure so many customers, of whom `decided` says when something was decided for them."""
    shown = places() if shown is None else shown
    everybody = Customers([f"person-{n}" for n in range(customers)], np.zeros(customers, np.uint8))
    decided_us = np.full(customers, -1)
    for customer, time_us in (decided or {}).items():
        decided_us[customer] = time_us
    visits, showings = visits_of(done, period), showings_of(shown, done)
    return measure_persons(everybody, done, shown, visits, showings, period, decided_us)


def by_channels(name, done, shown=None, period=PERIOD):
    """Return a measure as (value, part, whole) by channel seen and bought."""
    shown = places() if shown is None else shown
    visits, showings = visits_of(done, period), showings_of(shown, done)
    is_there = np.ones(1 + max([0, *done.customer, *shown.customer]), np.bool_)
    paths = Paths(done, shown, visits, showings, period, is_there)
    return {
        (each.seen, each.bought): (each.sample.mean, each.part, each.whole)
        for each in crossed(SPLITS[name], paths)
    }


def first(found):
    """Return the measures of the first customer."""
    return {name: float(column[0]) for name, column in found.columns.items()}
