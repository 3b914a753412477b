"""`item` is what the catalogue says of an item, and nothing for a candidate of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st

from services.rules.conditions import ConditionCompiler, ConditionError, RequestFrame
from services.rules.conditions.one_by_one import candidate_messages, one_by_one
from services.rules.domain.catalogue import KINDS
from services.rules.domain.columns import COLUMNS, OF_CATALOGUE, CandidateColumns, Moment
from services.rules.domain.screening_plan import columns_of
from services.rules.domain.values import Maps, Words
from shared.catalogue import Catalogue
from tests.properties import examples
from tests.unit.rules.expressions import GivenVariables
from tests.unit.rules.shop import DAY_US, NOW_US
from tests.unit.rules.test_conditions_equal_cel import assert_equal
from tests.unit.rules.typed_expressions import PARAMETERS, Data, Expressions
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.conditions_pb2 import Item

PRODUCT = OfferKind.PRODUCT
OTHERS = [number for number in OfferKind.Value.values() if number not in (0, PRODUCT)]
MOMENT = Moment(NOW_US, 1)
NO_ITEM = Item(stock=-1, days_since_released=-1)
FULL: Mapping[str, Any] = {
    "family_no": 2,
    "category": "Electronics > TVs",
    "brand": "Novus",
    "price_micros": 5_000_000,
    "stock": 3,
    "min_age": 16,
    "is_consumable": True,
    "released_us": NOW_US - 3 * DAY_US // 2,
    "attributes": {"colour": "red"},
}


def catalogue_of(*rows: CatalogueRow) -> Catalogue:
    made = Catalogue(details=True)
    made.apply(CatalogueBatch(version=1, rows=rows))
    return made


def columns_over(catalogue: Catalogue, *offer_nos: int) -> CandidateColumns:
    def attributes(number: int) -> Mapping[str, str]:
        return dict(catalogue.details(number).attributes)

    return CandidateColumns(catalogue, attributes, np.array(offer_nos, np.int64), MOMENT)


def items(columns: CandidateColumns) -> list[Item]:
    """Return `item` of each candidate, as CEL is given it."""
    frame = RequestFrame(columns, GivenVariables({}), ConditionCompiler({}).activation)
    return [messages["item"] for messages in candidate_messages(frame, {"item"})]


def test_an_item_is_what_the_catalogue_says_of_it() -> None:
    root = CatalogueRow(offer_no=2, offer_id="tv", kind=PRODUCT, family_no=2, stock=-1)
    variant = CatalogueRow(offer_no=7, offer_id="tv-red", kind=PRODUCT, **FULL)
    found = items(columns_over(catalogue_of(root, variant), 7, 2))
    assert found[0] == Item(
        id="tv-red",
        category="Electronics > TVs",
        brand="Novus",
        price_micros=5_000_000,
        stock=3,
        min_age=16,
        is_consumable=True,
        attributes={"colour": "red"},
        family="tv",
        days_since_released=1.5,
    )
    assert found[1] == Item(id="tv", stock=-1, family="tv", days_since_released=-1)


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_item_has_nothing_of_one_whatever_its_row_says(
    kind: OfferKind.Value.ValueType,
) -> None:
    tv = CatalogueRow(offer_no=2, offer_id="tv", kind=PRODUCT, **FULL)
    other = CatalogueRow(
        offer_no=3,
        offer_id="about-tvs",
        kind=kind,
        about_nos=[2],
        about_categories=["Electronics > TVs"],
        **FULL,
    )
    catalogue = catalogue_of(tv, other)
    assert items(columns_over(catalogue, 3)) == [NO_ITEM]
    assert items(columns_over(catalogue, 3, 2))[0] == NO_ITEM
    condition = ConditionCompiler({}).compile('item.category.startsWith("Electronics > TVs")')
    as_offer = ConditionCompiler({}).compile('offer.category.startsWith("Electronics > TVs")')
    frame = RequestFrame(
        columns_over(catalogue, 3, 2), GivenVariables({}), ConditionCompiler({}).activation
    )
    assert condition.evaluate(frame)[0].tolist() == [False, True]
    assert as_offer.evaluate(frame)[0].tolist() == [True, True]


def test_an_item_that_is_still_to_come_out_is_new() -> None:
    row = CatalogueRow(offer_no=1, kind=PRODUCT, family_no=1, released_us=NOW_US + DAY_US)
    assert items(columns_over(catalogue_of(row), 1))[0].days_since_released == 0.0


def test_a_variant_whose_root_is_not_heard_of_yet_has_no_family() -> None:
    row = CatalogueRow(offer_no=1, kind=PRODUCT, family_no=5000, stock=1)
    assert items(columns_over(catalogue_of(row), 1))[0].family == ""


def test_nothing_of_an_item_is_made_that_is_not_read() -> None:
    row = CatalogueRow(offer_no=1, offer_id="tv", kind=PRODUCT, **FULL)
    columns = columns_over(catalogue_of(row), 1)
    compiler = ConditionCompiler({})
    variables = GivenVariables({})
    frame = RequestFrame(columns, variables, compiler.activation)
    for text in ("offer.stock == 3 || history.owned", "offer.id.matches('a') && history.disliked"):
        compiler.compile(text).evaluate(frame)
    assert not [name for name in columns._made if name.startswith("item.")]
    compiler.compile("item.id.matches('a')").evaluate(frame)
    assert [name for name in columns._made if name.startswith("item.")] == ["item.id"]
    assert {*next(candidate_messages(frame, {"item.id"}))} == {"item"}


texts = st.sampled_from(("", "a", "PRODUCT", "A > B"))
rows = st.builds(
    CatalogueRow,
    offer_id=texts,
    kind=st.sampled_from(range(1, len(KINDS))),
    family_no=st.integers(0, 8),
    category=texts,
    brand=texts,
    price_micros=st.sampled_from((0, 1, 7, 1_000_000)),
    stock=st.integers(-1, 2),
    min_age=st.sampled_from((0, 18)),
    is_consumable=st.booleans(),
    attributes=st.dictionaries(st.sampled_from(("k", "other", "a")), texts, max_size=2),
    released_us=st.sampled_from((0, NOW_US, NOW_US - DAY_US, NOW_US + DAY_US)),
    about_categories=st.lists(st.sampled_from(("a", "A > B")), max_size=1),
    about_nos=st.lists(st.integers(1, 3), max_size=2),
)


def item_of(row: CatalogueRow, ids: Mapping[int, str]) -> Item:
    """Return what `item` is by the proto, worked out of a row."""
    if row.kind != PRODUCT:
        return NO_ITEM
    same = {field: getattr(row, field) for field in ("category", "brand", "price_micros", "stock")}
    return Item(
        id=row.offer_id,
        **same,
        min_age=row.min_age,
        is_consumable=row.is_consumable,
        attributes=row.attributes,
        family=ids.get(row.family_no, ""),
        days_since_released=max(NOW_US - row.released_us, 0) / DAY_US if row.released_us else -1.0,
    )


def plain(column: Any) -> list[Any]:
    if isinstance(column, Words):
        return column.texts()
    return list(column.maps) if isinstance(column, Maps) else list(column.tolist())


@examples(150)
@given(st.lists(rows, min_size=1, max_size=8), st.integers(0, 2**32))
def test_conditions_over_items_equal_cel_for_candidates_of_all_kinds(
    made: list[CatalogueRow], seed: int
) -> None:
    for number, row in enumerate(made, 1):
        row.offer_no = number
        row.offer_id = f"{row.offer_id}{number}"
    random = Random(seed)
    catalogue = catalogue_of(*made)
    numbers = random.sample(range(1, len(made) + 1), len(made))
    expected = [
        item_of(made[no - 1], dict(enumerate((r.offer_id for r in made), 1))) for no in numbers
    ]
    columns = columns_over(catalogue, *numbers)
    for field in Item.DESCRIPTOR.fields:
        found = plain(columns[f"item.{field.name}"])
        assert found == [getattr(item, field.name) for item in expected], field.name
    compiler = ConditionCompiler(PARAMETERS)
    variables = GivenVariables(Data(random).variables())
    source = Expressions(random)
    for _ in range(8):
        try:
            condition = compiler.compile(source.condition())
        except ConditionError:  # dearer than the gate lets through
            continue
        one, other = (
            RequestFrame(columns_over(catalogue, *numbers), variables, compiler.activation)
            for _ in range(2)
        )
        reference = one_by_one(condition.program, condition.fields)
        assert_equal(condition, len(made), (condition.evaluate(one), reference(other, {})))


def test_every_field_of_an_item_has_a_column_and_each_kind_of_column_its_type() -> None:
    fields = {f"item.{field.name}": field for field in Item.DESCRIPTOR.fields}
    assert fields.keys() == {name for name in COLUMNS if name.startswith("item.")}
    row = CatalogueRow(offer_no=1, kind=PRODUCT, **FULL)
    other = CatalogueRow(offer_no=2, kind=OfferKind.SURVEY)
    types = {
        FieldDescriptor.CPPTYPE_INT64: np.int64,
        FieldDescriptor.CPPTYPE_BOOL: np.bool_,
        FieldDescriptor.CPPTYPE_DOUBLE: np.float64,
    }
    for numbers in ((1,), (2,), (1, 2), ()):
        columns = columns_over(catalogue_of(row, other), *numbers)
        for name, field in fields.items():
            column = columns[name]
            if field.cpp_type in types:
                assert column.dtype == types[field.cpp_type], name
            else:
                assert isinstance(column, Maps if field.is_repeated else Words), name
            assert len(plain(column)) == len(numbers)


def test_what_is_settled_by_the_row_of_an_item_is_so_for_nobody_in_particular() -> None:
    row = CatalogueRow(offer_no=1, offer_id="tv", kind=PRODUCT, **FULL)
    other = CatalogueRow(offer_no=2, kind=OfferKind.PROMOTION, **FULL)
    catalogue = catalogue_of(row, other)
    later = columns_of(catalogue, np.array([1, 2]), Moment(NOW_US + 400 * DAY_US, 3))
    own = {name for name in OF_CATALOGUE if name.startswith("item.")}
    assert own >= {"item.category", "item.brand", "item.stock", "item.price_micros", "item.min_age"}
    for name in own:
        assert plain(later[name]) == plain(columns_over(catalogue, 1, 2)[name]), name
