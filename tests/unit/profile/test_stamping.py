"""What the catalogue says of an item now."""

from services.profile.stamping import UNKNOWN, Stamper
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind


def batch(version, price):
    row = CatalogueRow(
        offer_no=7,
        offer_id="pan",
        kind=OfferKind.PRODUCT,
        family_no=5,
        price_micros=price,
        currency="EUR",
        cost_micros=-1,
        category="Kitchen > Pans",
        brand="Iron",
    )
    return CatalogueBatch(previous_version=version - 1, version=version, rows=[row])


def test_an_item_is_stamped_with_all_that_an_event_carries():
    catalogue = Catalogue()
    catalogue.apply(batch(1, 10))
    assert Stamper(catalogue).stamp("pan") == (7, 5, "Kitchen > Pans", "Iron", 10, -1, "", "EUR")


def test_what_was_looked_up_in_vain_is_found_once_it_is_there():
    catalogue = Catalogue()
    stamper = Stamper(catalogue)
    assert stamper.stamp("pan") == UNKNOWN
    catalogue.apply(batch(1, 10))
    assert stamper.stamp("pan").offer_no == 7


def test_a_new_price_is_seen_at_once():
    catalogue = Catalogue()
    stamper = Stamper(catalogue)
    catalogue.apply(batch(1, 10))
    assert stamper.stamp("pan").price_micros == 10
    catalogue.apply(batch(2, 12))
    assert stamper.stamp("pan").price_micros == 12


def test_no_id_is_no_item():
    assert Stamper(Catalogue()).stamp("") == UNKNOWN
