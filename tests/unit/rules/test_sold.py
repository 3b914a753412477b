"""What definitions are told of the catalogue: what can be pinned, by its id."""

from __future__ import annotations

from services.rules.definitions.assortment import Sold
from services.rules.pinning import sold_in
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

ROWS = (
    CatalogueRow(
        offer_no=1,
        offer_id="hoe",
        kind=OfferKind.PRODUCT,
        family_no=1,
        category="Shop > Garden",
        brand="Acme",
        channels=[Channel.WEB, Channel.EMAIL],
    ),
    CatalogueRow(offer_no=2, offer_id="sale", kind=OfferKind.PROMOTION),
    CatalogueRow(offer_no=3, offer_id="gone", kind=OfferKind.PROMOTION, withdrawn=True),
    CatalogueRow(offer_no=4, offer_id="help", kind=OfferKind.CONTENT, is_default=True),
)


def test_what_is_sold_is_told_with_all_that_pages_count() -> None:
    catalogue = Catalogue()
    catalogue.apply(CatalogueBatch(previous_version=0, version=1, rows=ROWS))
    sold = sold_in(catalogue)
    channels = frozenset({int(Channel.WEB), int(Channel.EMAIL)})
    assert sold("hoe") == Sold(OfferKind.PRODUCT, "Shop > Garden", "Acme", "1", channels)
    sale = sold("sale")
    assert (sale.kind, sale.category, sale.brand, sale.family) == (OfferKind.PROMOTION, "", "", "")
    assert sale.channels >= channels
    assert (sold("help").is_default, sale.is_default) == (True, False)
    assert sold("gone") == sold("never heard of") == Sold()
