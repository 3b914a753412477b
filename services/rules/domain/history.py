"""The columns of `history`: what passed between the person and each candidate, variants together.

An offer that is no item is judged by the items it is about: it was declined, or is not wanted, when
it was itself, or when all that it is about was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from services.rules.domain.catalogue import CatalogueColumns
from services.rules.domain.person import (
    Declines,
    Dislikes,
    Lookup,
    Numbers,
    Purchases,
    among,
)
from services.rules.domain.values import BoolColumn

Doubles = npt.NDArray[np.float64]
Column = TypeVar("Column", bound=npt.NDArray[Any])

_MINUTES_PER_DAY = 1440.0
_US_PER_MINUTE = 60_000_000
_US_PER_DAY = 86_400_000_000.0


class Subjects:
    """What each candidate stands for when the past is looked at."""

    def __init__(
        self, catalogue: CatalogueColumns, offer_nos: Numbers, is_other: BoolColumn
    ) -> None:
        """Take candidates and which of them are no items."""
        self.offer_nos = offer_nos
        families = catalogue.family_no[offer_nos].astype(np.int64)
        self.family_nos = np.where(families > 0, families, offer_nos)
        """The family of an item; the own number of every other offer."""
        self._catalogue = catalogue
        self._is_other = is_other

    @cached_property
    def others(self) -> Sequence[int]:
        """Places of the candidates that are no items."""
        return np.flatnonzero(self._is_other).tolist()

    @cached_property
    def items(self) -> Mapping[int, Sequence[int]]:
        """Numbers of the items that candidates are about, by the places of those that are."""
        items = self._catalogue.about_nos
        numbers = self.offer_nos[self.others].tolist()
        return {
            place: items[offer_no]
            for place, offer_no in zip(self.others, numbers, strict=True)
            if offer_no in items
        }

    @cached_property
    def about(self) -> Mapping[int, Numbers]:
        """Families of those items."""
        family_no = self._catalogue.family_no
        return {
            place: family_no[list(numbers)].astype(np.int64)
            for place, numbers in self.items.items()
        }

    @cached_property
    def alone(self) -> Mapping[int, Numbers]:
        """Those of `about` that are about nothing else, no category."""
        categories = self._catalogue.about_categories
        return {
            place: families
            for place, families in self.about.items()
            if int(self.offer_nos[place]) not in categories
        }


def owned(places: Numbers, purchases: Purchases, now_us: int) -> BoolColumn:
    """Return what was bought and kept; `places` says where each candidate's family stands."""
    found: BoolColumn = places >= 0
    return found


def times_bought(places: Numbers, purchases: Purchases, now_us: int) -> Numbers:
    return _of_purchase(places, purchases.times, np.zeros(len(places), np.int64))


def cycle_days(places: Numbers, purchases: Purchases, now_us: int) -> Doubles:
    return _of_purchase(places, purchases.cycle_days, np.zeros(len(places)))


def days_since_bought(places: Numbers, purchases: Purchases, now_us: int) -> Doubles:
    """Return days, -1 where it was never bought."""
    minutes = _of_purchase(places, purchases.last_minutes, np.full(len(places), np.nan))
    days = np.maximum(now_us / _US_PER_MINUTE - minutes, 0.0) / _MINUTES_PER_DAY
    return np.where(np.isnan(minutes), -1.0, days)


def about_owned(subjects: Subjects, catalogue: CatalogueColumns, purchases: Lookup) -> BoolColumn:
    """Return where everything that an offer is about is owned, and none of it is used up."""
    found = np.zeros(_size(subjects), np.bool_)
    if not subjects.alone:
        return found
    about = np.concatenate(list(subjects.alone.values()))
    is_owned = (purchases.places(about) >= 0) & ~catalogue.is_consumable[about]
    start = 0
    for candidate, families in subjects.alone.items():
        found[candidate] = is_owned[start : start + len(families)].all()
        start += len(families)
    return found


