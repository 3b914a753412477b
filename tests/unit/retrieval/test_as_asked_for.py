"""AS_ASKED_FOR: items whose attributes match the answers given."""

from dataclasses import replace

import pytest

from services.retrieval.domain.answers import Answer, read_answer
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.sources.as_asked_for import AsAskedFor
from tests.unit.retrieval.shop import Shop

CATEGORY = "Kitchen > Fridges"


class Current:
    """Shelves of one shelf."""

    def __init__(self, shelf):
        self.current = shelf


@pytest.fixture
def kitchen():
    shop = Shop()
    for name, litres, colour, price in (
        ("big", "90 l", "black", 300),
        ("small", "40 l", "white", 200),
        ("black", "45 l", "black", 250),
        ("dear", "45 l", "black", 900),
    ):
        shop.item(name, CATEGORY, price=price, attributes={"litres": litres, "colour": colour})
    shop.item("unsaid", CATEGORY, brand="Acme")
    shop.item("kettle", "Kitchen > Kettles", attributes={"colour": "black"})
    for times, name in enumerate(("kettle", "big", "black", "small")):
        shop.bought(name, 9 - times)
    return shop


def proposed(shop, **answers):
    attributes = AttributeShelf(shop.attributes, shop.catalogue, Current(shop.shelf()))
    read = [read_answer(name, said) for name, said in answers.items()]
    return shop.ask(AsAskedFor(shop.catalogue, attributes), answers=tuple(filter(None, read)))


def told(shop, **answers):
    found = proposed(shop, **answers)
    return [
        (name, int(met), int(total))
        for name, met, total in zip(
            shop.told(found), found.evidence_counts, found.evidence_totals, strict=True
        )
    ]


def test_what_meets_more_answers_comes_first_and_says_how_many(kitchen):
    found = told(kitchen, litres={"most": 50}, colour="Black", category=CATEGORY)
    assert found[:2] == [("black", 3, 3), ("dear", 3, 3)]
    assert ("small", 2, 3) in found
    assert ("kettle", 1, 3) in found


def test_a_bound_is_hard_and_what_does_not_say_is_no_match(kitchen):
    found = told(kitchen, litres="<= 50 l", colour="black")
    assert "big" not in [name for name, *_ in found]
    assert found[0] == ("black", 2, 2)
    assert ("kettle", 1, 2) in found


def test_a_price_that_is_too_high_is_left_out(kitchen):
    assert told(kitchen, colour="black", litres={"least": 41, "most": 50}, price={"most": 500})[
        0
    ] == ("black", 3, 3)
    assert "dear" not in [name for name, *_ in told(kitchen, colour="black", price="<500")]


def test_brands_and_any_of_several_values_can_be_asked_for(kitchen):
    assert told(kitchen, brand="ACME") == [("unsaid", 1, 1)]
    found = told(kitchen, colour=["white", "red"])
    assert found == [("small", 1, 1)]


def test_what_few_meet_counts_more_than_what_many_meet(kitchen):
    assert told(kitchen, colour="black", brand="Acme")[0] == ("unsaid", 1, 2)


def standing(shop, category="", in_view=(), **answers):
    attributes = AttributeShelf(shop.attributes, shop.catalogue, Current(shop.shelf()))
    before = [Answer("colour", ("black",), is_standing=True)]
    now = [read_answer(name, said) for name, said in answers.items()]
    source = AsAskedFor(shop.catalogue, attributes)
    return shop.ask(source, answers=(*now, *before), category=category, in_view=in_view)


def test_what_was_answered_long_ago_is_a_taste_and_leads_nothing(kitchen):
    for number in range(20):
        kitchen.item(f"pen {number}", "Pens", attributes={"colour": "black"})
    found = standing(kitchen)
    assert len(found.offer_nos) == 8
    assert found.turns == 0.25
    assert max(found.scores) <= 0.25


def test_what_was_answered_long_ago_counts_within_the_category_in_view(kitchen):
    assert kitchen.told(standing(kitchen, category="Kitchen > Kettles")) == ["kettle"]
    found = standing(kitchen, in_view=["small"])
    assert kitchen.told(found) == ["big", "black", "dear"]
    assert (found.evidence_counts[0], found.evidence_totals[0]) == (1, 1)
    kitchen.item("tv", "Video > TV")
    assert kitchen.told(standing(kitchen, in_view=["tv"])) == []


def test_what_is_asked_now_goes_before_what_was_answered_long_ago(kitchen):
    found = standing(kitchen, litres=["40 l", "45 l"])
    assert kitchen.told(found) == ["black", "dear", "small"]
    assert found.turns == 1.0
    assert found.scores[0] == 1.0
    assert found.scores[2] > 0.7


def test_a_number_meets_a_range(kitchen):
    kitchen.item("train", "Toys", attributes={"age": "3-6"})
    assert told(kitchen, age=5) == [("train", 1, 1)]
    assert told(kitchen, age=7) == []


