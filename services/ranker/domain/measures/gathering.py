"""Collects what logs tell, a slice at a time, into the columns that are measured."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import DAY_US, PRODUCT
from services.ranker.domain.measures.log import (
    NUMBER_OF,
    Customers,
    Deeds,
    Numbers,
    Period,
    Places,
    Wholes,
)
from services.ranker.domain.measures.rates import Rates, to_base


class Event(NamedTuple):
    """One event of the log."""

    person_id: str
    type: str
    time_us: int
    channel: int
    offer_no: int
    quantity: float
    value_micros: int
    cost_micros: int
    """Of one; -1: unknown."""
    order_id: str
    decision_id: str
    """As we write it; empty: none."""
    placement: str
    promotion_no: int
    rating: float
    """-1: none."""
    objects: bool


class Chosen(NamedTuple):
    """One place that a decision filled."""

    placement: str
    position: int
    offer_no: int


@dataclass(frozen=True, slots=True)
class Offers:
    """What the catalogue says of offers by number; row 0 stands for all that it does not know."""

    kind: NDArray[np.uint8]
    family_no: Wholes
    """0: of none."""
    ends_us: Wholes
    value_micros: Wholes
    currency_no: NDArray[np.integer]
    """Column of `rates` of the currency that its amounts are in."""
    rates: Rates

    def row(self, offer_no: Wholes) -> Wholes:
        """Return where each offer stands."""
        return np.where(offer_no < len(self.kind), offer_no, 0)

    def family(self, offer_no: Wholes) -> Wholes:
        """Return each one's family; what belongs to none stands for itself."""
        family = self.family_no[self.row(offer_no)]
        return np.where(family > 0, family, offer_no)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that is measured."""

    period: Period
    customers: Customers
    deeds: Deeds
    """Sorted."""
    places: Places
    value_micros: Wholes
    """Of each place what its offer is worth when accepted, in the base currency."""
    decided_us: Wholes
    """Of each customer when something was first decided for them; -1: never."""
    decisions: int
    for_nobody: int
    moved: int
    """Decisions for people of another arm than they are in now."""
    without_rate: int
    """Amounts in currencies without a rate, which count as nothing."""


class _Names(dict[str, int]):
    """Numbers names in the order in which they come."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number

    def ranks(self) -> NDArray[np.int64]:
        """Return by number the place of a name among all, sorted.

        Names are copied some at a time: whoever holds the interpreter for long holds up requests.
        """
        names = list(self)
        texts = np.empty(len(names), f"U{max([len(name) for name in names], default=1)}")
        for start in range(0, len(names), _NAMES_AT_ONCE):
            part = slice(start, start + _NAMES_AT_ONCE)
            texts[part] = names[part]
        ranks = np.empty(len(names) + 1, np.int64)
        ranks[-1] = -1  # what is not said has the number -1, and keeps it
        ranks[np.argsort(texts)] = np.arange(len(names))
        return ranks


_NAMES_AT_ONCE = 5_000


class _Ranks(NamedTuple):
    """Places of names among all, sorted, by their numbers."""

    decided: NDArray[np.int64]
    placements: NDArray[np.int64]


_WHOLE = "q"
_ORDERED = ("purchase", "return")
"""What belongs to an order."""
_EVENT_COLUMNS = (
    *("customer", "time_us", "type", "channel", "offer_no", "value_micros", "cost_micros"),
    *("order", "decision", "placement", "promotion_no", "objects"),
)
_PLACE_COLUMNS = ("customer", "decision", "placement", "position", "offer_no", "channel", "time_us")


