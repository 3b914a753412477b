"""Rows of the catalogue become columns, batch by batch, without a gap."""

import numpy as np
import pytest

from shared.catalogue import ALL_CHANNELS, Catalogue, CatalogueGapError, Categories
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind


def row(number: int, **facts) -> CatalogueRow:
    given = {"kind": OfferKind.PRODUCT, "family_no": number, "lever": 1.0, "stock": -1, **facts}
    return CatalogueRow(offer_no=number, offer_id=f"item-{number}", **given)


def batch(version: int, *rows: CatalogueRow) -> CatalogueBatch:
    return CatalogueBatch(previous_version=version - 1, version=version, rows=rows)


def test_rows_lie_in_columns_at_their_number():
    catalogue = Catalogue()
    changed = catalogue.apply(
        batch(1, row(1, price_micros=5), row(3, price_micros=7, brand="Acme", category="A > B"))
    )
    assert changed == [1, 3]
    assert catalogue.price_micros[[1, 2, 3]].tolist() == [5, 0, 7]
    assert catalogue.brands.text(int(catalogue.brand_no[3])) == "Acme"
    assert catalogue.categories.text(int(catalogue.category_no[3])) == "A > B"
    assert (catalogue.size, catalogue.version) == (4, 1)
    assert catalogue.offer_nos(["item-3", "nobody", "item-1"]) == [3, 1]


def test_only_numbers_that_stand_for_something_are_known():
    catalogue = Catalogue()
    catalogue.apply(batch(1, row(1), row(3)))
    asked = np.array([0, 1, 2, 3, 4, 4_000_000_000], np.uint32)
    assert catalogue.known(asked).tolist() == [False, True, False, True, False, False]


def test_a_later_row_replaces_what_was_known():
    catalogue = Catalogue()
    catalogue.apply(batch(1, row(1, stock=5, about_nos=[2])))
    catalogue.apply(batch(2, row(1, stock=0, withdrawn=True)))
    assert catalogue.stock[1] == 0
    assert catalogue.withdrawn[1]
    assert catalogue.about_nos == {}


def test_a_batch_known_already_changes_nothing():
    catalogue = Catalogue()
    catalogue.apply(batch(1, row(1, stock=5)))
    catalogue.apply(batch(2, row(1, stock=4)))
    assert catalogue.apply(batch(1, row(1, stock=5))) == []
    assert catalogue.stock[1] == 4


def test_a_missing_batch_is_noticed_and_nothing_is_written():
    catalogue = Catalogue()
    catalogue.apply(batch(1, row(1)))
    with pytest.raises(CatalogueGapError):
        catalogue.apply(batch(3, row(2)))
    assert (catalogue.version, catalogue.size) == (1, 2)


def test_it_grows_without_forgetting():
    catalogue = Catalogue()
    catalogue.apply(batch(1, row(1, price_micros=11)))
    catalogue.apply(batch(2, *(row(n, price_micros=n) for n in range(2, 5000))))
    assert catalogue.price_micros[1] == 11
    assert catalogue.price_micros[4999] == 4999
    assert catalogue.offer_ids[4999] == "item-4999"
    assert not catalogue.known(np.array([5000], np.uint32))[0]


def test_channels_are_bits_and_none_means_all():
    catalogue = Catalogue()
    catalogue.apply(batch(1, row(1, channels=[Channel.WEB, Channel.IVR]), row(2)))
    assert catalogue.channel_bits[1] == 1 << Channel.WEB | 1 << Channel.IVR
    assert catalogue.channel_bits[2] == ALL_CHANNELS


def test_details_are_kept_where_they_are_asked_for():
    shown = row(1)
    shown.creative.title = "Everywhere"
    special = shown.channel_creatives.add(channel=Channel.EMAIL)
    special.creative.title = "By mail"
    catalogue = Catalogue(details=True)
    catalogue.apply(batch(1, shown))
    kept = catalogue.details(1)
    assert (kept.creative.title, kept.channel_creatives[0].creative.title) == (
        "Everywhere",
        "By mail",
    )
    for unknown in (0, 2, -1):
        with pytest.raises(KeyError):
            catalogue.details(unknown)


def test_what_has_words_in_other_languages_is_known_until_it_has_none():
    translated, plain = row(1), row(1)
    translated.creative.words.add(language="de", title="Fernseher")
    catalogue = Catalogue(translations=True)
    translated.creative.words.add(language="es", text="Grande")
    catalogue.apply(batch(1, translated, row(2)))
    assert catalogue.translated == {1}
    own = [catalogue.titles[no] for no in (1, 2)]
    assert [catalogue.title(no, "de-AT") for no in (1, 2)] == ["Fernseher", own[1]]
    for locale in ("", "es", "fr"):
        assert [catalogue.title(no, locale) for no in (1, 2)] == own
    assert [catalogue.title(no, "de") for no in (0, 99)] == ["", ""]
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[plain]))
    assert catalogue.translated == set()
    assert catalogue.title(1, "de") == catalogue.titles[1]
    assert not catalogue.titles_by_language


def test_titles_in_other_languages_are_kept_where_they_are_asked_for_and_each_language_once():
    translated = [row(1), row(2)]
    for each in translated:
        each.creative.words.add(language="de", title="Fernseher")
    kept, plain = Catalogue(translations=True), Catalogue()
    for catalogue in (kept, plain):
        catalogue.apply(batch(1, *translated))
    (first,), (second,) = kept.titles_by_language.values()
    assert first is second
    assert not plain.titles_by_language
    assert plain.title(1, "de") == plain.titles[1]
    assert plain.translated == {1, 2}


def test_everything_below_a_category_is_under_it():
    categories = Categories()
    tv = categories.number("Home > TV > OLED")
    home = categories.find("Home")
    assert [categories.text(n) for n in categories.path(tv)] == [
        "Home",
        "Home > TV",
        "Home > TV > OLED",
    ]
    garden = categories.number("Garden")
    under = categories.under(home)
    assert under[tv]
    assert under[home]
    assert not under[garden]
    late = categories.number("Home > Radio")
    assert categories.under(home)[late]
    assert categories.find("Attic") == 0