def days_since_declined(subjects: Subjects, declines: Declines, now_us: int) -> Doubles:
    """Return days since the latest decline that counts for a candidate, -1 where there is none."""
    days = np.full(_size(subjects), -1.0)
    if not len(declines.family_nos):
        return days
    latest: dict[int, int] = {}
    for family, time_us in zip(declines.family_nos.tolist(), declines.times_us, strict=True):
        latest[family] = max(time_us, latest.get(family, time_us))
    for place in np.flatnonzero(among(subjects.family_nos, list(latest))).tolist():
        days[place] = _days(now_us, latest[int(subjects.family_nos[place])])
    for place, families in subjects.alone.items():
        if all(family in latest for family in families.tolist()):
            about = max(_days(now_us, latest[family]) for family in families.tolist())
            days[place] = about if days[place] < 0 else min(days[place], about)
    return days


def days_since_answered(offer_nos: Numbers, answered_us: Mapping[int, int], now_us: int) -> Doubles:
    """Return days since a survey was answered or skipped as a whole, -1 where it never was."""
    days = np.full(len(offer_nos), -1.0)
    for place in np.flatnonzero(among(offer_nos, list(answered_us))).tolist():
        days[place] = _days(now_us, answered_us[int(offer_nos[place])])
    return days


def disliked(subjects: Subjects, catalogue: CatalogueColumns, dislikes: Dislikes) -> BoolColumn:
    """Return what the person does not want: the family, its brand, its category or one above it."""
    if dislikes.is_empty:
        return np.zeros(_size(subjects), np.bool_)
    found = among(subjects.family_nos, dislikes.family_nos)
    brands = [number for number in map(catalogue.brands.find, dislikes.brands) if number]
    if brands:
        found |= among(catalogue.brand_no[subjects.offer_nos], brands)
    categories = _below(catalogue, dislikes.categories)
    if categories is not None:
        found |= categories[catalogue.category_no[subjects.offer_nos]]
    for place in subjects.others:
        found[place] |= _all_disliked(place, subjects, catalogue, dislikes, categories)
    return found


def in_cart(subjects: Subjects, catalogue: CatalogueColumns, cart_nos: Numbers) -> BoolColumn:
    """Return what lies in the cart, in any variant."""
    if not len(cart_nos):
        return np.zeros(_size(subjects), np.bool_)
    known = cart_nos[(cart_nos > 0) & (cart_nos < len(catalogue.family_no))]
    families = catalogue.family_no[known].astype(np.int64)
    return among(subjects.family_nos, np.where(families > 0, families, known))


def _size(subjects: Subjects) -> int:
    return len(subjects.offer_nos)


def _of_purchase(places: Numbers, values: Sequence[float], column: Column) -> Column:
    """Write the values of the families bought into a column of their absence, if there are any."""
    if not len(values):
        return column
    for candidate in np.flatnonzero(places >= 0).tolist():
        column[candidate] = values[places[candidate]]
    return column


def _days(now_us: int, then_us: int) -> float:
    return max(now_us - then_us, 0) / _US_PER_DAY


def _below(catalogue: CatalogueColumns, paths: Sequence[str]) -> BoolColumn | None:
    """Return a mask over category numbers: those under any of the paths; None: there is none."""
    numbers = [number for number in map(catalogue.categories.find, paths) if number]
    if not numbers:
        return None
    mask = catalogue.categories.under(numbers[0])
    for number in numbers[1:]:
        mask = mask | catalogue.categories.under(number)
    return mask


def _all_disliked(
    place: int,
    subjects: Subjects,
    catalogue: CatalogueColumns,
    dislikes: Dislikes,
    categories: BoolColumn | None,
) -> bool:
    families = subjects.about.get(place)
    if families is not None and among(families, dislikes.family_nos).all():
        return True
    about = catalogue.about_categories.get(int(subjects.offer_nos[place]))
    return bool(about and categories is not None and categories[list(about)].all())