@dataclass(slots=True)
class Gathering:
    """Takes events and decisions of a period one by one, in any order; see `Gathered`.

    `oldest_of` says of each person that is one with others which is the oldest of them.
    """

    period: Period
    oldest_of: Mapping[str, str]
    events: int = 0
    decisions: int = 0
    for_nobody: int = 0
    _people: _Names = field(default_factory=_Names)
    _orders: _Names = field(default_factory=_Names)
    _decided: _Names = field(default_factory=_Names)
    _placements: _Names = field(default_factory=_Names)
    _deeds: dict[str, array[int]] = field(
        default_factory=lambda: {name: array(_WHOLE) for name in _EVENT_COLUMNS}
    )
    _floats: tuple[array[float], array[float]] = field(
        default_factory=lambda: (array("d"), array("d"))
    )
    """Quantities and ratings."""
    _places: dict[str, array[int]] = field(
        default_factory=lambda: {name: array(_WHOLE) for name in _PLACE_COLUMNS}
    )
    _first_us: dict[int, int] = field(default_factory=dict)
    _arms: tuple[array[int], array[int]] = field(default_factory=lambda: (array("i"), array("B")))
    """Of each decision its customer, and the arm that it was made in."""

    @property
    def people(self) -> Sequence[str]:
        """The customers met so far, by the oldest person of each."""
        return list(self._people)

    def customer(self, person_id: str) -> int:
        """Return the number of a customer; whoever is asked for is one."""
        return self._people[self.oldest_of.get(person_id, person_id)]

    def event(self, told: Event) -> None:
        """Take an event; of another type, or of another time, it is passed over."""
        number = NUMBER_OF.get(told.type)
        if number is None or not self.period.since_us <= told.time_us < self.period.until_us:
            return
        self.events += 1
        order = told.order_id or f"day {told.time_us // DAY_US}"
        cells = (
            self.customer(told.person_id),
            told.time_us,
            number,
            told.channel,
            told.offer_no,
            told.value_micros,
            told.cost_micros,
            self._orders[order] if told.type in _ORDERED else 0,
            self._decided[told.decision_id] if told.decision_id else -1,
            self._placements[told.placement] if told.placement else -1,
            told.promotion_no,
            told.objects,
        )
        for column, cell in zip(self._deeds.values(), cells):
            column.append(cell)
        self._floats[0].append(told.quantity)
        self._floats[1].append(told.rating)

    def decision(
        self,
        decision_id: str,
        person_id: str,
        time_us: int,
        channel: int,
        arm: int,
        chosen: Sequence[Chosen],
    ) -> None:
        """Take a decision of the period; for nobody known, it is only counted."""
        self.decisions += 1
        if not person_id:
            self.for_nobody += 1
            return
        customer = self.customer(person_id)
        self._first_us[customer] = min(time_us, self._first_us.get(customer, time_us))
        for column, cell in zip(self._arms, (customer, arm)):
            column.append(cell)
        number = self._decided[decision_id]
        for each in chosen:
            placement = self._placements[each.placement]
            cells = (customer, number, placement, each.position, each.offer_no, channel, time_us)
            for column, cell in zip(self._places.values(), cells):
                column.append(cell)

    def done(
        self, offers: Offers, arm_of: Callable[[str], int], seen_when_decided: frozenset[str]
    ) -> Gathered:
        """Return the columns of all that was taken."""
        people = self.people
        arm = np.fromiter(map(arm_of, people), np.uint8, len(people))
        decided_us = np.full(len(people), -1, np.int64)
        for customer, time_us in self._first_us.items():
            decided_us[customer] = time_us
        ranks = _Ranks(self._decided.ranks(), self._placements.ranks())
        deeds, without_rate = self._made_deeds(offers, ranks)
        places = self._made_places(offers, seen_when_decided, ranks)
        row = offers.row(places.offer_no)
        return Gathered(
            self.period,
            Customers(people, arm),
            deeds.sorted(),
            places,
            to_base(
                offers.value_micros[row], offers.rates.at(places.time_us, offers.currency_no[row])
            ),
            decided_us,
            self.decisions,
            self.for_nobody,
            self._moved(arm),
            without_rate,
        )

    def _moved(self, arm: NDArray[np.uint8]) -> int:
        customer, decided = (
            np.frombuffer(column, kind) for column, kind in zip(self._arms, (np.intc, np.uint8))
        )
        return int(np.count_nonzero(arm[customer] != decided))

    def _made_deeds(self, offers: Offers, ranks: _Ranks) -> tuple[Deeds, int]:
        of = {name: np.frombuffer(column, np.int64) for name, column in self._deeds.items()}
        quantity, rating = (np.frombuffer(column, np.float64) for column in self._floats)
        row = offers.row(of["offer_no"])
        rate = offers.rates.at(of["time_us"], offers.currency_no[row])
        deeds = Deeds(
            of["customer"].astype(np.int32),
            of["time_us"],
            of["type"].astype(np.uint8),
            of["channel"].astype(np.uint8),
            of["offer_no"],
            offers.family(of["offer_no"]),
            offers.kind[row] == PRODUCT,
            to_base(of["value_micros"], rate),
            _costs(of["cost_micros"], quantity, rate),
            of["order"],
            ranks.decided[of["decision"]],
            ranks.placements[of["placement"]].astype(np.int32),
            of["promotion_no"],
            np.where(rating < 0, np.nan, rating),
            of["objects"].astype(np.bool_),
        )
        return deeds, int(np.count_nonzero((rate == 0) & (of["value_micros"] != 0)))

    def _made_places(
        self, offers: Offers, seen_when_decided: frozenset[str], ranks: _Ranks
    ) -> Places:
        of = {name: np.frombuffer(column, np.int64) for name, column in self._places.items()}
        decision = ranks.decided[of["decision"]]
        placement = ranks.placements[of["placement"]].astype(np.int32)
        names = sorted(self._placements)
        at_once = np.array([name in seen_when_decided for name in names], np.bool_)
        order = np.lexsort((of["position"], placement, decision))
        of = {name: column[order] for name, column in of.items()}
        row = offers.row(of["offer_no"])
        return Places(
            of["customer"].astype(np.int32),
            decision[order],
            placement[order],
            of["offer_no"],
            offers.family(of["offer_no"]),
            offers.kind[row],
            offers.ends_us[row],
            of["channel"].astype(np.uint8),
            of["time_us"],
            at_once[placement[order]] if len(names) else np.zeros(0, np.bool_),
        )


def _costs(one_micros: Wholes, quantity: Numbers, rate: Wholes) -> Wholes:
    """Return the cost of each whole quantity in the base, rounded half up; -1: unknown."""
    cost = np.floor(one_micros * quantity + 0.5).astype(np.int64)
    return np.where(one_micros >= 0, to_base(cost, rate), -1)
