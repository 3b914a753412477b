"""Whatever a page loses, what fills it up keeps to all that the page had to keep to."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import Catalogue
from shared.slate import Gaps, Refilling, read_page
from tests.properties import examples
from tests.unit.kit.pages import Case, broken
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint

NAMES = ("one", "two")
BRANDS = ("", "A", "B", "C")

CONSTRAINTS = st.one_of(
    st.builds(
        lambda place, most: SlateConstraint(placement=place, attribute="BRAND", at_most=most),
        st.sampled_from(("", *NAMES)),
        st.integers(1, 2),
    ),
    st.builds(
        lambda place, first: SlateConstraint(
            placement=place, attribute="BRAND", diversity={"at_least": 2, "first": first}
        ),
        st.sampled_from(NAMES),
        st.integers(2, 4),
    ),
    st.builds(
        lambda place, one, other: SlateConstraint(
            placement=place,
            attribute="BRAND",
            value=one,
            excludes={"attribute": "BRAND", "value": other},
        ),
        st.sampled_from(NAMES),
        st.sampled_from(BRANDS[1:]),
        st.sampled_from(BRANDS[1:]),
    ),
)


@st.composite
def lost_pages(draw):
    """Return a catalogue, what slates keep to, a page that does, and which of it is lost."""
    count = draw(st.integers(2, 10))
    brands = draw(st.lists(st.sampled_from(BRANDS), min_size=count, max_size=count))
    families = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    rows = [
        CatalogueRow(
            offer_no=no,
            offer_id=f"item-{no}",
            kind=OfferKind.PRODUCT,
            brand=brand,
            family_no=family,
        )
        for no, (brand, family) in enumerate(zip(brands, families, strict=True), start=1)
    ]
    catalogue = Catalogue()
    catalogue.apply(CatalogueBatch(version=1, rows=rows))
    limits = [draw(st.integers(1, 4)) for _ in NAMES]
    constraints = draw(st.lists(CONSTRAINTS, max_size=3))
    return catalogue, constraints, limits, draw(st.sets(st.integers(1, count), max_size=4))


@examples(300)
@given(lost_pages())
def test_a_page_that_is_filled_up_breaks_nothing(lost):
    catalogue, constraints, limits, gone = lost
    nos = np.arange(1, catalogue.size)
    asks = [
        PlacementAsk(placement=name, limit=limit) for name, limit in zip(NAMES, limits, strict=True)
    ]
    bits = np.full(len(nos), 3, np.uint32)
    page = read_page(
        nos, bits, [0] * len(nos), DecisionContext(placements=asks), (), constraints, catalogue
    )
    slates = page.fill(-nos.astype(float))
    gaps = [
        Gaps(
            [0 if nos[at] in gone else int(nos[at]) for at in slate.chosen],
            [int(nos[at]) for at in slate.following if nos[at] not in gone],
        )
        for slate in slates
    ]
    filled = Refilling(catalogue, constraints, asks).refill(gaps)
    case = Case(-nos, bits, page.families, page.places, page.demands)
    assert broken(case, [[no - 1 for no in shown] for shown in filled]) == []
    for shown, before in zip(filled, gaps, strict=True):
        assert not gone & set(shown)
        assert set(shown) <= {*before.kept, *before.following}
        assert len(shown) <= len(before.kept)


def test_what_is_kept_stays_where_it_was():
    catalogue = Catalogue()
    rows = [
        CatalogueRow(offer_no=no, offer_id=f"item-{no}", kind=OfferKind.PRODUCT)
        for no in range(1, 6)
    ]
    catalogue.apply(CatalogueBatch(version=1, rows=rows))
    refilling = Refilling(catalogue)
    assert refilling.refill([Gaps([1, 0, 3], [5, 4])]) == [[1, 5, 3]]
    assert refilling.refill([Gaps([1, 0, 3], [])]) == [[1, 3]]
    assert refilling.refill([Gaps([1, 0], [2]), Gaps([0, 3], [2, 4])]) == [[1, 2], [4, 3]]


def test_what_moves_up_is_left_out_only_where_it_would_repeat_too_much():
    catalogue = Catalogue()
    brands = {1: "A", 2: "B", 3: "A"}
    rows = [
        CatalogueRow(offer_no=no, offer_id=f"item-{no}", kind=OfferKind.PRODUCT, brand=brand)
        for no, brand in brands.items()
    ]
    catalogue.apply(CatalogueBatch(version=1, rows=rows))
    differ = SlateConstraint(
        placement="one", attribute="BRAND", diversity={"at_least": 2, "first": 2}
    )
    refilling = Refilling(catalogue, [differ], [PlacementAsk(placement="one", limit=3)])
    assert refilling.refill([Gaps([1, 2, 3], [])]) == [[1, 2, 3]]
    assert refilling.refill([Gaps([1, 0, 3], [])]) == [[1]]
