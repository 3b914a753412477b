"""Events of the past, by number and in the order in which they happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from services.profile.domain.event import Event
from services.profile.replaying_people import event_at, events_of
from services.scenario.domain.facts import Happened
from services.scenario.journeys.happenings import happened_of, offer_values
from shared.catalogue import Catalogue
from shared.exchange import Exchange
from touchpoint.profile.v1.profile_pb2 import HistoryColumns

_BITS = 13
_MOST = 1 << _BITS
"""Events of one slice at most."""
_REMEMBERED_OFFERS = 200_000
_SLICES_AT_HAND = 8
_MOST_CHANGES = 20
"""Of slices, for each: what came in on several ways at once overlaps a little."""


class _Told(NamedTuple):
    """What journeys hear of an event; as `EventNotice`."""

    person_id: str
    type: str
    time_us: int
    channel: int
    value_micros: int
    quantity: float
    placement: str
    gift: bool
    offer_no: int
    event_id: str
    decision_id: str = ""


class Persons:
    """Who is one with whom; whoever is not told of stands alone."""

    def __init__(self, sets: Iterable[Sequence[str]] = ()) -> None:
        self._sets: dict[str, tuple[str, ...]] = {}
        for told in sets:
            for person_id in told:
                self._sets[person_id] = tuple(told)

    def of(self, person_id: str) -> tuple[str, ...]:
        """Return the set of a person, oldest first."""
        return self._sets.get(person_id) or (person_id,)


class Past:
    """The log of events. An event is made when it is asked for: of most only the type matters."""

    def __init__(self, persons: Persons, catalogue: Catalogue) -> None:
        self._persons = persons
        self._catalogue = catalogue
        self._slices: list[HistoryColumns] = []
        self._types: list[list[str]] = []
        self._sets: list[list[tuple[str, ...]]] = []
        self._known: dict[str, str] = {}
        self._known_sets: dict[str, tuple[str, ...]] = {}
        self._is_in_order = False
        """Slice by slice: then each is read once, as a whole, which is a fraction of the price."""
        self._values_of = lru_cache(_REMEMBERED_OFFERS)(self._values)
        self._decoded = lru_cache(_SLICES_AT_HAND)(self._decode)

    def add(self, columns: HistoryColumns) -> None:
        """Take the next slice of the log; at most 8,192 events."""
        if not columns.types:
            return
        if len(columns.types) > _MOST:
            raise ValueError(f"a slice has at most {_MOST} events")
        self._slices.append(columns)
        known, sets = self._known, self._known_sets
        self._types.append([known.setdefault(each, each) for each in columns.types])
        theirs = []
        for person_id in columns.person_ids:
            found = sets.get(person_id)
            if found is None:
                found = sets[person_id] = self._persons.of(person_id)
            theirs.append(found)
        self._sets.append(theirs)

    def __len__(self) -> int:
        return sum(map(len, self._types))

    def events_by_person(self) -> Counter[str]:
        """Return how many events each set of persons has, by its oldest."""
        return Counter(chain.from_iterable([found[0] for found in each] for each in self._sets))

    @property
    def people(self) -> int:
        """How many sets of persons did anything."""
        return len({found[0] for found in self._known_sets.values()})

    def in_order(self) -> tuple[list[int], list[int]]:
        """Return the times of all events and their numbers, in order of time, then of the log."""
        if not self._slices:
            return [], []
        times = np.concatenate([np.array(each.times_us, np.int64) for each in self._slices])
        numbers = np.concatenate(
            [
                np.arange(len(each.types), dtype=np.int64) + (place << _BITS)
                for place, each in enumerate(self._slices)
            ]
        )
        order = np.argsort(times, kind="stable")
        changes = np.count_nonzero(np.diff(numbers[order] >> _BITS))
        self._is_in_order = bool(changes <= _MOST_CHANGES * len(self._slices))
        return times[order].tolist(), numbers[order].tolist()

    def mean_order_micros(self, since_us: int, until_us: int, exchange: Exchange) -> int:
        """Return what an order of a time came to on average, home currency; 0: there was none.

        What is bought without an order's id at one moment is one order.
        """
        orders: set[tuple[str, str]] = set()
        total = 0
        for slice_, types in zip(self._slices, self._types, strict=True):
            bought = [place for place, kind in enumerate(types) if kind == "purchase"]
            bought = [place for place in bought if since_us <= slice_.times_us[place] < until_us]
            if not bought:
                continue
            values = np.array([slice_.value_micros[place] for place in bought], np.int64)
            offers = np.array([slice_.offer_nos[place] for place in bought], np.int64)
            known = np.where(offers < self._catalogue.size, offers, 0)
            total += int(exchange.at_home(values, known, self._catalogue).sum())
            orders.update(
                (slice_.person_ids[place], slice_.order_ids[place] or str(slice_.times_us[place]))
                for place in bought
            )
        return round(total / len(orders)) if orders else 0

    def type_of(self, number: int) -> str:
        return self._types[number >> _BITS][number & (_MOST - 1)]

    def set_of(self, number: int) -> tuple[str, ...]:
        """Return the set of whoever did it, oldest first."""
        return self._sets[number >> _BITS][number & (_MOST - 1)]

    def offer_no_of(self, number: int) -> int:
        """Return the number of its item or offer, 0 for none."""
        return self._slices[number >> _BITS].offer_nos[number & (_MOST - 1)]

    def at(self, number: int) -> Event:
        """Return an event as it is folded into a profile."""
        place = number & (_MOST - 1)
        if self._is_in_order:
            return self._decoded(number >> _BITS)[place]
        return event_at(self._slices[number >> _BITS], place)

    def happened(self, number: int, event: Event) -> Happened:
        """Return an event as journeys hear of it."""
        columns, place = self._slices[number >> _BITS], number & (_MOST - 1)
        return self.heard(columns.person_ids[place], event, columns.placements[place])

    def heard(self, person_id: str, event: Event, placement: str, event_id: str = "") -> Happened:
        """Return an event of a person as journeys hear of it."""
        told = _Told(
            person_id,
            event.type,
            event.time_us,
            event.channel,
            event.value_micros,
            event.quantity,
            placement,
            event.gift,
            event.offer_no,
            event_id,
        )
        return happened_of(told, self._catalogue, self._remembered)

    def _remembered(self, catalogue: Catalogue, offer_no: int) -> Mapping[str, Any]:
        return self._values_of(offer_no)

    def _decode(self, place: int) -> list[Event]:
        return events_of(self._slices[place])

    def _values(self, offer_no: int) -> Mapping[str, Any]:
        return offer_values(self._catalogue, offer_no)
