"""A catalogue as arrays, and back."""

import numpy as np
import pytest

from shared.catalogue import Catalogue
from shared.catalogue.catalogue import COLUMN_TYPES
from shared.catalogue.snapshot import CatalogueCopy, SnapshotError, catalogue_of
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow


def changed(catalogue, *rows):
    version = catalogue.version
    batch = CatalogueBatch(previous_version=version, version=version + 1, rows=rows)
    return catalogue.apply(batch)


@pytest.fixture
def catalogue():
    made = Catalogue()
    row = {"kind": 1, "currency": "EUR", "lever": 1.0, "stock": 3}
    changed(
        made,
        CatalogueRow(offer_no=1, offer_id="tv", title="Télé", category="A > B", brand="X", **row),
        CatalogueRow(offer_no=3, offer_id="dvd", category="A", price_micros=5, **row),
        CatalogueRow(
            offer_no=4, offer_id="sale", kind=2, about_nos=[1, 3], about_categories=["A > B", "C"]
        ),
    )
    return made


def whole(copy):
    while not copy.step():
        pass
    return catalogue_of(copy.arrays(), copy.version)


def assert_equal(found, catalogue):
    assert (found.version, found.size) == (catalogue.version, catalogue.size)
    for name, _ in COLUMN_TYPES:
        size = catalogue.size
        assert getattr(found, name)[:size].tolist() == getattr(catalogue, name)[:size].tolist()
    for name in ("offer_ids", "titles", "about_nos", "about_categories", "only_currency"):
        assert getattr(found, name) == getattr(catalogue, name)
    for name in ("categories", "brands", "purposes", "currencies"):
        assert getattr(found, name).texts() == getattr(catalogue, name).texts()
    assert found.offer_nos(["tv", "dvd", "sale", ""]) == [1, 3, 4]


def test_what_was_copied_is_the_catalogue_again(catalogue):
    assert_equal(whole(CatalogueCopy(catalogue)), catalogue)


def test_what_changes_while_it_is_copied_is_in_it(catalogue):
    copy = CatalogueCopy(catalogue)
    copy.step()
    new = CatalogueRow(offer_no=9, offer_id="new", kind=1, title="New", brand="Y")
    copy.changed(changed(catalogue, CatalogueRow(offer_no=1, offer_id="tv", kind=1, stock=7), new))
    found = whole(copy)
    assert_equal(found, catalogue)
    assert (found.stock[1], found.titles[9]) == (7, "New")


def test_more_new_rows_than_there_was_room_for_are_in_it(catalogue):
    copy = CatalogueCopy(catalogue)
    copy.step()
    copy.changed(changed(catalogue, CatalogueRow(offer_no=50_000, offer_id="far", kind=1)))
    assert_equal(whole(copy), catalogue)


def test_a_restored_catalogue_goes_on_from_there(catalogue):
    found = Catalogue()
    found.take_over(whole(CatalogueCopy(catalogue)))
    row = CatalogueRow(offer_no=5, offer_id="cd", kind=1, category="A > B", brand="X")
    for each in (found, catalogue):
        assert changed(each, row) == [5]
    assert_equal(found, catalogue)
    assert found.category_no[5] == found.category_no[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda arrays: arrays.pop("stock"),
        lambda arrays: arrays.update(stock=arrays["stock"][:-1]),
        lambda arrays: arrays.update(stock=arrays["stock"].astype(np.int32)),
        lambda arrays: arrays.update(titles=arrays["titles"][:-1]),
        lambda arrays: arrays.update({"about_nos.values": arrays["about_nos.values"][:-1]}),
        lambda arrays: arrays.update(brands=np.tile(arrays["brands"], 2)),
    ],
)
def test_arrays_that_are_no_catalogue_are_refused(catalogue, damage):
    copy = CatalogueCopy(catalogue)
    whole(copy)
    arrays = copy.arrays()
    damage(arrays)
    with pytest.raises(SnapshotError):
        catalogue_of(arrays, 1)


def test_a_text_that_no_file_can_hold_is_said(catalogue):
    catalogue.titles[1] = "a\0b"
    with pytest.raises(SnapshotError, match="text"):
        whole(CatalogueCopy(catalogue))
