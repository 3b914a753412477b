"""Of several channels the one on which somebody most likely answers, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.desk.free_agents import FreeAgents
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.best_channel import (
    Answered,
    Habits,
    hour_said,
    likely_hour_us,
    ranked,
)
from services.scenario.domain.scenario import MessageOrder, Stage, TaskOrder
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.journeys.calling import rather_called
from services.scenario.messages.habits import habits_of
from services.scenario.messages.sending import channel_name
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.in_memory_queue import InMemoryQueue
from shared.clock import from_us
from shared.testing.clock import FakeClock
from tests.unit.scenario.outside import EMAIL, PUSH, SMS
from tests.unit.scenario.playing import HOUR_US, NOON_US
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel


def order(habits, *channels):
    return [choice.channel for choice in ranked(channels or (EMAIL, SMS), habits, channel_name)]


def test_of_somebody_unknown_the_order_is_that_of_the_scenario():
    assert order(Habits(), SMS, EMAIL, PUSH) == [SMS, EMAIL, PUSH]


def test_more_answers_go_first_as_far_as_there_were_chances():
    often = Habits({EMAIL: Answered(50.0, 0.3), SMS: Answered(0.1, 1.0)})
    assert order(often) == [EMAIL, SMS]
    assert order(Habits({EMAIL: Answered(50.0, 0.0)})) == [SMS, EMAIL]


def test_where_nothing_is_known_of_answers_it_is_where_they_are():
    assert order(Habits(shares={SMS: 0.2, EMAIL: 0.1})) == [SMS, EMAIL]


def test_the_choice_is_explained_in_words():
    (choice,) = ranked([EMAIL], Habits({EMAIL: Answered(8.0, 0.5)}, {EMAIL: 0.25}), channel_name)
    assert choice.why == "EMAIL 40%: 50% of 8.0 answered there, 25% of what they do is there"


def test_an_hour_of_theirs_is_explained_in_words():
    berlin = Habits(hours=(20, 13), time_zone="Europe/Berlin")
    said = "at 13:00, one of the hours in which they do most (20:00, 13:00)"
    assert hour_said(berlin, NOON_US) == said
    assert hour_said(berlin, NOON_US + HOUR_US) == ""
    assert hour_said(Habits(), NOON_US) == ""


CALL = Stage(
    "call",
    task=TaskOrder("call", skills=("sales",)),
    send=MessageOrder((EMAIL, BY_TELEPHONE), "hello"),
)


@pytest.mark.parametrize(
    ("consents", "share", "skills", "is_called"),
    [
        (["marketing"], 0.9, ["sales", "help"], True),
        (["marketing"], 0.0, ["sales"], False),
        (["marketing"], 0.9, ["help"], False),
        (["marketing:EMAIL"], 0.9, ["sales"], False),
        (["marketing:CALL_CENTER"], 0.0, ["sales"], True),
        ([], 0.9, ["sales"], False),
    ],
)
async def test_who_most_likely_answers_a_call_is_called_while_somebody_is_there(
    consents, share, skills, is_called
):
    person = PersonSnapshot(consents=consents)
    person.traits.channels.append(Channel.CALL_CENTER)
    person.traits.channel_shares.append(share)
    agents = InMemoryAgents()
    await agents.save(Agent("a", Presence.AVAILABLE, tuple(skills), 1), NOON_US)
    store = InMemoryJourneys(agents)
    there = FreeAgents(InMemoryQueue(store, InMemoryErrands(store)), FakeClock(from_us(NOON_US)))
    assert not rather_called([CALL], person, there.are_there), "nobody has looked yet"
    await there.look()
    found = rather_called([CALL], person, there.are_there)
    assert list(found) == (["call"] if is_called else [])
    assert all(why.startswith("CALL_CENTER ") for why in found.values())


@given(
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_likelihood_is_one_and_rises_with_what_was_answered(chances, share, habit):
    (choice,) = ranked([SMS], Habits({SMS: Answered(chances, share)}, {SMS: habit}), channel_name)
    (more,) = ranked([SMS], Habits({SMS: Answered(chances, 1.0)}, {SMS: habit}), channel_name)
    assert 0.0 < choice.likelihood <= more.likelihood <= 1.0


def test_the_next_hour_of_theirs_is_waited_for_within_a_day_and_their_time():
    # Noon of a Monday in March in UTC is one in the afternoon in Berlin.
    berlin = Habits(hours=(20, 9), time_zone="Europe/Berlin")
    assert likely_hour_us(berlin, NOON_US, 0) == NOON_US + 7 * HOUR_US
    assert likely_hour_us(berlin, NOON_US, NOON_US + 6 * HOUR_US) == 0
    assert likely_hour_us(Habits(hours=(13,), time_zone="Europe/Berlin"), NOON_US, 0) == 0
    assert likely_hour_us(Habits(), NOON_US, 0) == 0


def test_habits_are_read_out_of_a_snapshot():
    person = PersonSnapshot(time_zone="Europe/Berlin")
    traits = person.traits
    traits.hours.append(20)
    traits.channels.extend([Channel.APP, Channel.EMAIL])
    traits.channel_shares.extend([0.5, 0.25])
    traits.answers.channels.append(Channel.APP)
    traits.answers.shown.append(4.0)
    traits.answers.accepted_shares.append(0.5)
    traits.answers.emails_sent = 3.0
    traits.answers.email_open_share = -1.0
    habits = habits_of(person)
    assert habits.answered[PUSH] == Answered(4.0, 0.5), "who is in the app is pushed to"
    assert habits.answered[EMAIL] == Answered(3.0, 0.0)
    assert (habits.shares[PUSH], habits.shares[EMAIL]) == (0.5, 0.25)
    assert (habits.hours, habits.time_zone) == ((20,), "Europe/Berlin")
