"""GIFT: what was given to, bought by and made for people like somebody, and what they like."""

import gc
import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from services.retrieval.domain import postings
from services.retrieval.domain.bounds import Bounds
from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.learning.gifts import GiftLog
from services.retrieval.domain.learning.grouping import learned_gifts
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.recipients import Recipient
from services.retrieval.domain.sifting import Sifted
from services.retrieval.domain.sources.gift import Gift
from services.retrieval.domain.words import WordIndex
from tests.unit.retrieval.learned import model_with
from tests.unit.retrieval.shop import Shop
from tests.unit.retrieval.test_as_asked_for import Current


@pytest.fixture
def presents():
    shop = Shop()
    for name, category, price, attributes in (
        ("train", "Gifts > Toys", 49, {"age": "3-6"}),
        ("ring", "Gifts > Jewellery", 90, {"gender": "male", "occasion": "wedding"}),
        ("necklace", "Gifts > Jewellery", 70, {"gender": "female", "occasion": "birthday"}),
        ("candle", "Gifts > Home", 25, {"occasion": "any"}),
        ("pan", "Kitchen > Cookware", 60, {}),
        ("tv", "Electronics > TV", 900, {}),
    ):
        shop.item(name, category, price=price, attributes=attributes)
    shop.bought("tv", 9)
    return shop


def gifts(shop, *given):
    """Learn from (name, times, age, gender, relationship, occasion)."""
    log, givers = GiftLog(), iter(range(10_000))
    for name, times, *whom in given:
        for _ in range(times):
            log.add([f"g{next(givers)}"], [shop.no(name)], [1], [tuple(whom)])
    return learned_gifts(log.gifts(), ItemTexts(np.zeros(0, np.uint32), [], [], []), 0)


GIVEN = (
    ("candle", 60, 60, "female", "mother", "birthday"),
    ("necklace", 20, 60, "female", "mother", "birthday"),
    ("pan", 60, 55, "male", "father", "birthday"),
    ("candle", 10, 55, "male", "father", "christmas"),
)

BOUGHT = (
    ("candle", 60, 60, "female"),
    ("tv", 20, 60, "female"),
    ("pan", 60, 55, "male"),
)


def found(shop, model=None, *, limit=50, **recipient):
    attributes = AttributeShelf(shop.attributes, shop.catalogue, Current(shop.shelf()))
    source = Gift(shop.catalogue, attributes)
    return shop.ask(source, recipient=Recipient(**recipient), model=model, limit=limit)


def told(shop, *args, **recipient):
    return shop.told(found(shop, *args, **recipient))


def kinds(shop, proposals):
    return dict(zip(shop.told(proposals), proposals.evidence_kinds.tolist(), strict=True))


def test_what_was_given_to_people_like_that_comes_first_with_how_many_did(presents):
    model = model_with(gifts=gifts(presents, *GIVEN))
    proposals = found(presents, model, relationship="mother")
    assert presents.told(proposals)[0] == "candle"
    assert proposals.evidence_kinds[0] == EvidenceKind.GIVEN_TO_ALIKE
    assert 5 <= proposals.evidence_counts[0] <= proposals.evidence_totals[0]
    assert not proposals.texts
    assert told(presents, model, relationship="father")[0] == "pan"


def test_what_people_like_that_bought_themselves_is_proposed_with_how_many_did(presents):
    people = gifts(presents, *((name, times, age, *of, "", "") for name, times, age, *of in BOUGHT))
    model = model_with(groups=people)
    proposals = found(presents, model, gender="female")
    assert kinds(presents, proposals)["candle"] == EvidenceKind.BOUGHT_BY_ALIKE
    at = presents.told(proposals).index("candle")
    assert (proposals.evidence_counts[at], proposals.evidence_totals[at]) == (60, 80)


def test_for_somebody_unknown_it_is_what_is_given_most(presents):
    model = model_with(gifts=gifts(presents, *GIVEN))
    proposals = found(presents, model)
    assert presents.told(proposals) == ["candle", "pan", "necklace"]
    assert not proposals.evidence_counts.any()
    assert told(presents) == []


def test_an_interest_keeps_no_shelf_in_memory_but_the_last(presents):
    attributes = AttributeShelf(presents.attributes, presents.catalogue, Current(presents.shelf()))
    source = Gift(presents.catalogue, attributes)
    query = presents.query(recipient=Recipient(interests=("toys",)))
    shelf = weakref.ref(query.shelf.ranked)
    assert presents.told(source.propose(query)) == ["train"]
    query = presents.query(recipient=Recipient(interests=("jewellery",)))
    assert set(presents.told(source.propose(query))) == {"ring", "necklace"}
    gc.collect()
    assert shelf() is None


def test_within_a_price_the_less_popular_of_an_interest_are_found():
    shop = Shop()
    for number in range(90):
        price = 9 if number in (70, 80) else 900
        shop.item(f"camera {number}", "Photo > Cameras", price=price, attributes={"kind": "reflex"})
        shop.bought(f"camera {number}", 100 - number)
    attributes = AttributeShelf(shop.attributes, shop.catalogue, Current(shop.shelf()))
    source, bounds = Gift(shop.catalogue, attributes), Bounds(most_micros=20_000_000)
    for interest in ("cameras", "reflex"):
        query = shop.query(recipient=Recipient(interests=(interest,)))
        suit = partial(bounds.suit, shop.catalogue)
        within = replace(query, showing=Sifted(query.showing, bounds, suit))
        dear = {f"camera {number}" for number in range(5)}
        assert dear < set(shop.told(source.propose(query)))
        assert set(shop.told(source.propose(within))) == {"camera 70", "camera 80"}


