"""A promotion of certain items is sold out when none of them is left, in no variant."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.rules.domain.history import Subjects
from services.rules.domain.stock import about_sold_out, is_sold_out
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

ITEMS = 9
items = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([-1, 0, 0, 0, 5]), st.booleans()),
    min_size=ITEMS,
    max_size=ITEMS,
)
"""Family, stock and whether it was withdrawn, of each item from 1 on."""
about = st.lists(st.sets(st.integers(1, ITEMS)), min_size=1, max_size=4)


def shop(rows: list[tuple[int, int, bool]], about: list[set[int]], *also: str) -> Catalogue:
    catalogue = Catalogue()
    batch = CatalogueBatch(
        version=1,
        rows=[
            CatalogueRow(
                offer_no=no,
                offer_id=f"item {no}",
                kind=OfferKind.PRODUCT,
                family_no=family,
                stock=stock,
                withdrawn=withdrawn,
            )
            for no, (family, stock, withdrawn) in enumerate(rows, 1)
        ],
    )
    for no, numbers in enumerate(about, ITEMS + 1):
        batch.rows.add(
            offer_no=no,
            offer_id=f"promotion {no}",
            kind=OfferKind.PROMOTION,
            about_nos=sorted(numbers),
            about_categories=also,
        )
    catalogue.apply(batch)
    return catalogue


def sold_out(catalogue: Catalogue) -> list[bool]:
    numbers = np.arange(ITEMS + 1, catalogue.size)
    subjects = Subjects(catalogue, numbers, np.ones(len(numbers), np.bool_))
    found: list[bool] = about_sold_out(subjects, catalogue).tolist()
    return found


@given(items, about)
def test_it_is_where_no_member_of_any_family_is_left(
    rows: list[tuple[int, int, bool]], about: list[set[int]]
) -> None:
    left = {family for family, stock, withdrawn in rows if stock and not withdrawn}
    expected = [
        bool(numbers) and not any(rows[no - 1][0] in left for no in numbers) for numbers in about
    ]
    catalogue = shop(rows, about)
    assert sold_out(catalogue) == expected
    of_each = [is_sold_out(catalogue, no) for no in range(ITEMS + 1, catalogue.size)]
    assert of_each == expected
    assert not is_sold_out(catalogue, 1_000_000)


def test_what_is_about_a_category_as_well_is_not() -> None:
    gone = [(no, 0, False) for no in range(1, ITEMS + 1)]
    assert sold_out(shop(gone, [{1}])) == [True]
    assert sold_out(shop(gone, [{1}], "Shoes")) == [False]


def test_what_comes_in_and_goes_out_again_is_seen_at_once() -> None:
    catalogue = shop([(1, 0, False)] * ITEMS, [{1}])
    told = [sold_out(catalogue)]
    for version, stock in ((2, 3), (3, 0)):
        row = CatalogueRow(
            offer_no=2, offer_id="item 2", kind=OfferKind.PRODUCT, family_no=1, stock=stock
        )
        catalogue.apply(CatalogueBatch(version=version, rows=[row]))
        told.append(sold_out(catalogue))
    assert told == [[True], [False], [True]]
