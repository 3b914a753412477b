"""A value is common once twenty different people have it, and not a person earlier."""

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.meeting import PEOPLE, Meetings

FRIDAY = "weekday=Friday"


def met(meetings, count, *texts, first=0):
    """Meet different people, in batches that are counted at once."""
    found = []
    for number in range(first, first + count):
        meetings.meet(f"person-{number}", texts)
        found += meetings.newly_common(0)
    return found


def test_nineteen_people_are_too_few_and_the_twentieth_is_not_told_twice():
    meetings = Meetings()
    assert met(meetings, PEOPLE - 1, FRIDAY) == []
    assert met(meetings, 2, FRIDAY, first=PEOPLE) == [FRIDAY]
    assert met(meetings, PEOPLE, FRIDAY) == []


def test_one_person_a_thousand_times_is_one():
    meetings = Meetings()
    for _ in range(1000):
        meetings.meet("ada", [FRIDAY])
        assert meetings.newly_common(0) == []


def test_nobody_known_is_nobody():
    meetings = Meetings()
    for _ in range(PEOPLE + 1):
        meetings.meet("", [FRIDAY])
    assert meetings.newly_common(0) == []


def test_what_is_common_is_told_once_a_day_so_that_what_is_met_no_more_is_found_out():
    meetings = Meetings()
    assert met(meetings, PEOPLE, FRIDAY) == [FRIDAY]
    assert meetings.newly_common(DAY_US) == []
    for _ in range(2):
        meetings.meet("ada", [FRIDAY])
    assert meetings.newly_common(DAY_US) == [FRIDAY]
    meetings.meet("bob", [FRIDAY])
    assert meetings.newly_common(DAY_US) == []


def test_a_person_a_day_is_twenty_people_after_twenty_days():
    meetings = Meetings()
    found = []
    for day in range(PEOPLE):
        meetings.meet(f"person-{day}", [FRIDAY])
        found.append(meetings.newly_common(day * DAY_US))
    assert found == [*([[]] * (PEOPLE - 1)), [FRIDAY]]


def test_values_of_one_person_each_crowd_out_each_other_and_not_what_is_common():
    meetings = Meetings()
    assert met(meetings, PEOPLE - 1, FRIDAY) == []
    for number in range(30_000):
        meetings.meet(f"person-{number % 5}", [f"attr.code={number}", FRIDAY])
        if number % 100 == 0:
            assert meetings.newly_common(0) == []
    assert met(meetings, 1, FRIDAY, first=PEOPLE) == [FRIDAY]


def test_under_load_the_latest_are_counted_and_nothing_grows():
    meetings = Meetings()
    for number in range(10_000):
        meetings.meet(f"person-{number}", [FRIDAY if number >= 9_900 else "weekday=Monday"])
    assert meetings.newly_common(0) == ["weekday=Monday", FRIDAY]
