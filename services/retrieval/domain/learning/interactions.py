"""What persons did with items, as columns: what everything here is learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

WEIGHTS: Mapping[str, float] = {"purchase": 1.0, "add_to_cart": 0.3, "view": 0.1}
"""How much an event of each type says about taste, a purchase being 1; others say nothing."""

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Interactions:
    """Events as columns of equal length, in any order."""

    person_ids: tuple[str, ...]
    persons: NDArray[np.int32]
    """Place in `person_ids`."""
    offer_nos: NDArray[np.uint32]
    """Items, or whatever stands for them, such as their family."""
    times_us: NDArray[np.int64]
    weights: NDArray[np.float32]
    """Above 0; 1 and more: bought."""
    orders: NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, np.int32))
    """The order it is a line of, as a number or as a key that only equal ids share; 0: of none that
    is known; empty: of none is it known."""
    sessions: NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, np.int32))
    """The visit it was part of, likewise."""

    @property
    def are_purchases(self) -> NDArray[np.bool_]:
        bought: NDArray[np.bool_] = self.weights >= WEIGHTS["purchase"]
        return bought

    def numbered(self) -> Interactions:
        """Return orders and visits as numbers from 1, in the order in which they come up."""
        orders, sessions = _by_appearance(self.orders), _by_appearance(self.sessions)
        return replace(self, orders=orders, sessions=sessions)

    def only(self, which: NDArray[np.bool_]) -> Interactions:
        """Return some of the events; person numbers stay what they are."""
        return replace(
            self,
            persons=self.persons[which],
            offer_nos=self.offer_nos[which],
            times_us=self.times_us[which],
            weights=self.weights[which],
            orders=self.orders[which] if len(self.orders) else self.orders,
            sessions=self.sessions[which] if len(self.sessions) else self.sessions,
        )


class InteractionLog:
    """Takes events batch by batch, as they are read from the log, and keeps what can teach."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._persons: list[NDArray[np.int32]] = []
        self._offer_nos: list[NDArray[np.uint32]] = []
        self._times_us: list[NDArray[np.int64]] = []
        self._weights: list[NDArray[np.float32]] = []
        self._orders: list[NDArray[np.int64]] = []
        self._sessions: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        return sum(map(len, self._persons))

    def add(
        self,
        person_ids: Sequence[str],
        types: Sequence[str],
        offer_nos: NDArray[np.uint32],
        times_us: NDArray[np.int64],
        gifts: Iterable[bool],
        order_ids: Sequence[str] = (),
        session_ids: Sequence[str] = (),
    ) -> None:
        """Take columns of equal length; gifts say nothing of the giver and are left out.

        An empty person id and offer number 0 mean nobody and nothing.
        """
        numbers = self._numbers
        weights = np.array([WEIGHTS.get(each, 0.0) for each in types], np.float32)
        gift = np.fromiter(gifts, np.bool_, len(types))
        is_known = np.array([bool(each) for each in person_ids], np.bool_)
        teaches = (weights > 0) & (offer_nos > 0) & ~gift & is_known
        who = [person_ids[at] for at in teaches.nonzero()[0].tolist()]
        persons = [numbers.setdefault(each, len(numbers)) for each in who]
        self._persons.append(np.array(persons, np.int32))
        self._offer_nos.append(offer_nos[teaches].astype(np.uint32, copy=False))
        self._times_us.append(times_us[teaches].astype(np.int64, copy=False))
        self._weights.append(weights[teaches])
        taught = teaches.nonzero()[0]
        self._orders.append(_keys(order_ids, taught))
        self._sessions.append(_keys(session_ids, taught))

    def interactions(self) -> Interactions:
        """Return all that was taken; orders and visits are keys, which differ from run to run.

        Persons that were merged stay apart: merging can be undone, and a request names all of
        them.
        """
        return Interactions(
            person_ids=tuple(self._numbers),
            persons=_joined(self._persons, np.int32),
            offer_nos=_joined(self._offer_nos, np.uint32),
            times_us=_joined(self._times_us, np.int64),
            weights=_joined(self._weights, np.float32),
            orders=_joined(self._orders, np.int64),
            sessions=_joined(self._sessions, np.int64),
        )


def _keys(ids: Sequence[str], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a key for the id at each place, 0 for none.

    Millions of ids in a dictionary would take a gigabyte, and seconds at once to grow and to free.
    """
    if not ids:
        return np.zeros(len(places), np.int64)
    return np.array([hash(ids[at]) if ids[at] else 0 for at in places.tolist()], np.int64)


def _by_appearance(keys: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the number of each key, so that it does not matter what the keys are."""
    numbers = np.zeros(len(keys), np.int32)
    told = keys != 0
    _, first, places = np.unique(keys[told], return_index=True, return_inverse=True)
    number_of = np.empty(len(first), np.int32)
    number_of[first.argsort()] = np.arange(1, len(first) + 1)
    numbers[told] = number_of[places]
    return numbers


def _joined(columns: Sequence[NDArray[Scalar]], dtype: type[Scalar]) -> NDArray[Scalar]:
    return np.concatenate(columns) if columns else np.zeros(0, dtype)
