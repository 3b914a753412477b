"""An offer is for whoever is old enough for all that it is about."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.rules.domain.ages import min_ages
from services.rules.domain.history import Subjects
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

ITEMS = 6
ages = st.sampled_from([0, 0, 12, 16, 18])
others = st.lists(st.tuples(ages, st.sets(st.integers(1, ITEMS))), max_size=5)
"""The age that a promotion is for by itself, and the items that it is about."""


@given(st.lists(ages, min_size=ITEMS, max_size=ITEMS), others, st.randoms(use_true_random=False))
def test_it_is_the_highest_of_its_own_and_of_its_items(
    of_items: list[int], promotions: list[tuple[int, set[int]]], chance: Random
) -> None:
    rows = [
        CatalogueRow(
            offer_no=no, offer_id=f"item {no}", kind=OfferKind.PRODUCT, family_no=1, min_age=age
        )
        for no, age in enumerate(of_items, 1)
    ]
    for no, (age, about) in enumerate(promotions, ITEMS + 1):
        rows.append(
            CatalogueRow(
                offer_no=no,
                offer_id=f"promotion {no}",
                kind=OfferKind.PROMOTION,
                min_age=age,
                about_nos=sorted(about),
            )
        )
    catalogue = Catalogue()
    catalogue.apply(CatalogueBatch(version=1, rows=rows))
    numbers = list(range(1, len(rows) + 1))
    chance.shuffle(numbers)
    column = np.array(numbers)
    subjects = Subjects(catalogue, column, catalogue.kind[column] != OfferKind.PRODUCT)
    expected = dict(enumerate(of_items, 1))
    for no, (age, about) in enumerate(promotions, ITEMS + 1):
        expected[no] = max(age, *(of_items[each - 1] for each in about), 0)
    assert min_ages(subjects, catalogue).tolist() == [expected[no] for no in numbers]
