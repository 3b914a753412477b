"""How old somebody has to be for an offer: for itself, and for the items that it is about."""

from __future__ import annotations

from itertools import accumulate, chain

import numpy as np

from services.rules.domain.catalogue import CatalogueColumns
from services.rules.domain.history import Subjects
from services.rules.domain.person import Numbers


def min_ages(subjects: Subjects, catalogue: CatalogueColumns) -> Numbers:
    """Return years, 0: any age. A promotion of wine is for whoever may have wine."""
    ages: Numbers = catalogue.min_age[subjects.offer_nos].astype(np.int64)
    about = subjects.items
    if about:
        places = list(about)
        of_items = catalogue.min_age[list(chain.from_iterable(about.values()))]
        if of_items.any():
            starts = list(accumulate(map(len, about.values()), initial=0))[:-1]
            ages[places] = np.maximum(ages[places], np.maximum.reduceat(of_items, starts))
    return ages
