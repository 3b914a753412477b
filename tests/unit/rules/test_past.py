"""A survey is done for a person when every question of it was asked, on whatever channel."""

import pytest

from services.rules.past import surveys_done
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

NUMBERS = {"about_you": 5, "returns": 6}
QUESTIONS = {
    "about_you": frozenset({"sport", "size"}),
    "returns": frozenset({"why"}),
    "not_in_the_catalogue": frozenset({"sport"}),
}


@pytest.mark.parametrize(
    ("asked", "whole", "done"),
    [
        ([], [], []),
        (["sport"], [], []),
        (["sport", "size"], [], [5]),
        (["sport", "why", "size", "of another bundle"], [], [5, 6]),
        ([], [9], [9]),
    ],
)
def test_what_was_asked_says_which_surveys_are_done(asked, whole, done):
    person = PersonSnapshot(questions_asked=asked, surveys_answered=whole)
    found = surveys_done(person, QUESTIONS, lambda survey: NUMBERS.get(survey, 0))
    assert sorted(found) == done


def test_of_nobody_no_survey_is_done():
    assert surveys_done(None, {"empty": frozenset()}, lambda _: 5) == ()