def test_the_nearest_come_where_nothing_meets_all(kitchen):
    found = told(kitchen, colour="white", litres={"least": 80}, category=CATEGORY)
    assert found[0] == ("big", 2, 3)


def test_what_does_not_match_says_what_it_lacks(kitchen):
    proposals = proposed(kitchen, litres={"most": 50}, colour="Black", category=CATEGORY)
    lacks = {kitchen.names[no]: text for no, text in proposals.texts.items()}
    assert lacks == {"small": "colour", "unsaid": "litres, colour", "kettle": "litres, category"}


def test_the_one_thing_that_meets_all_is_found_however_many_meet_each_answer():
    shop, asked = Shop(), {"colour": "red", "fabric": "silk", "fit": "slim"}
    for name, value in asked.items():
        for number in range(600):
            shop.item(f"{name} {number}", "Shirts", attributes={name: value})
            shop.bought(f"{name} {number}")
    shop.item("it", "Shirts", attributes=asked)
    assert told(shop, **asked)[0] == ("it", 3, 3)


def test_what_few_can_pay_is_found_behind_what_is_popular():
    shop = Shop()
    for number in range(1100):
        shop.item(f"watch {number}", "Watches", price=100)
        shop.bought(f"watch {number}")
    shop.item("strap", "Watches", price=5)
    assert told(shop, price="<= 5") == [("strap", 1, 1)]
    assert told(shop, price="<= 5", category="Watches") == [("strap", 2, 2)]


def test_a_range_of_many_values_brings_the_popular_of_each():
    shop = Shop()
    for number in range(600):
        shop.item(f"rope {number}", "Ropes", attributes={"length": f"{number} m"})
    shop.bought("rope 590", 5)
    assert told(shop, length={"least": 2})[0] == ("rope 590", 1, 1)


def test_of_a_family_the_variant_that_matches_is_proposed(kitchen):
    kitchen.item("big, red", CATEGORY, of="big", attributes={"litres": "90", "colour": "red"})
    assert told(kitchen, colour="red") == [("big, red", 1, 1)]
    assert [name for name, *_ in told(kitchen, litres=90)] == ["big"]


def test_what_no_item_has_an_attribute_for_is_no_question_about_items(kitchen):
    assert told(kitchen, weather="rain") == []
    assert told(kitchen, category=CATEGORY) == []
    assert told(kitchen, weather="rain", colour="white") == [("small", 1, 1)]


def test_sold_out_things_are_not_proposed(kitchen):
    kitchen.item("gone", CATEGORY, stock=0, attributes={"colour": "white"})
    assert [name for name, *_ in told(kitchen, colour="white")] == ["small"]


def test_answers_are_read_as_values_or_bounds():
    assert read_answer("a", "x") == Answer("a", ("x",))
    assert read_answer("a", [1, "y", None, True]) == Answer("a", ("1", "y", "true"))
    assert read_answer("a", {"least": 1, "most": "9"}) == Answer("a", least=1.0, most=9.0)
    assert read_answer("a", ">= 2,5 l") == Answer("a", least=2.5)
    assert read_answer("a", "> 2").least > 2.0
    for nothing in ("", None, [], {}, {"least": float("nan")}, float("inf"), {"most": "x"}):
        assert read_answer("a", nothing) is None


def test_a_value_that_came_after_the_last_laying_out_is_none_yet(kitchen):
    attributes = AttributeShelf(kitchen.attributes, kitchen.catalogue, Current(kitchen.shelf()))
    kitchen.item("new", CATEGORY, attributes={"colour": "mint"})
    source = AsAskedFor(kitchen.catalogue, attributes)
    asked = (Answer("colour", ("mint", "white")),)
    assert kitchen.asked(source, answers=asked) == ["small"]


async def test_laying_out_anew_takes_over_what_came_since(kitchen):
    attributes = AttributeShelf(kitchen.attributes, kitchen.catalogue, Current(kitchen.shelf()))
    kitchen.item("new", CATEGORY, attributes={"colour": "mint"})
    attributes._shelves.current = kitchen.shelf()
    await attributes.lay_out()
    source = AsAskedFor(kitchen.catalogue, attributes)
    assert kitchen.asked(source, answers=(Answer("colour", ("mint",)),)) == ["new"]


def test_what_came_after_the_attributes_were_laid_out_stops_nothing(kitchen):
    attributes = AttributeShelf(kitchen.attributes, kitchen.catalogue, Current(kitchen.shelf()))
    # As after an import of more items than a shelf has room for.
    room = len(kitchen.names)
    attributes.current = replace(attributes.current, rank=attributes.current.rank[:room])
    kitchen.item("newer", CATEGORY, price=5)
    answers = (read_answer("price", {"most": 220}), read_answer("category", CATEGORY))
    found = kitchen.ask(AsAskedFor(kitchen.catalogue, attributes), answers=answers)
    assert "small" in kitchen.told(found)
