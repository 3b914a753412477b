"""Late, out of order, merged or in slices: the profile comes out as if all had come in order."""

import math

from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.fold import fold
from services.profile.domain.lookup import Person
from services.profile.domain.ports import Member
from services.profile.domain.reading import NO_TIERS, standing_declines, traits
from services.profile.domain.session import current_session
from services.profile.domain.state import State, merge
from services.profile.snapshot import snapshot_of
from services.profile.storage.state_codec import decode, decode_whole, encode
from tests.properties import examples
from tests.unit.profile.happenings import NOON_US, events, happened, state_of
from touchpoint.common.v1.vocabulary_pb2 import Arm

MANY = st.lists(events(), max_size=24)


def assert_same(one, other):
    """Hold that all parts are the same: counts, times and words exactly, floats to 1e-9."""
    for part in State.__slots__:
        assert same(getattr(one, part), getattr(other, part)), part


def same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_floats_are_the_same_to_a_billionth_and_no_further():
    assert same({1: (1.0, [2.0])}, {1: (1.0 + 1e-12, [2.0])})
    assert not same({1: (1.0, [2.0])}, {1: (1.0 + 1e-6, [2.0])})
    assert not same({1: 1.0}, {1: 1.0, 2: 1.0})


@given(MANY, st.randoms(use_true_random=False))
def test_events_in_any_order_give_the_state_of_the_ordered_replay(happened, chance):
    shuffled = list(happened)
    chance.shuffle(shuffled)
    assert_same(state_of(*shuffled), state_of(*sorted(happened, key=lambda e: e.time_us)))


@given(MANY, st.lists(st.integers(0, 3), min_size=24, max_size=24))
def test_the_state_of_a_set_is_that_of_all_its_events(happened, owners):
    by_person = {owner: [] for owner in range(4)}
    for owner, event in zip(owners, happened, strict=False):
        by_person[owner].append(event)
    merged = merge([state_of(*mine) for mine in by_person.values()])
    assert_same(merged, state_of(*happened))


@given(MANY)
def test_a_state_is_stored_without_loss(happened):
    state = state_of(*happened)
    data = encode(state)
    assert_same(decode(data), state)
    assert_same(decode_whole(data), state)


@given(MANY, st.lists(MANY, max_size=3))
def test_a_state_stored_again_and_again_is_the_same(before, batches):
    data = encode(state_of(*before))
    for batch in batches:
        state = decode(data)
        fold(state, batch)
        data = encode(state)
    whole = state_of(*before, *(event for batch in batches for event in batch))
    assert_same(merge([State(), decode(data)]), whole)
    assert_same(merge([State(), decode_whole(data)]), whole)


@given(MANY, MANY)
def test_a_stored_state_goes_on_as_if_it_had_never_been_stored(before, after):
    stored = decode(encode(state_of(*before)))
    assert_same(merge([stored, state_of(*after)]), state_of(*before, *after))


def snapshot(state):
    person = Person([Member("p", "p", 1, 1, 1, lambda: state)])
    made = snapshot_of(person, Arm.PERSONALISED, NO_TIERS, NOON_US)
    return MessageToDict(made, preserving_proto_field_name=True)


@examples(40)
@given(MANY, st.randoms(use_true_random=False))
def test_what_is_read_is_the_same_in_any_order(happened, chance):
    """Floats of a snapshot are short, so that sums in another order come out the same."""
    shuffled = list(happened)
    chance.shuffle(shuffled)
    one, other = snapshot(state_of(*shuffled)), snapshot(state_of(*happened))
    assert one.keys() == other.keys()
    for name in ("disliked", "session", "cart", "owned", "declined"):
        assert one.get(name) == other.get(name)
    for name in ("variants", "bought_categories", "stages", "promotion_share", "return_share"):
        assert one["traits"].get(name) == other["traits"].get(name)


def test_what_is_disliked_is_told_in_one_order_whichever_was_told_first():
    told = []
    for number, name in ((2, "Tea"), (1, "Coffee")):
        no = {"sentiment": "dislike", "category": name}
        told.append(happened("preference", offer_no=number, family_no=number, details=no))
    one, other = snapshot(state_of(*told)), snapshot(state_of(*reversed(told)))
    assert one["disliked"]["family_nos"] == [1, 2]
    assert one["disliked"] == other["disliked"]


@given(MANY)
def test_every_state_can_be_read(happened):
    state = state_of(*happened)
    found = traits(state, NOON_US, NO_TIERS)
    assert found.frequency >= 0
    assert len(standing_declines(state)) <= len(state.declines)
    session = current_session(state.log)
    assert session is None or session.start_us <= session.last_us
