"""Up to where the events of persons were read."""

from services.scenario.storage.read_to import ReadTo


def test_a_person_is_known_up_to_where_they_were_read_last():
    read_to = ReadTo()
    read_to.note(["ada"], 5)
    read_to.note(["ada"], 7)
    assert (read_to.knows("ada", 7), read_to.knows("ada", 8)) == (True, False)
    assert not read_to.knows("bob", 1)


def test_of_too_many_those_are_forgotten_who_were_read_first():
    read_to = ReadTo(most=2)
    read_to.note(["ada", "bob"], 1)
    read_to.note(["ada"], 2)
    read_to.note(["eve"], 2)
    assert [read_to.knows(each, 1) for each in ("ada", "bob", "eve")] == [True, False, True]
