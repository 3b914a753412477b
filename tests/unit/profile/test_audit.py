"""The audit trail shows the first place where it was tampered with, and how."""

import pytest

from services.profile.domain.audit import (
    START,
    Action,
    By,
    Damage,
    Head,
    Note,
    Sealer,
    Verification,
)

SEALER = Sealer(b"k" * 32)
NOW_US = 1_772_000_000_000_000


def trail(count):
    """Return entries and their head, written two at a time."""
    entries, head = [], START
    for number in range(0, count, 2):
        notes = [
            Note(By("crm", "GetProfile"), Action.READ, f"person-{number + place}")
            for place in range(min(2, count - number))
        ]
        more, head = SEALER.chained(notes, head, NOW_US + number)
        entries += more
    return entries, head


def verified(entries, head):
    walk = Verification(SEALER)
    for entry in entries:  # in slices of one
        walk.look([entry])
    walk.end(head)
    return walk


def renumbered(entries):
    return [entry._replace(position=place) for place, entry in enumerate(entries, 1)]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_trail_as_it_was_written_is_whole(count):
    walk = verified(*trail(count))
    assert walk.found is None
    assert walk.position == count


@pytest.mark.parametrize("place", [0, 3, 5])
@pytest.mark.parametrize(
    "change",
    [{"caller": "nobody"}, {"action": "read "}, {"time_us": 1}, {"pseudonym": b""}, {"seal": b"x"}],
    ids=lambda change: next(iter(change)),
)
def test_an_altered_entry_is_found_where_it_is(place, change):
    entries, head = trail(6)
    entries[place] = entries[place]._replace(**change)
    assert verified(entries, head).found == (place + 1, Damage.ALTERED)


@pytest.mark.parametrize("place", [0, 2, 5])
def test_a_deleted_entry_is_found_where_it_was(place):
    entries, head = trail(6)
    del entries[place]
    assert verified(entries, head).found == (place + 1, Damage.DELETED)


@pytest.mark.parametrize("place", [0, 2, 4])
def test_closing_the_gap_does_not_hide_a_deletion(place):
    entries, head = trail(6)
    del entries[place]
    assert verified(renumbered(entries), head).found == (place + 1, Damage.DELETED)


def test_an_entry_that_was_cut_off_at_the_end_is_missed():
    entries, head = trail(6)
    assert verified(entries[:-2], head).found == (5, Damage.DELETED)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_an_inserted_entry_is_found_where_it_is(place):
    entries, head = trail(6)
    forged = entries[0]._replace(caller="forger", previous=entries[place - 1].seal, seal=b"f" * 32)
    entries.insert(place, forged)
    assert verified(renumbered(entries), head).found == (place + 1, Damage.INSERTED)


def test_an_entry_smuggled_in_before_the_first_is_found():
    entries, head = trail(2)
    assert verified([entries[0]._replace(position=0), *entries], head).found == (
        0,
        Damage.INSERTED,
    )


def test_a_head_that_was_moved_back_is_not_believed():
    entries, head = trail(6)
    moved = Head(4, entries[3].seal, head.mark)
    assert verified(entries[:4], moved).found == (4, Damage.ALTERED)
    assert verified([], START._replace(mark=b"")).found is None


def test_who_has_another_key_cannot_seal():
    notes = [Note(By("x", "y"), Action.READ, "p")]
    entries, head = Sealer(b"o" * 32).chained(notes, START, NOW_US)
    assert verified(entries, head).found == (1, Damage.INSERTED)


def test_a_person_has_one_pseudonym_that_does_not_tell_who_it_is():
    first, second = SEALER.pseudonym("person-1"), SEALER.pseudonym("person-2")
    assert first != second
    assert first == SEALER.pseudonym("person-1")
    assert b"person" not in first
