"""How old somebody has to be for an offer: for itself, and for the items that it is about."""

from __future__ import annotations

import numpy as np

from services.rules.domain.catalogue import CatalogueColumns
from services.rules.domain.history import Subjects
from services.rules.domain.person import Numbers


def min_ages(subjects: Subjects, catalogue: CatalogueColumns) -> Numbers:
    """Return years, 0: any age. A promotion of wine is for whoever may have wine."""
    ages: Numbers = catalogue.min_age[subjects.offer_nos].astype(np.int64)
    about = subjects.items
    if about:
        numbers = np.concatenate(list(about.values()))
        starts = np.cumsum([0, *(len(each) for each in about.values())])[:-1]
        places = list(about)
        of_items = np.maximum.reduceat(catalogue.min_age[numbers], starts)
        ages[places] = np.maximum(ages[places], of_items)
    return ages
