"""What tells variants of a family apart, and what that costs."""

from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind


def item(number, family, **attributes):
    return CatalogueRow(
        offer_no=number,
        offer_id=f"i{number}",
        kind=OfferKind.PRODUCT,
        family_no=family,
        attributes=attributes,
    )


def catalogue(*rows, variants=True):
    made = Catalogue(variants=variants)
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def test_variants_are_told_apart_by_what_they_differ_in():
    made = catalogue(
        item(1, 1, size="40", colour="red", material="wool"),
        item(2, 1, size="41", colour="red", material="wool"),
    )
    assert made.variant(1) == {"size": "40"}
    assert made.variant(2) == {"size": "41"}


def test_an_item_without_variants_is_told_from_nothing():
    assert catalogue(item(1, 1, size="40")).variant(1) == {}


def test_the_root_is_a_variant_once_there_is_another():
    made = catalogue(item(1, 1, size="40"))
    more = [item(2, 1, size="41")]
    made.apply(CatalogueBatch(previous_version=1, version=2, rows=more))
    assert made.variant(1) == {"size": "40"}


def test_what_tells_some_family_apart_tells_all():
    made = catalogue(
        item(1, 1, size="40"), item(2, 1, size="41"), item(3, 3, size="M"), item(4, 3, size="M")
    )
    assert made.variant(4) == {"size": "M"}


def test_a_description_tells_nothing():
    text = "made of the finest wool that there is in all of the north"
    assert catalogue(item(1, 1, text=""), item(2, 1, text=text)).variant(2) == {}


def test_a_changed_row_replaces_what_was_known():
    made = catalogue(item(1, 1, size="40"), item(2, 1, size="41"))
    changed = [item(2, 1, size="42")]
    made.apply(CatalogueBatch(previous_version=1, version=2, rows=changed))
    assert made.variant(2) == {"size": "42"}


def test_offers_have_no_variants_and_a_catalogue_may_do_without():
    offer = CatalogueRow(offer_no=1, offer_id="o", kind=OfferKind.PROMOTION)
    assert catalogue(offer).variant(1) == {}
    assert catalogue(item(1, 1, size="1"), item(2, 1, size="2"), variants=False).variant(2) == {}
