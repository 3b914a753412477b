"""An answer is kept with what it means; what only people should read stays private."""

import pytest

from services.profile.asking import of_question
from services.profile.domain.questions import AnswerKind, Choice, Question, Questions
from services.profile.fields import MistakenError


def question(name, kind=AnswerKind.CHOICE, *choices, survey="about_you", **more):
    more.setdefault("attribute", name)
    return Question(name, survey, "?", "why", "what for", kind, choices=choices, **more)


DEFINED = Questions.of(
    [
        question(
            "sport", AnswerKind.CHOICE, Choice("running", "like", "Sport > Running"), Choice("none")
        ),
        question("size", AnswerKind.NUMBER, least=1.0, most=12.0, attribute="household_size"),
        question("more", AnswerKind.TEXT),
        question("alone", AnswerKind.CHOICE, Choice("a"), Choice("b"), survey="single"),
    ]
)


def said(details=None, others=None, *, kind="survey_answer", offer_id="about_you"):
    return of_question(kind, offer_id, details or {}, others or {}, DEFINED)


def test_a_choice_is_kept_with_what_it_says_of_taste():
    details, private = said({"question": "sport"}, {"answer": "running", "note": "loud"})
    assert details == {
        "question": "sport",
        "attribute": "sport",
        "answer": "running",
        "sentiment": "like",
        "category": "Sport > Running",
    }
    assert private == {"note": "loud"}


def test_what_the_caller_says_an_answer_means_does_not_overrule_the_definition():
    details, _ = said(
        {"question": "sport", "attribute": "name", "sentiment": "dislike"}, {"answer": "none"}
    )
    assert details == {"question": "sport", "attribute": "sport", "answer": "none"}


def test_a_number_is_written_one_way_under_the_attribute_it_is_defined_for():
    details, _ = said({"question": "size"}, {"answer": "4.0"})
    assert (details["attribute"], details["answer"]) == ("household_size", "4")


def test_free_text_stays_private():
    details, private = said({"question": "more"}, {"answer": "my name is Ada"})
    assert details == {"question": "more"}
    assert private == {"answer": "my name is Ada"}


def test_an_empty_answer_takes_back_what_was_said():
    details, _ = said({"question": "sport"}, {"answer": ""})
    assert details == {"question": "sport", "attribute": "sport", "answer": ""}


def test_a_skipped_question_says_nothing_else():
    assert said({"question": "sport", "skipped": "true"})[0] == {
        "question": "sport",
        "skipped": "true",
    }


def test_the_question_of_a_survey_with_just_one_need_not_be_named():
    details, _ = said({}, {"answer": "a"}, offer_id="single")
    assert details["question"] == "alone"
    assert said({}, {}, kind="impression", offer_id="single")[0] == {"question": "alone"}
    assert said({}, {}, kind="impression")[0] == {}


def test_an_answer_to_what_is_not_defined_is_private_unless_it_says_its_attribute():
    assert said({"question": "old_one"}, {"answer": "x"}) == (
        {"question": "old_one"},
        {"answer": "x"},
    )
    details, private = said({"question": "old_one", "attribute": "pet"}, {"answer": "dog"})
    assert details == {"question": "old_one", "attribute": "pet", "answer": "dog"}
    assert not private


def test_what_an_impression_calls_a_question_and_is_none_stays_out_of_the_profile():
    assert said({"question": "How are you?"}, {}, kind="impression") == ({}, {})


@pytest.mark.parametrize(
    ("details", "others", "told"),
    [
        ({"question": "Sport?"}, {}, "attributes.question: must be 1 to 64"),
        ({"question": "sport"}, {}, "attributes.answer: must be said"),
        ({"question": "sport"}, {"answer": "secret"}, "attributes.answer: must be one of running"),
        ({"question": "size"}, {"answer": "secret"}, "attributes.answer: must be a number from 1"),
        ({"question": "size"}, {"answer": "13"}, "attributes.answer: must be a number from 1"),
        ({"question": "x", "attribute": "name"}, {"answer": "Ada"}, "attributes.attribute: must"),
        ({"question": "x", "attribute": "pet"}, {"answer": "d" * 129}, "attributes.answer: must"),
    ],
)
def test_what_is_wrong_is_told_by_field_and_never_repeats_what_was_said(details, others, told):
    with pytest.raises(MistakenError) as refused:
        said(details, others)
    assert str(refused.value).startswith(told)
    assert "secret" not in str(refused.value)
