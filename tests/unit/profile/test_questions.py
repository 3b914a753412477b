"""The next question is the one whose answer is worth most."""

from math import log2

import pytest

from services.profile.domain.questions import (
    RANGES,
    AnswerKind,
    Answers,
    Choice,
    Question,
    canonical_number,
    information_bits,
    shares_of,
    worth_asking,
)
from services.profile.domain.state import State, describe
from tests.unit.profile.happenings import NOON_US, happened, state_of


def question(name, *choices, kind=AnswerKind.CHOICE, **more):
    made = [each if isinstance(each, Choice) else Choice(each) for each in choices]
    more.setdefault("attribute", name)
    return Question(name, "survey", "?", "why", "what for", kind, choices=made, **more)


TWO = question("two", "a", "b")
FOUR = question("four", "a", "b", "c", "d")
TEXT = question("text", kind=AnswerKind.TEXT, importance=99.0)
SPORT = question(
    "sport",
    Choice("running", "like", "Sport > Running"),
    Choice("golf", "like", "Sport > Golf"),
)


def order(*questions, state=None, **answers):
    return [each.question.name for each in worth_asking(questions, state or State(), answers)]


def bits(asked, state=None, answers=None):
    return information_bits(asked, shares_of(state or State()), answers or Answers())


def test_of_equal_importance_the_one_that_would_tell_more_comes_first():
    assert order(TWO, FOUR) == ["four", "two"]
    assert bits(FOUR) == pytest.approx(2.0)


def test_importance_outweighs_what_would_be_told():
    assert order(question("two", "a", "b", importance=3.0), FOUR) == ["two", "four"]


def test_an_answer_that_nearly_everybody_gives_is_hardly_worth_a_question():
    lopsided = Answers({"a": 998})
    p = 999 / 1002
    rest = 1 / 1002
    assert bits(FOUR, answers=lopsided) == pytest.approx(-p * log2(p) - 3 * rest * log2(rest))
    assert order(TWO, FOUR, four=lopsided) == ["two", "four"]


def test_a_question_that_most_people_skip_is_worth_less():
    assert order(TWO, FOUR, four=Answers(skipped=9)) == ["two", "four"]
    [worth] = worth_asking([TWO], State(), {"two": Answers({"a": 2}, skipped=4)})
    assert worth.answer_probability == pytest.approx(3 / 8)
    assert worth.worth == pytest.approx(worth.information_bits * 3 / 8)


def test_what_can_be_guessed_from_what_somebody_looks_at_is_not_worth_a_question():
    runner = state_of(*(happened("view", n, category="Sport > Running") for n in range(9)))
    assert bits(SPORT) == pytest.approx(1.0)
    assert bits(SPORT, runner) < 0.3
    assert order(SPORT, TWO) == ["sport", "two"]
    assert order(SPORT, TWO, state=runner) == ["two", "sport"]


def test_a_dislike_is_guessed_from_what_nobody_looks_at():
    golf = question("golf", Choice("no", "dislike", "Sport > Golf"), Choice("yes"))
    player = state_of(*(happened("view", n, category="Sport > Golf") for n in range(9)))
    assert bits(golf, player) < bits(golf, state_of(happened("view", category="Home")))


def test_a_number_is_counted_in_equal_ranges():
    size = question("size", kind=AnswerKind.NUMBER, least=1.0, most=9.0)
    assert bits(size) == pytest.approx(log2(RANGES))
    assert bits(size, answers=Answers({"1": 50, "9": 50, "not a number": 7})) < 2.0


def test_free_text_comes_last_by_its_importance():
    more = question("more", kind=AnswerKind.TEXT)
    assert order(more, TEXT, TWO) == ["two", "text", "more"]


def test_nothing_is_asked_twice_nor_what_is_known_already():
    known = state_of(happened("impression", details={"question": "two"}))
    describe(known, {"four": "a"}, NOON_US)
    assert order(TWO, FOUR, SPORT, state=known) == ["sport"]


@pytest.mark.parametrize("said", ["0.9", "9.1", "nan", "inf", "-1", "x", ""])
def test_what_is_no_number_within_the_bounds_is_none(said):
    size = question("size", kind=AnswerKind.NUMBER, least=1.0, most=9.0)
    assert canonical_number(said, size) is None
    assert canonical_number("4.50", size) == "4.5"
