"""A question is asked once, its answer counts at once, and is taken back at once."""

from services.profile.domain.asked import MAX_ASKED, Outcome, questions
from services.profile.domain.lookup import Person
from services.profile.domain.ports import Member
from services.profile.domain.reading import NO_TIERS, attribute
from services.profile.snapshot import snapshot_of
from tests.unit.profile.happenings import NOON_US, happened, state_of
from touchpoint.common.v1.vocabulary_pb2 import Arm

DISLIKES = {"sentiment": "dislike", "category": "Sport > Golf"}
LIKES = {"sentiment": "like", "category": "Sport > Running"}


def shown(question, minutes=0.0, **more):
    return happened("impression", minutes, details={"question": question}, **more)


def skipped(question, minutes=0.0):
    return happened("survey_answer", minutes, details={"question": question, "skipped": "true"})


def answered(question, answer, minutes=0.0, **meaning):
    details = {"question": question, "attribute": question, "answer": answer, **meaning}
    return happened("survey_answer", minutes, details=details)


def snapshot(*events):
    member = Member("p", "p", 1, 1, 0, lambda: state_of(*events))
    return snapshot_of(Person([member]), Arm.PERSONALISED, NO_TIERS, NOON_US)


def test_an_answer_is_an_attribute_for_the_very_next_decision():
    assert snapshot(answered("sport", "running")).attributes["sport"] == "running"


def test_the_later_answer_counts_and_an_empty_one_takes_it_back():
    first, later = answered("sport", "running"), answered("sport", "golf", 5)
    assert snapshot(later, first).attributes["sport"] == "golf"
    assert "sport" not in snapshot(first, answered("sport", "", 9), later).attributes


def test_what_was_shown_skipped_or_answered_is_asked_on_every_channel():
    found = snapshot(shown("size", channel=7), skipped("sport", 1), answered("age", "40", 2))
    assert sorted(found.questions_asked) == ["age", "size", "sport"]


def test_an_answer_outweighs_a_skip_and_both_a_showing_whenever_they_happened():
    state = state_of(answered("sport", "golf"), skipped("sport", 5), shown("sport", 9))
    assert state.asked["sport"].outcome is Outcome.ANSWERED
    assert attribute(state, "sport") == "golf"
    assert state_of(skipped("sport"), shown("sport", 9)).asked["sport"].outcome is Outcome.SKIPPED


def test_a_survey_that_was_answered_as_a_whole_is_kept_by_its_number():
    found = snapshot(happened("survey_answer", offer_no=7))
    assert (list(found.surveys_answered), list(found.questions_asked)) == ([7], [])


def test_a_survey_that_was_answered_as_a_whole_is_told_with_its_time_for_more_than_a_year():
    days = 24 * 60
    answers = [happened("survey_answer", -ago * days, offer_no=ago) for ago in (399, 401)]
    found = snapshot(*answers)
    assert list(found.surveys_answered) == [399]
    assert list(found.survey_times_us) == [answers[0].time_us]


def test_a_survey_skipped_lately_does_not_come_again_because_it_was_answered_long_ago():
    days = 24 * 60
    long_ago = happened("survey_answer", -40 * days, offer_no=7)
    lately = happened("survey_answer", -days, offer_no=7, details={"skipped": "true"})
    assert list(snapshot(long_ago, lately).surveys_answered) == [7]
    assert list(snapshot(lately, long_ago).surveys_answered) == [7]


def test_an_impression_of_something_else_asks_nothing():
    assert not snapshot(happened("impression", offer_no=7)).questions_asked


def test_an_answer_that_dislikes_counts_at_once_and_is_taken_back_by_another():
    no = answered("golf", "no", **DISLIKES)
    assert list(snapshot(no).disliked.categories) == ["Sport > Golf"]
    assert not snapshot(no, answered("golf", "yes", 5)).disliked.categories
    assert not snapshot(no, answered("golf", "", 5)).disliked.categories


def test_the_latest_word_counts_whether_it_was_an_answer_or_a_stated_preference():
    stated = {"sentiment": "like", "category": "Sport > Golf"}
    liked_since = happened("preference", 5, details=stated)
    no = answered("golf", "no", **DISLIKES)
    assert not snapshot(no, liked_since).disliked.categories
    assert snapshot(liked_since, answered("golf", "no", 9, **DISLIKES)).disliked.categories


def test_an_answer_that_likes_shapes_the_taste_until_it_is_taken_back():
    views = [happened("view", n / 10, category="Home") for n in range(5)]
    yes = answered("sport", "running", **LIKES)
    liked = snapshot(*views, yes).traits
    assert liked.categories[0] == "Sport > Running"
    assert liked.category_affinities[0] > 0.6
    back = answered("sport", "", 5)
    assert list(snapshot(*views, yes, back).traits.categories) == ["Home"]


def test_answers_outlive_showings_where_there_are_too_many():
    showings = [shown(f"q{n}", n / 100) for n in range(MAX_ASKED + 50)]
    state = state_of(answered("sport", "golf", -9), *showings)
    assert len(state.asked) == MAX_ASKED
    assert "sport" in questions(state.asked)
