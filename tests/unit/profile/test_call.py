"""The call that somebody is on, as choices, topics and notes tell of it."""

from services.profile.domain import call
from services.profile.domain.event import HOUR_US, MINUTE_US
from services.profile.domain.lookup import Person
from services.profile.domain.ports import Member
from services.profile.domain.reading import NO_TIERS
from services.profile.snapshot import snapshot_of
from tests.unit.profile.happenings import NOON_US, happened, state_of
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel

IVR, PHONE = Channel.IVR, Channel.CALL_CENTER
PCS, BAGS = "Electronics > PCs", "Fashion > Bags"


def on(kind, minutes, **what):
    return happened(kind, minutes, channel=PHONE, session_id="call-1", **what)


STARTED = happened("call_started", 0, channel=IVR, session_id="call-1")
CHOSE = on("ivr_choice", 1, details={"choice": "returns"})
ABOUT = on("call_topic", 2, details={"topic": "damaged", "category": BAGS}, category=BAGS)


def found(*events, minutes=5):
    return call.under_way(state_of(*events).call, NOON_US + minutes * MINUTE_US)


def seen(*events, minutes=5, is_guessed=False):
    """Return the snapshot some minutes after noon."""
    member = Member("p", "p", 1, 1, 1, lambda: state_of(*events))
    person = Person([member], is_guessed=is_guessed)
    now_us = NOON_US + minutes * MINUTE_US
    return snapshot_of(person, Arm.PERSONALISED, NO_TIERS, now_us)


def test_a_call_knows_what_was_chosen_and_what_it_is_about():
    told = found(STARTED, CHOSE, ABOUT)
    assert (told.session_id, told.choice, told.topic) == ("call-1", "returns", "damaged")
    assert (told.category, told.start_us) == (BAGS, NOON_US)


def test_who_never_called_is_on_no_call():
    assert found(happened("view")) is None


def test_a_call_is_over_when_it_was_ended():
    assert found(STARTED, CHOSE, on("call_ended", 3)) is None


def test_a_call_that_nobody_ended_is_over_when_nothing_was_heard_for_half_an_hour():
    assert found(STARTED, CHOSE, minutes=31) is not None
    assert found(STARTED, CHOSE, minutes=32) is None


def test_what_an_earlier_call_was_about_is_forgotten_by_the_next():
    again = happened("call_started", 10, channel=IVR, session_id="call-2")
    told = found(STARTED, CHOSE, ABOUT, on("call_ended", 3), again, minutes=11)
    assert (told.session_id, told.choice, told.topic, told.category) == ("call-2", "", "", "")


def test_what_a_call_that_nobody_ended_was_about_is_not_what_the_next_is_about():
    unannounced = happened("ivr_choice", 40, session_id="call-2", details={"choice": "orders"})
    told = found(STARTED, CHOSE, ABOUT, unannounced, minutes=41)
    assert (told.session_id, told.choice, told.topic, told.category) == ("call-2", "orders", "", "")
    assert told.start_us == 0


def test_without_ids_of_calls_what_was_said_hours_ago_was_said_in_another():
    began, about = (each._replace(session_id="") for each in (STARTED, ABOUT))
    orders = happened("ivr_choice", 60, details={"choice": "orders"})
    soon, late = (orders._replace(time_us=NOON_US + hours * HOUR_US) for hours in (1, 5))
    assert found(began, about, soon, minutes=61).topic == "damaged"
    told = found(began, about, late, minutes=301)
    assert (told.choice, told.topic, told.start_us) == ("orders", "", 0)


def test_a_call_of_which_no_beginning_is_told_is_a_call_too():
    told = found(CHOSE)
    assert (told.session_id, told.choice, told.start_us) == ("call-1", "returns", 0)


def test_an_item_is_asked_about_until_another_category_is_named():
    item = on("agent_note", 3, offer_no=7, category=PCS)
    assert found(STARTED, ABOUT, item)[3:5] == (PCS, 7)
    other = on("call_topic", 4, category=BAGS)
    assert found(STARTED, ABOUT, item, other)[3:5] == (BAGS, 0)


def test_what_is_named_on_the_call_is_what_is_shopped_for():
    looked = [happened("view", -30 + each, offer_no=3, category=PCS) for each in range(20)]
    before = seen(*looked, STARTED).session
    assert (before.category, before.last_offer_no, before.is_said) == (PCS, 3, False)
    session = seen(*looked, STARTED, ABOUT).session
    assert (session.category, session.is_said, session.last_offer_no) == (BAGS, True, 0)
    assert list(session.offer_nos) == [3]
    assert session.last_us == ABOUT.time_us
    ended = seen(*looked, STARTED, ABOUT, on("call_ended", 3)).session
    assert (ended.category, ended.is_said) == (PCS, False)


def test_what_was_looked_at_within_the_named_category_is_still_told():
    looked = [happened("view", -30 + each, offer_no=3, category=PCS) for each in range(20)]
    session = seen(*looked, STARTED, on("call_topic", 2, category="Electronics")).session
    assert (session.category, session.last_offer_no) == ("Electronics", 3)
    assert session.minutes > 15


def test_an_item_that_an_agent_notes_is_the_one_in_view():
    session = seen(STARTED, on("agent_note", 3, offer_no=7, category=PCS)).session
    assert (session.category, session.last_offer_no, list(session.offer_nos)) == (PCS, 7, [7])
    assert session.start_us == NOON_US


def test_whoever_calls_knows_what_is_said_in_the_call_and_nothing_of_before():
    looked = [happened("view", -30 + each, offer_no=3, category=PCS) for each in range(20)]
    snapshot = seen(*looked, STARTED, CHOSE, ABOUT, is_guessed=True)
    assert (snapshot.call.choice, snapshot.call.topic) == ("returns", "damaged")
    assert not snapshot.HasField("session")


def test_a_late_word_of_a_call_does_not_make_it_go_on():
    late = state_of(on("call_ended", 3), CHOSE, STARTED).call
    assert call.under_way(late, NOON_US + HOUR_US) is None
    assert call.under_way(late, NOON_US + 4 * MINUTE_US) is None
