"""Of several channels the one on which somebody most likely answers, and when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.desk.free_agents import FreeAgents
from services.scenario.domain.actions import MessageOrder, TaskOrder
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.best_channel import (
    Answered,
    Choice,
    Habits,
    PassedOver,
    explained,
    hour_said,
    likely_hour_us,
    ranked,
)
from services.scenario.domain.stages import Stage
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.journeys.calling import Calling
from services.scenario.messages.channels import channel_name
from services.scenario.messages.habits import habits_of
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.in_memory_queue import InMemoryQueue
from shared.clock import from_us
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from tests.unit.scenario.outside import EMAIL, PUSH, SMS
from tests.unit.scenario.playing import DAY_US, HOUR_US, NOON_US, facts
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


def test_channels_that_were_passed_over_are_named_with_why():
    why = explained(
        Choice(EMAIL, 0.39, "EMAIL 39%: nothing is known of answers there"),
        [
            PassedOver(SMS, 0.5, "NO_CONSENT"),
            PassedOver(PUSH, 0.14, "LESS_LIKELY"),
            PassedOver(BY_TELEPHONE, 0.45, "LESS_LIKELY"),
            PassedOver(Channel.DIRECT_MAIL, 0.1, "OTHER"),
        ],
        channel_name,
    )
    assert why == (
        "EMAIL 39%: nothing is known of answers there; rather than PUSH 14%; not SMS: no consent; "
        "not CALL_CENTER: it was less likely when that was found out; not DIRECT_MAIL: OTHER"
    )


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
REACHED = ("email", "phone", "customer")


def somebody(call_share=0.9, **fields):
    known = {"person_ids": ["ada"], "consents": ["marketing"], "identity_kinds": REACHED}
    person = PersonSnapshot(**{**known, **fields})
    person.traits.channels.append(Channel.CALL_CENTER)
    person.traits.channel_shares.append(call_share)
    return person


class Ledger:
    """`Gates` that are closed on some channels."""

    def __init__(self, **closed):
        self._closed = {Channel.Value.Value(name): reason for name, reason in closed.items()}
        self.asked = []
        self.is_silent = False

    async def closed(self, person, policy, channels):
        if self.is_silent:
            raise Unavailable("rules does not answer")
        self.asked.append((policy, sorted(channels)))
        return {each: self._closed[each] for each in channels if each in self._closed}


class Agents:
    """Whoever has the skill of selling."""

    def __init__(self, there=True, lately=True):
        self._there, self._lately = there, lately

    def are_there(self, skills):
        return self._there and set(skills) <= {"sales"}

    def work_lately(self, skills):
        return self._lately and set(skills) <= {"sales"}


async def weighed(
    person,
    *,
    there=True,
    lately=True,
    carried=(EMAIL, SMS, PUSH),
    ledger=None,
    channels=None,
    now_us=NOON_US,
):
    stage = CALL if channels is None else replace(CALL, send=MessageOrder(channels, "hello"))
    calling = Calling(Agents(there, lately), lambda: carried, ledger)
    (found,) = (await calling.weighed([stage], person, facts(), now_us)).values()
    return found


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
    person = somebody(share, consents=consents)
    agents = InMemoryAgents()
    await agents.save(Agent("a", Presence.AVAILABLE, tuple(skills), 1), NOON_US)
    store = InMemoryJourneys(agents)
    there = FreeAgents(InMemoryQueue(store, InMemoryErrands(store)), FakeClock(from_us(NOON_US)))
    calling = Calling(there, lambda: [EMAIL])
    found = await calling.weighed([CALL], person, facts(), NOON_US)
    assert not found["call"].why, "nobody has looked yet"
    await there.look()
    found = await calling.weighed([CALL], person, facts(), NOON_US)
    assert found["call"].why.startswith("CALL_CENTER ") == is_called


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"there": False}, "NO_AGENT"),
        ({"person": somebody(identity_kinds=["email"])}, "NO_ADDRESS"),
        ({"person": somebody(refusals=["marketing:CALL_CENTER"])}, "NO_CONSENT"),
        ({"ledger": Ledger(CALL_CENTER="QUIET_HOURS")}, "QUIET_HOURS"),
        ({"person": somebody(0.0)}, "LESS_LIKELY"),
    ],
)
async def test_why_somebody_is_not_called_is_told(change, reason):
    found = await weighed(**{"person": somebody(), **change})
    assert found.why == ""
    [call] = found.passed_over
    assert (call.channel, call.reason) == (BY_TELEPHONE, reason)
    assert call.likelihood == found.likelihood > 0.0


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"carried": [SMS]}, "NO_CARRIER", "no carrier is set up"),
        ({"person": {"identity_kinds": ["phone"]}}, "NO_ADDRESS", "no address"),
        (
            {"person": {"consents": ["marketing:SMS", "marketing:CALL_CENTER"]}},
            "NO_CONSENT",
            "no consent",
        ),
        (
            {"ledger": Ledger(EMAIL="CONTACT_LIMIT")},
            "CONTACT_LIMIT",
            "approached as often as the contact limit allows",
        ),
    ],
)
async def test_a_message_that_cannot_be_sent_keeps_nobody_from_being_called(change, reason, code):
    rather_mailed = somebody(0.05, **change.pop("person", {}))
    rather_mailed.traits.channels.append(EMAIL)
    rather_mailed.traits.channel_shares.append(0.45)
    found = await weighed(rather_mailed, channels=(EMAIL, SMS, BY_TELEPHONE), **change)
    known = "CALL_CENTER 12%: nothing is known of answers there, 5% of what they do is there"
    assert found.why == f"{known}; rather than SMS 10%; not EMAIL: {reason}"
    others = {each.channel: (each.reason, round(each.likelihood, 2)) for each in found.passed_over}
    assert others == {SMS: ("LESS_LIKELY", 0.1), EMAIL: (code, 0.28)}


@pytest.mark.parametrize("is_silent", [False, True])
async def test_limits_that_leave_nothing_or_are_not_told_stand_in_nobodys_way(is_silent):
    ledger = Ledger(EMAIL="CONTACT_LIMIT", CALL_CENTER="CONTACT_LIMIT")
    ledger.is_silent = is_silent
    found = await weighed(somebody(), ledger=ledger)
    assert found.why.endswith("; rather than EMAIL 10%")


async def test_limits_are_asked_for_where_a_call_and_a_message_are_possible_alone():
    ledger = Ledger()
    await weighed(somebody(), ledger=ledger)
    assert ledger.asked == [("marketing", [EMAIL, BY_TELEPHONE])]
    await weighed(somebody(), ledger=ledger, there=False)
    await weighed(somebody(), ledger=ledger, carried=())
    assert len(ledger.asked) == 1
    stage = replace(CALL, send=MessageOrder((EMAIL, BY_TELEPHONE), "hello", purpose="service"))
    calling = Calling(Agents(), lambda: [EMAIL], ledger)
    who = somebody(consents=["marketing", "service"])
    await calling.weighed([stage], who, facts(), NOON_US)
    assert ledger.asked[1:] == [("service", [EMAIL]), ("marketing", [BY_TELEPHONE])]


def at_hours(*hours, time_zone="UTC", **fields):
    """Return whoever rather answers a call, and does most in these hours of their day."""
    person = somebody(time_zone=time_zone, **fields)
    person.traits.hours.extend(hours)
    return person


async def test_who_is_rather_called_is_called_in_an_hour_in_which_they_do_most():
    found = await weighed(at_hours(12, 15))
    assert found.later_us == 0, "it is one now"
    said = "; at 12:00, one of the hours in which they do most (12:00, 15:00); rather than EMAIL"
    assert said in found.why
    found = await weighed(at_hours(15, 17))
    assert found.later_us == NOON_US + 3 * HOUR_US
    assert "hours in which they do most" not in found.why, "as it would be called now"


@pytest.mark.parametrize(
    ("hours", "now_us", "in_hours"),
    [
        ((9, 15), NOON_US, 3),  # of several the next
        ((9, 20), NOON_US, 21),  # nobody works at eight in the evening
        ((20, 15), NOON_US + 8 * HOUR_US, 19),  # it is one of theirs now, but work is over
        ((20,), NOON_US, 0),  # in none of theirs anybody works: it is weighed now
        ((), NOON_US, 0),
        ((9,), NOON_US + 4 * DAY_US, 0),  # the next day is a Saturday
    ],
)
async def test_a_call_waits_at_most_a_day_for_an_hour_of_theirs_in_which_agents_work(
    hours, now_us, in_hours
):
    found = await weighed(at_hours(*hours), now_us=now_us)
    assert found.later_us == (now_us + in_hours * HOUR_US if in_hours else 0)


def test_an_hour_that_serves_from_its_half_on_begins_then():
    half_past_us = NOON_US + 3 * HOUR_US + HOUR_US // 2

    def serves(moment_us):
        return moment_us >= half_past_us

    assert likely_hour_us(Habits(hours=(15,)), NOON_US, 0, serves) == half_past_us


async def test_an_hour_is_theirs_by_their_clock_and_worked_by_that_of_the_deployment():
    # Noon in UTC is nine in the evening in Tokyo; at nine of their morning nobody works in UTC.
    assert (await weighed(at_hours(9, time_zone="Asia/Tokyo"))).later_us == 0
    assert (await weighed(at_hours(22, time_zone="Asia/Tokyo"))).later_us == NOON_US + HOUR_US


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        ({"there": False}, True),  # they come back to work
        ({"there": False, "lately": False}, False),
        ({"ledger": Ledger(CALL_CENTER="QUIET_HOURS")}, True),
        ({"person": at_hours(15, refusals=["marketing:CALL_CENTER"])}, False),
        ({"person": at_hours(15, identity_kinds=["email"])}, False),
        ({"person": at_hours(15, call_share=0.0)}, False),
    ],
)
async def test_an_hour_is_waited_for_where_a_call_may_win_in_it(change, waits):
    found = await weighed(**{"person": at_hours(15), **change})
    assert bool(found.later_us) == waits


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
