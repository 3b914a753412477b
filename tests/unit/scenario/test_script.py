"""What an agent says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.actions import TaskOrder
from services.scenario.domain.carts import Cart
from services.scenario.domain.script import impersonal, spoken
from shared.spoken import MOST_WORDS, words

TITLES = {number: f"Item {number}" for number in range(1, 9)}


def said(*offer_nos, script="{cart}", quantities=None, value_micros=0, currency="", language=""):
    cart = Cart(offer_nos, quantities or (1.0,) * len(offer_nos), value_micros)
    return spoken(script, cart, TITLES, currency, language)


def test_items_are_told_by_title():
    assert said(1) == "Item 1"
    assert said(1, 2) == "Item 1 and Item 2"
    assert said(1, 2, 3) == "Item 1, Item 2 and Item 3"


def test_of_more_than_five_only_five_are_told_by_title():
    assert said(1, 2, 3, 4, 5, 6, 7) == "Item 1, Item 2, Item 3, Item 4, Item 5 and 2 more"


def test_fewer_items_are_told_where_that_is_too_long_to_be_said():
    script = "You had {cart} in your cart, worth {cart_value}. May I help you to decide?"
    told = said(1, 2, 3, 4, 5, 6, script=script)
    assert told.startswith("You had Item 1, Item 2, Item 3, Item 4 and 2 more in your cart")
    assert told.endswith("May I help you to decide?")


def test_what_is_too_long_even_then_ends_after_a_whole_word():
    told = said(script=" ".join(f"word{number}" for number in range(30)))
    assert told.split()[-1] == "word24…"
    assert words(told) == MOST_WORDS


@given(st.text(st.sampled_from("Aé .,…-你好か。กเ้ខ្"), max_size=200), st.sampled_from(["ja", ""]))
def test_whatever_lies_in_the_cart_it_is_told_in_one_breath(title, language):
    cart = Cart((1, 2), (1.0, 2.0), 5_000_000)
    told = spoken("You had {cart}. Shall I?", cart, {1: title, 2: title}, "EUR", language)
    assert 0 < words(told) <= MOST_WORDS


def test_items_without_a_title_are_counted():
    assert said(1, 99) == "Item 1 and 1 more"
    assert said(99) == "some items"
    assert said() == "nothing"


def test_the_worth_is_told_with_its_currency_where_there_is_one():
    assert said(script="worth {cart_value}", value_micros=12_500_000) == "worth 12.50"
    told = said(script="worth {cart_value}!", value_micros=12_000_000, currency="EUR")
    assert told == "worth 12 EUR!"


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("Hello. You had {cart} in your cart. May I help?", "Hello. May I help?"),
        ("Worth {cart_value}! Shall we talk?", "Shall we talk?"),
        ("你好。购物车里有{cart}。", "你好。"),
        ("You had {cart}", ""),
        ("May I help?", "May I help?"),
    ],
)
def test_what_is_impersonal_tells_nothing_of_the_cart(script, left):
    assert impersonal(script) == left


def test_every_other_brace_stays_as_it_is_written():
    assert said(1, script="{name}: {cart} {0} {}") == "{name}: Item 1 {0} {}"


def test_what_lies_in_the_cart_is_told_in_the_language_of_the_script():
    assert said(1, 2, language="de-AT") == "Item 1 und Item 2"
    assert said(1, 99, language="es") == "Item 1 y 1 más"
    assert said(99, language="fr") == "quelques articles"
    assert said(1, 2, language="sv") == "Item 1 and Item 2"


def test_a_task_has_the_script_of_the_language_of_its_person_else_its_own():
    order = TaskOrder("call", script="Hello", scripts=(("de", "Hallo"), ("de-CH", "Grüezi")))
    assert order.script_for("de-AT") == ("Hallo", "de")
    assert order.script_for("de-CH") == ("Grüezi", "de-CH")
    assert order.script_for("fr") == order.script_for("") == ("Hello", "")