def test_what_was_given_is_looked_through_until_enough_may_be_shown():
    shop = Shop()
    for number in range(220):
        shop.item(f"gift {number}", stock=0 if number < 200 else 1)
    given = [(f"gift {number}", 6, 60, "female", "mother", "") for number in range(220)]
    model = model_with(gifts=gifts(shop, *given))
    proposed = told(shop, model, relationship="mother")
    assert len(proposed) == 20


def test_interests_are_found_by_the_words_of_categories_and_values(presents):
    proposals = found(presents, interests=("cooking",))
    assert presents.told(proposals)[0] == "pan"
    assert kinds(presents, proposals)["pan"] == EvidenceKind.OF_INTEREST
    assert proposals.texts[presents.no("pan")] == "cooking"
    assert told(presents, interests=("jewellery",))[:2] in (
        ["ring", "necklace"],
        ["necklace", "ring"],
    )


def test_values_are_found_by_their_words_however_late_they_came(presents, monkeypatch):
    monkeypatch.setattr(postings, "_MOST_NAMED", 1)
    presents.item("belt", "Fashion", attributes={"material": "Leather"})
    presents.item("bag", "Fashion", attributes={"material": "Leather"})
    assert set(told(presents, interests=("leather",))) == {"belt", "bag"}


def test_what_is_made_for_another_age_or_gender_is_no_gift(presents):
    names = told(presents, age=40, gender="female")
    assert "train" not in names
    assert "ring" not in names
    assert names[0] == "necklace"
    assert told(presents, gender="female", interests=("jewellery",)) == ["necklace"]
    assert told(presents, age=5) == ["train"]
    assert told(presents, relationship="my sister") == ["necklace"]


@pytest.mark.parametrize(
    "whom", [{"relationship": "mother"}, {"gender": "woman"}, {"gender": "f"}, {"gender": "Damen"}]
)
def test_a_gender_is_the_same_whatever_the_word_for_it(presents, whom):
    for name, gender in (("scarf", "Women"), ("tie", "Men's"), ("gown", "Girls 3-6"), ("hat", "")):
        presents.item(name, "Fashion", attributes={"gender": gender})
    whom = {name: word.lower() for name, word in whom.items()}
    names = told(presents, interests=("fashion",), **whom)
    assert {"scarf", "necklace", "gown", "hat"} <= set(names)
    assert not {"tie", "ring"} & set(names)


def test_who_is_neither_a_man_nor_a_woman_is_given_anything(presents):
    names = told(presents, gender="diverse", interests=("jewellery",))
    assert set(names) == {"ring", "necklace"}


@pytest.mark.parametrize("word", ["w", "female", "woman"])
def test_people_alike_are_found_whatever_their_gender_is_called(presents, word):
    people = gifts(presents, *((name, times, age, *of, "", "") for name, times, age, *of in BOUGHT))
    words = tuple(word if each == "female" else each for each in people.words)
    model = model_with(groups=replace(people, words=words))
    assert EvidenceKind.BOUGHT_BY_ALIKE in found(presents, model, gender="f").evidence_kinds
    given = [("candle", 30, 0, said, "", "") for said in (word, "ladies")]
    model = model_with(gifts=gifts(presents, *given, ("pan", 40, 0, "boy", "", "")))
    proposals = found(presents, model, gender="female")
    at = presents.told(proposals).index("candle")
    assert proposals.evidence_counts[at] == proposals.evidence_totals[at] == 60


def test_the_age_of_a_whisky_is_not_that_of_whom_it_is_for(presents):
    presents.item("whisky", "Drinks > Whisky", attributes={"age": "12 y"})
    presents.item("puzzle", "Drinks > Whisky puzzles", attributes={"age": "6-12"})
    assert told(presents, age=40, interests=("whisky",)) == ["whisky"]


def test_an_occasion_brings_what_is_made_for_it(presents):
    proposals = found(presents, occasion="wedding")
    assert presents.told(proposals)[0] == "ring"
    assert kinds(presents, proposals)["ring"] == EvidenceKind.MADE_FOR_ALIKE


def test_where_it_is_no_gift_nothing_is_proposed(presents):
    attributes = AttributeShelf(presents.attributes, presents.catalogue, Current(presents.shelf()))
    assert presents.asked(Gift(presents.catalogue, attributes)) == []


def test_words_are_found_by_how_they_begin():
    index = WordIndex.of([("Cookware", 1), ("Running shoes", 2), ("TV", 3), ("Cookbooks", 4)])
    assert index.find("cooking") == [1, 4]
    assert index.find("Runners") == index.find("shoes for running") == [2]
    assert index.find("TV") == [3]
    assert index.find("run") == index.find("gardens") == index.find("") == []
