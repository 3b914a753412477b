"""Takes events batch by batch, as they are read from the log, and keeps what tells of people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.audience.deeds import NONE, TYPE_NOS, Deeds

_LEVELS = 2
"""Of a category path: what lies deeper differs from shop to shop in how fine it is."""
_SEPARATOR = " > "
_NOT_KEPT = -1
_KINDS = (np.int32, np.int8, np.int64, np.int32, np.int64, np.int32)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some events as columns of equal length."""

    person_ids: Sequence[str]
    types: Sequence[str]
    times_us: NDArray[np.int64]
    order_ids: Sequence[str]
    value_micros: NDArray[np.int64]
    categories: Sequence[str]
    """Paths; of a gift none, which says nothing of the giver."""


@dataclass(slots=True)
class DeedLog:
    """Collects deeds under the oldest of each set of persons."""

    oldest: dict[str, str]
    """By person, of those who are merged with others."""
    _persons: dict[str, int] = field(default_factory=dict)
    _orders: dict[str, int] = field(default_factory=lambda: {"": NONE})
    _categories: dict[str, int] = field(default_factory=lambda: {"": NONE})
    _paths: dict[str, int] = field(default_factory=dict)
    _slices: list[tuple[NDArray[Any], ...]] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, events: Slice) -> None:
        """Take some events; those that are nobody's own doing are left out."""
        numbers = np.array([TYPE_NOS.get(each, _NOT_KEPT) for each in events.types], np.int64)
        is_known = np.array([bool(each) for each in events.person_ids], np.bool_)
        kept = np.flatnonzero((numbers != _NOT_KEPT) & is_known)
        at = kept.tolist()
        persons = [self._number(events.person_ids[place]) for place in at]
        orders = [self._order(events.order_ids[place]) for place in at]
        categories = [self._category(events.categories[place]) for place in at]
        columns = (persons, numbers[kept], events.times_us[kept], orders)
        found = (*columns, events.value_micros[kept], categories)
        # Narrow ones: a log is long.
        self._slices.append(
            tuple(np.asarray(each, kind) for each, kind in zip(found, _KINDS, strict=True))
        )
        self._count += len(kept)

    def deeds(self) -> Deeds:
        """Hand over all that was taken; the log is empty then, but knows everybody."""
        taken, self._slices = self._slices, []
        columns = [
            np.concatenate([each[at] for each in taken] or [np.zeros(0, kind)])
            for at, kind in enumerate(_KINDS)
        ]
        persons, types, times_us, orders, values, categories = columns
        return Deeds(
            person_ids=tuple(self._persons),
            category_names=tuple(self._categories)[1:],
            persons=persons,
            types=types,
            times_us=times_us,
            orders=orders,
            value_micros=values,
            categories=categories,
        )

    def places(self, person_ids: Iterable[str]) -> NDArray[np.int64]:
        """Return where those of whom anything is known stand in `Deeds.person_ids`, each once."""
        found = (self._persons.get(self.oldest.get(each, each), NONE) for each in person_ids)
        return np.array(sorted(set(found) - {NONE}), np.int64)

    def _number(self, person_id: str) -> int:
        oldest = self.oldest.get(person_id, person_id)
        return self._persons.setdefault(oldest, len(self._persons))

    def _order(self, order_id: str) -> int:
        return self._orders.setdefault(order_id, len(self._orders) - 1)

    def _category(self, path: str) -> int:
        number = self._paths.get(path)
        if number is None:
            name = _SEPARATOR.join(path.split(_SEPARATOR)[:_LEVELS])
            number = self._categories.setdefault(name, len(self._categories) - 1)
            self._paths[path] = number
        return number
