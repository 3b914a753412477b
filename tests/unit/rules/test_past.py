"""What a person was asked and answered, on whatever channel, keeps surveys from coming again."""

import pytest

from services.rules.past import person_facts, surveys_done
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

NUMBERS = {"about_you": 5, "returns": 6}
QUESTIONS = {
    "about_you": frozenset({"sport", "size"}),
    "returns": frozenset({"why"}),
    "not_in_the_catalogue": frozenset({"sport"}),
}


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        ([], []),
        (["sport"], []),
        (["sport", "size"], [5]),
        (["sport", "why", "size", "of another bundle"], [5, 6]),
    ],
)
def test_what_was_asked_says_which_surveys_are_done(asked, done):
    person = PersonSnapshot(questions_asked=asked)
    found = surveys_done(person, QUESTIONS, lambda survey: NUMBERS.get(survey, 0))
    assert sorted(found) == done


def test_of_nobody_no_survey_is_done():
    assert surveys_done(None, {"empty": frozenset()}, lambda _: 5) == ()


def test_a_survey_answered_as_a_whole_is_told_with_its_time():
    person = PersonSnapshot(surveys_answered=[9, 7], survey_times_us=[50, 40], as_of_us=60)
    assert person_facts(person, DecisionContext(), ()).surveys_answered == {9: 50, 7: 40}


def test_of_a_profile_that_tells_no_times_a_survey_was_answered_only_now():
    person = PersonSnapshot(surveys_answered=[9], as_of_us=60)
    assert person_facts(person, DecisionContext(), ()).surveys_answered == {9: 60}
