"""Questions are read with every mistake and its place."""

import pytest

from services.rules.definitions import check_definitions
from tests.unit.rules.test_definitions import GOOD
from touchpoint.rules.v1.rules_pb2 import AnswerKind, DefinitionFile

ASKING = """\
offers:
  - {offer_id: about_you, kind: SURVEY, title: About you}
questions:
  - question: sport
    survey: about_you
    text: Which sport?
    why: To show what fits.
    used_for: Recommendations.
    answers:
      - {answer: running, likes: {category: Sport > Running}}
      - {answer: golf, dislikes: {brand: Fore}}
      - none
  - question: size
    survey: about_you
    text: Which size?
    why: Sizes differ.
    used_for: Recommendations.
    answers: number
    least: 30
    most: 50
    attribute: shoe_size
    importance: 2.5
    item_attribute: size
"""


def checked(text):
    return check_definitions(
        [DefinitionFile(path="all.yaml", text=GOOD), DefinitionFile(path="ask.yaml", text=text)]
    )


def test_questions_are_part_of_the_bundle_with_what_their_answers_mean():
    found = checked(ASKING)
    assert not found.problems
    sport, size = found.bundle.questions
    assert (sport.kind, sport.attribute, sport.importance) == (AnswerKind.CHOICE, "sport", 1.0)
    assert [(each.answer, each.sentiment, each.category, each.brand) for each in sport.answers] == [
        ("running", "like", "Sport > Running", ""),
        ("golf", "dislike", "", "Fore"),
        ("none", "", "", ""),
    ]
    assert (size.kind, size.least, size.most) == (AnswerKind.NUMBER, 30.0, 50.0)
    assert (size.attribute, size.importance) == ("shoe_size", 2.5)
    assert (sport.item_attribute, size.item_attribute) == ("", "size")


def test_a_changed_question_changes_the_name_of_the_bundle():
    assert (
        checked(ASKING).bundle.bundle_hash
        != checked(ASKING.replace("importance: 2.5", "importance: 3")).bundle.bundle_hash
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        ("question: sport", "question: Which sport", 4, 15, "lower_snake_case"),
        ("question: size", "question: sport", 13, 15, "sport is defined twice"),
        ("    why: Sizes differ.\n", "", 13, 5, "why is missing"),
        ("survey: about_you", "survey: about_yu", 5, 13, "did you mean about_you?"),
        ("survey: about_you", "survey: default.help", 5, 13, "must be of the kind SURVEY"),
        ("answers: number", "answers: numbers", 18, 14, "a list of answers, number or text"),
        ("    least: 30\n", "", 18, 14, "needs least and most"),
        ("least: 30", "least: 50", 18, 14, "most above least"),
        ("answers: number", "answers: text", 18, 14, "belong to a question for a number"),
        ("      - none\n", "      - golf\n", 10, 7, "golf is an answer twice"),
        ("{category: Sport > Running}", "{categori: Sport}", 10, 35, "did you mean category?"),
        (
            "likes: {category: Sport > Running}",
            "likes: {}",
            10,
            34,
            "must name a category or a brand",
        ),
        ("attribute: shoe_size", "attribute: name", 21, 16, "name is no answer to a question"),
        ("importance: 2.5", "importance: 0", 22, 17, "must be a number from 0.001"),
    ],
)
def test_a_mistake_is_told_with_its_place(old, new, line, column, message):
    assert old in ASKING
    found = [(e.line, e.column, e.message) for e in checked(ASKING.replace(old, new, 1)).problems]
    assert any((where, at) == (line, column) and message in told for where, at, told in found), (
        found
    )


def test_one_answer_is_no_choice():
    lines = ASKING.replace("      - {answer: golf, dislikes: {brand: Fore}}\n      - none\n", "")
    assert "at least two answers" in checked(lines).problems[0].message


def test_an_answer_likes_or_dislikes_and_not_both():
    both = ASKING.replace("dislikes: {brand: Fore}", "dislikes: {brand: F}, likes: {brand: G}")
    assert "likes or dislikes, not both" in checked(both).problems[0].message
