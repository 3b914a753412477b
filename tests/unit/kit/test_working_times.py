import pytest

from shared.working_times import days_of, hours_of, working_days


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9-17", (540, 1020)),
        ("08:30 - 20:00", (510, 1200)),
        ("0-24", (0, 1440)),
        ("17-9", "ends before it begins"),
        ("9-25", "a day has 24"),
        ("9", "write 9-17"),
        ("9:60-10", "write 9-17"),
        ("", "write 9-17"),
    ],
)
def test_hours_are_read_or_refused_with_a_sentence(text, found):
    if isinstance(found, tuple):
        assert hours_of(text) == found
        return
    with pytest.raises(ValueError, match=found):
        hours_of(text)


def test_days_may_be_spans_also_over_the_end_of_the_week():
    assert days_of(["MON-WED", "sat"]) == {0, 1, 2, 5}
    assert days_of(["FRI-MON"]) == {4, 5, 6, 0}
    with pytest.raises(ValueError, match="'SATURDAY' is no day"):
        days_of(["SATURDAY"])


def test_a_text_names_days_of_work():
    assert working_days("mon, SAT") == {0, 5}
    assert working_days("MON-FRI SUN") == {0, 1, 2, 3, 4, 6}
    with pytest.raises(ValueError, match="names no day"):
        working_days(" , ")
