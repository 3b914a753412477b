"""Whether what an offer is about can still be had: an item, in any of its variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from services.rules.domain.catalogue import CatalogueColumns
from services.rules.domain.history import Subjects
from services.rules.domain.person import Numbers
from services.rules.domain.values import BoolColumn


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of offers, by number, as of a version."""

    version: int
    stock: Numbers
    """Of that version; another array where the whole catalogue was read again."""
    sold_out: dict[int, bool] = field(default_factory=dict)


_FOUND: WeakKeyDictionary[CatalogueColumns, _Found] = WeakKeyDictionary()
"""By catalogue: to look at every variant of an item is to look through all of it."""


def about_sold_out(subjects: Subjects, catalogue: CatalogueColumns) -> BoolColumn:
    """Return where an offer is about items alone and none of them is left, in no variant."""
    found = np.zeros(len(subjects.offer_nos), np.bool_)
    gone: dict[int, tuple[int, Numbers]] = {}
    for place, families in subjects.alone.items():
        offer_no = int(subjects.offer_nos[place])
        if not _left(catalogue, np.array(catalogue.about_nos[offer_no])).any():
            gone[place] = offer_no, families
    if not gone:
        return found
    known = _known(catalogue)
    unknown = dict(pair for pair in gone.values() if pair[0] not in known)
    if unknown:
        known.update(_without_variants(catalogue, unknown))
    for place, (offer_no, _) in gone.items():
        found[place] = known[offer_no]
    return found


def is_sold_out(catalogue: CatalogueColumns, offer_no: int) -> bool:
    """Return the same of one offer that is no item, by its number."""
    if offer_no not in catalogue.about_nos:
        return False
    subject = Subjects(catalogue, np.array([offer_no]), np.array([True]))
    return bool(about_sold_out(subject, catalogue)[0])


def _known(catalogue: CatalogueColumns) -> dict[int, bool]:
    """Return what was found of the catalogue as it is now, to be added to."""
    found = _FOUND.get(catalogue)
    if found is None or found.version != catalogue.version or found.stock is not catalogue.stock:
        found = _FOUND[catalogue] = _Found(catalogue.version, catalogue.stock)
    return found.sold_out


def _without_variants(
    catalogue: CatalogueColumns, families_of: Mapping[int, Numbers]
) -> dict[int, bool]:
    """Return for each offer whether no variant of these families can be had."""
    of_them = np.zeros(int(catalogue.family_no.max()) + 1, np.bool_)
    of_them[np.concatenate(list(families_of.values()))] = True
    members = np.flatnonzero(of_them[catalogue.family_no])
    to_be_had = np.zeros_like(of_them)
    to_be_had[catalogue.family_no[members[_left(catalogue, members)]]] = True
    return {no: not to_be_had[families].any() for no, families in families_of.items()}


def _left(catalogue: CatalogueColumns, offer_nos: Numbers) -> BoolColumn:
    """Return what can be had; an item that is not known yet may be."""
    counted = catalogue.kind[offer_nos] > 0
    gone = (catalogue.stock[offer_nos] == 0) | catalogue.withdrawn[offer_nos]
    left: BoolColumn = ~(counted & gone)
    return left
