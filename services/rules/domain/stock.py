"""Whether what an offer is about can still be had: an item, in any of its variants."""

from __future__ import annotations

import numpy as np

from services.rules.domain.catalogue import CatalogueColumns
from services.rules.domain.history import Subjects
from services.rules.domain.person import Numbers
from services.rules.domain.values import BoolColumn


def about_sold_out(subjects: Subjects, catalogue: CatalogueColumns) -> BoolColumn:
    """Return where an offer is about items alone and none of them is left, in no variant."""
    found = np.zeros(len(subjects.offer_nos), np.bool_)
    gone = {
        place: families
        for place, families in subjects.alone.items()
        if not _any_left(catalogue, list(catalogue.about_nos[int(subjects.offer_nos[place])]))
    }
    if not gone:
        return found
    of_them = np.zeros(int(catalogue.family_no.max()) + 1, np.bool_)
    of_them[np.concatenate(list(gone.values()))] = True
    members = np.flatnonzero(of_them[catalogue.family_no])
    to_be_had = np.zeros_like(of_them)
    to_be_had[catalogue.family_no[members[_left(catalogue, members)]]] = True
    for place, families in gone.items():
        found[place] = not to_be_had[families].any()
    return found


def is_sold_out(catalogue: CatalogueColumns, offer_no: int) -> bool:
    """Return the same of one offer that is no item, by its number."""
    if offer_no not in catalogue.about_nos:
        return False
    subject = Subjects(catalogue, np.array([offer_no]), np.array([True]))
    return bool(about_sold_out(subject, catalogue)[0])


def _any_left(catalogue: CatalogueColumns, offer_nos: list[int]) -> bool:
    return bool(_left(catalogue, np.array(offer_nos)).any())


def _left(catalogue: CatalogueColumns, offer_nos: Numbers) -> BoolColumn:
    """Return what can be had; an item that is not known yet may be."""
    counted = catalogue.kind[offer_nos] > 0
    gone = (catalogue.stock[offer_nos] == 0) | catalogue.withdrawn[offer_nos]
    left: BoolColumn = ~(counted & gone)
    return left
