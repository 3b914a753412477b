"""Who looks after a person comes out the same in whatever order it was said, and under whom."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.relationships import (
    OPEN,
    Relationship,
    Tenure,
    beginning,
    ending,
    in_force,
    tenures,
    written,
)


def said(owner, since, until=OPEN, *, role="sales_person", person="p", at=0):
    return Relationship(person, role, owner, since, until, at)


@st.composite
def anything_said(draw):
    since = draw(st.integers(0, 9))
    return said(
        draw(st.sampled_from("abc")),
        since,
        draw(st.sampled_from([since + 1, since + 4, OPEN])),
        role=draw(st.sampled_from(["sales_person", "store"])),
        person=draw(st.sampled_from(["p", "q"])),
        at=draw(st.integers(0, 3)),
    )


def test_whoever_began_later_counts_and_the_history_is_kept():
    held = tenures([said("ann", 1), said("bob", 5)])
    assert held == [
        Tenure("sales_person", "bob", 5, OPEN),
        Tenure("sales_person", "ann", 1, 5),
    ]


def test_after_a_stand_in_the_one_before_is_back():
    known = [said("ann", 1), said("bob", 5, 8)]
    owners = [in_force(known, "sales_person", at).owner_id for at in (4, 5, 7, 8)]
    assert owners == ["ann", "bob", "bob", "ann"]


def test_roles_do_not_touch_each_other():
    known = [said("ann", 1), said("main street", 5, role="store")]
    assert in_force(known, "sales_person", 9).owner_id == "ann"
    assert in_force(known, "store", 9).owner_id == "main street"
    assert in_force(known, "account_manager", 9) is None


def test_of_two_that_begin_at_one_moment_the_later_word_counts():
    known = [said("ann", 1, at=2), said("bob", 1, at=1, person="q")]
    assert [held.owner_id for held in tenures(known)] == ["ann"]


def test_a_set_that_is_taken_apart_has_again_what_was_said_of_each():
    mine, theirs = [said("ann", 1)], [said("bob", 5, person="q")]
    assert in_force(mine + theirs, "sales_person", 9).owner_id == "bob"
    assert in_force(mine, "sales_person", 9).owner_id == "ann"
    assert in_force(theirs, "sales_person", 9).owner_id == "bob"


def test_saying_again_what_is_so_writes_nothing():
    known = [said("ann", 1)]
    assert beginning(known, said("ann", 7, at=7), says_when=False) == []
    assert beginning(known, said("ann", 1, at=7), says_when=True) == []
    assert beginning(known, said("bob", 7), says_when=False) == [said("bob", 7)]
    assert beginning(known, said("ann", 7, 9), says_when=False) == [said("ann", 7, 9)]


def test_a_beginning_said_again_is_corrected():
    right = said("bob", 1, at=7)
    changed = beginning([said("ann", 1)], right, says_when=True)
    assert list(written([said("ann", 1)], changed).values()) == [right]


def test_an_end_ends_all_that_would_hold_and_nothing_that_comes_later():
    known = [said("ann", 1), said("bob", 5, 20, person="q"), said("cleo", 30)]
    changed = ending(known, "sales_person", 10)
    after = list(written(known, changed).values())
    assert in_force(after, "sales_person", 10) is None
    assert in_force(after, "sales_person", 9).owner_id == "bob"
    assert in_force(after, "sales_person", 30).owner_id == "cleo"
    assert ending(after, "sales_person", 10) == []


@given(st.lists(anything_said(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_it_was_said_does_not_matter(known, chance):
    one_word_each = list(written((), known).values())
    shuffled = list(one_word_each)
    chance.shuffle(shuffled)
    assert tenures(shuffled) == tenures(one_word_each)


@given(st.lists(anything_said(), max_size=8))
def test_tenures_never_overlap_and_say_who_is_in_force(known):
    held = tenures(known)
    for role in ("sales_person", "store"):
        of_role = [each for each in reversed(held) if each.role == role]
        for earlier, later in pairwise(of_role):
            assert earlier.from_us < earlier.until_us <= later.from_us
        for at in range(15):
            standing = [e for e in known if e.role == role and e.from_us <= at < e.until_us]
            found = in_force(known, role, at)
            assert (found is None) == (not standing)
            assert found is None or found.owner_id in {each.owner_id for each in standing}
