"""What persons did with items, as columns: what everything here is learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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

    @property
    def are_purchases(self) -> NDArray[np.bool_]:
        bought: NDArray[np.bool_] = self.weights >= WEIGHTS["purchase"]
        return bought

    def only(self, which: NDArray[np.bool_]) -> Interactions:
        """Return some of the events; person numbers stay what they are."""
        return replace(
            self,
            persons=self.persons[which],
            offer_nos=self.offer_nos[which],
            times_us=self.times_us[which],
            weights=self.weights[which],
        )


class InteractionLog:
    """Takes events batch by batch, as they are read from the log, and keeps what can teach."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._persons: list[NDArray[np.int32]] = []
        self._offer_nos: list[NDArray[np.uint32]] = []
        self._times_us: list[NDArray[np.int64]] = []
        self._weights: list[NDArray[np.float32]] = []

    def __len__(self) -> int:
        return sum(map(len, self._persons))

    def add(
        self,
        person_ids: Sequence[str],
        types: Sequence[str],
        offer_nos: NDArray[np.uint32],
        times_us: NDArray[np.int64],
        gifts: Iterable[bool],
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

    def interactions(self) -> Interactions:
        """Return all that was taken.

        Persons that were merged stay apart: merging can be undone, and a request names all of
        them.
        """
        return Interactions(
            person_ids=tuple(self._numbers),
            persons=_joined(self._persons, np.int32),
            offer_nos=_joined(self._offer_nos, np.uint32),
            times_us=_joined(self._times_us, np.int64),
            weights=_joined(self._weights, np.float32),
        )


def _joined(columns: Sequence[NDArray[Scalar]], dtype: type[Scalar]) -> NDArray[Scalar]:
    return np.concatenate(columns) if columns else np.zeros(0, dtype)
