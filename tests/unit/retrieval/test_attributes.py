"""Which attributes items have, as numbers."""

import numpy as np
import pytest

from services.retrieval.domain import attributes as module
from services.retrieval.domain.attributes import Attributes, span


def words_of(attributes, number):
    pairs, _ = attributes.pairs().of(np.array([number]))
    words = attributes.words()
    return sorted(words[pair] for pair in pairs.tolist())


def test_an_item_has_its_attributes_and_its_brand_in_lower_case():
    attributes = Attributes()
    attributes.put([3], [{"Colour": "Dark  Red", "litres": "45 l"}], ["Acme"])
    assert words_of(attributes, 3) == [
        ("brand", "acme"),
        ("colour", "dark red"),
        ("litres", "45 l"),
    ]
    assert words_of(attributes, 2) == []
    assert words_of(attributes, 99_999) == []


def test_the_later_word_counts_and_what_was_is_cleared_away(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAIRS", 8)
    attributes = Attributes()
    for colour in range(200):
        attributes.put([1, 2], [{"colour": f"c{colour}"}, {"size": "s"}])
    assert words_of(attributes, 1) == [("colour", "c199")]
    assert words_of(attributes, 2) == [("size", "s")]
    assert len(attributes._column) < 64


def test_descriptions_links_and_codes_are_not_kept():
    attributes = Attributes()
    shown = {"text": "A red train", "link": "https://shop.example/1", "Image_URL": "/1.png"}
    codes = {"ean": "12", "SKU": "ab-1", "number": "4006381333931", "shop": "www.shop.example"}
    attributes.put([1], [{**shown, **codes, "story": "x" * 41, "colour": "red"}])
    assert words_of(attributes, 1) == [("colour", "red")]
    assert attributes._seen.keys() == {("colour", "red")}
    assert not attributes.full


def test_a_name_of_which_each_item_has_its_own_value_leaves_room_for_others(monkeypatch):
    monkeypatch.setattr(module, "_MOST_OF_NAME", 2)
    attributes = Attributes()
    nos = [1, 2, 3]
    attributes.put(nos, [{"model": f"m{number}", "colour": "red"} for number in nos])
    assert words_of(attributes, 3) == [("colour", "red")]
    assert attributes.full == {"model"}
    again = Attributes.of(attributes.words(), attributes.pairs())
    again.put([4], [{"model": "m4", "colour": "red"}])
    assert words_of(again, 4) == [("colour", "red")]
    monkeypatch.setattr(module, "_MOST_PAIRS", 4)
    attributes.put([4], [{"size": "s", "colour": "red"}])
    assert words_of(attributes, 4) == [("colour", "red")]
    assert attributes.full == {"model", ""}


def test_the_path_of_a_category_that_something_goes_with_may_be_long():
    attributes = Attributes()
    path = "Home & Garden > Kitchen > Cookware > Frying pans"
    attributes.put([1], [{"goes_with": path}])
    assert words_of(attributes, 1) == [("goes_with", path.lower())]


def test_the_brand_is_kept_of_an_item_of_many_attributes():
    attributes = Attributes()
    attributes.put([1], [{f"a{number}": "x" for number in range(40)}], ["Acme"])
    assert ("brand", "acme") in words_of(attributes, 1)


def test_what_was_read_stays_what_it_was():
    attributes = Attributes()
    attributes.put([1], [{"colour": "red"}])
    before = attributes.pairs()
    attributes.put([1], [{"colour": "blue"}])
    assert before.of(np.array([1]))[0].tolist() == [attributes.pair("colour", "red")]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("45", (45, 45)), ("45,5 l", (45.5, 45.5)), ("3-6", (3, 6)), ("-3", (-3, -3))],
)
def test_numbers_are_read_with_units_and_ranges(text, numbers):
    assert span(text) == numbers


@pytest.mark.parametrize("text", ["red", "6-3", "iPhone 12 mini", "1.2.3", ""])
def test_other_texts_are_no_numbers(text):
    assert np.isnan(span(text)).all()
