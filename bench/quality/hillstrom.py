"""Hillstrom: whether the service's own measures and intervals come to the lift that is known.

Kevin Hillstrom's e-mail test (2008): 64,000 customers were sent, at random, an e-mail about men's
goods, one about women's, or none; who visited and who bought within two weeks is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.quality.rows import Row, Tell
from bench.quality.shop import ShopMissingError, data_folder
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.comparing import Against, against
from services.ranker.domain.measures.definitions import MEASURES
from services.ranker.domain.measures.gathering import Event, Gathering, Offers
from services.ranker.domain.measures.log import Period
from services.ranker.domain.measures.measured import measure
from services.ranker.domain.measures.persons import PersonMeasures
from services.ranker.domain.measures.rates import UNIT, Rates

NAME = "hillstrom_lift"
NONE, MENS, WOMENS = 1, 2, 3
"""Arms, by their numbers."""
_ARMS = {"No E-Mail": NONE, "Mens E-Mail": MENS, "Womens E-Mail": WOMENS}
_PERIOD = Period(0, 14 * DAY_US)
_POINTS = 100.0


@dataclass(frozen=True, slots=True)
class Known:
    """What a lift is known to be, in points."""

    measure: str
    arm: int
    points: float


KNOWN: Mapping[str, Known] = {
    "hillstrom_lift_visit_mens": Known("visits", MENS, 7.66),
    "hillstrom_lift_visit_womens": Known("visits", WOMENS, 4.52),
    "hillstrom_lift_conversion_mens": Known("orders", MENS, 0.68),
    "hillstrom_lift_conversion_womens": Known("orders", WOMENS, 0.31),
}


def measured(tell: Tell) -> Iterator[Row]:
    """Yield each lift with its interval. Raises ShopMissingError."""
    path = data_folder() / "hillstrom" / "hillstrom.parquet"
    if not path.is_file():
        raise ShopMissingError(f"there is no file {path}")
    tell("measuring what e-mails brought")
    persons = told_apart(path)
    for name, known in KNOWN.items():
        found = lift(persons, known)
        value = round(_POINTS * found.difference.value, 2)
        low, high = found.interval.low, found.interval.high
        yield {
            "name": name,
            "value": value,
            "unit": "points",
            "target": f"= {known.points:g}",
            "ok": value == known.points,
            "spread": [round(_POINTS * low, 2), round(_POINTS * high, 2)],
        }


def lift(persons: PersonMeasures, known: Known) -> Against:
    """Hold those who got a mail against those who got none, by a measure."""
    by = MEASURES[known.measure]
    mailed, not_mailed = (persons.picked(persons.arm == arm) for arm in (known.arm, NONE))
    return against(by.of(mailed), by.of(not_mailed), more_is_better=by.more_is_better)


def told_apart(path: Path) -> PersonMeasures:
    """Measure everybody as the service would, who visits by an event and who buys by another."""
    from pyarrow import parquet

    table = parquet.read_table(path)
    arm = np.array([_ARMS[name] for name in table["segment"].to_pylist()])
    visited, bought = (table[name].to_numpy().astype(bool) for name in ("visit", "conversion"))
    spent = np.rint(table["spend"].to_numpy() * 1e6).astype(np.int64)
    gathering = Gathering(_PERIOD, {})
    for person in range(len(arm)):
        gathering.decision(f"d{person}", f"{person}", 0, 1, int(arm[person]), ())
    for person in np.flatnonzero(visited | bought).tolist():
        gathering.event(_event(person, "page_view", 0))
    for person in np.flatnonzero(bought).tolist():
        gathering.event(_event(person, "purchase", int(spent[person])))
    nothing = np.zeros(1, np.int64)
    offers = Offers(np.zeros(1, np.uint8), nothing, nothing, nothing, nothing, _rates())
    gathered = gathering.done(offers, lambda person: int(arm[int(person)]), frozenset())
    return measure(gathered).persons


def _rates() -> Rates:
    return Rates(np.zeros(1, np.int64), np.full((1, 1), UNIT, np.int64))


def _event(person: int, name: str, micros: int) -> Event:
    return Event(f"{person}", name, DAY_US, 1, 0, 1.0, micros, -1, "", "", "", 0, -1.0, False)
