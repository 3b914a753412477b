"""What everybody did, as columns: what likeness is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

NONE = -1
"""No order, no category."""
PURCHASE, ACCEPT = "purchase", "accept"
TYPES = (
    *(PURCHASE, ACCEPT, "return", "decline", "view", "click", "search", "add_to_cart"),
    *("checkout_started", "remove_from_cart", "page_view", "article_view", "question_asked"),
    *("faq_view", "email_open", "email_click", "call_started", "survey_answer", "complaint"),
    *("refer", "subscribe"),
)
"""Types of events that are somebody's own doing; what is done to people tells of us, not of them.
"""
TYPE_NOS: Mapping[str, int] = {name: number for number, name in enumerate(TYPES)}


@dataclass(frozen=True, slots=True)
class Deeds:
    """Events as columns of equal length, in any order."""

    person_ids: tuple[str, ...]
    """The oldest of each set of persons."""
    category_names: tuple[str, ...]
    persons: NDArray[np.int32]
    """Place in `person_ids`."""
    types: NDArray[np.int8]
    """Place in `TYPES`."""
    times_us: NDArray[np.int64]
    orders: NDArray[np.int32]
    """Equal for what was bought together; `NONE`: no order was named."""
    value_micros: NDArray[np.int64]
    """What was paid."""
    categories: NDArray[np.int32]
    """Place in `category_names`, or `NONE`: none, or a gift, which says nothing of the giver."""

    def only(self, which: NDArray[np.bool_]) -> Deeds:
        """Return some of the events; numbers of persons and categories stay what they are."""
        return replace(
            self,
            persons=self.persons[which],
            types=self.types[which],
            times_us=self.times_us[which],
            orders=self.orders[which],
            value_micros=self.value_micros[which],
            categories=self.categories[which],
        )

    def renumbered(self, person_ids: tuple[str, ...], place: NDArray[np.int64]) -> Deeds:
        """Return the same of other persons: the one at `place` of each doer."""
        return replace(self, person_ids=person_ids, persons=place[self.persons].astype(np.int32))

    def joined(
        self,
        person_ids: tuple[str, ...],
        which: NDArray[np.bool_],
        place: NDArray[np.int64],
    ) -> Deeds:
        """Return all of it and some once more, as done by those at `place` of each doer."""
        again = self.only(which)
        return replace(
            self,
            person_ids=person_ids,
            persons=np.concatenate((self.persons, place[again.persons])).astype(np.int32),
            types=np.concatenate((self.types, again.types)),
            times_us=np.concatenate((self.times_us, again.times_us)),
            orders=np.concatenate((self.orders, again.orders)),
            value_micros=np.concatenate((self.value_micros, again.value_micros)),
            categories=np.concatenate((self.categories, again.categories)),
        )

    def are(self, name: str) -> NDArray[np.bool_]:
        """Return which events are of a type."""
        found: NDArray[np.bool_] = self.types == TYPE_NOS[name]
        return found
