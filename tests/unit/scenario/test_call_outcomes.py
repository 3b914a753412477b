"""What comes of a call: when it is tried again, and what its own journey makes of its answer."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from services.rules.definitions.scenario_graph import ANSWERS
from services.scenario.domain.answering import answered
from services.scenario.domain.moments import another_hour
from services.scenario.domain.outcomes import MOST_TRIES, OUTCOMES, Next, Said, again_us, course_of
from services.scenario.domain.passage import begin, happened, look
from shared.clock import from_us
from tests.unit.scenario.playing import (
    COME_BACK,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOON_US,
    event,
    facts,
)
from tests.unit.scenario.writing import scenario, stage


def local(moment_us, zone="UTC"):
    return f"{from_us(moment_us).astimezone(ZoneInfo(zone)):%d %H:%M}"


@pytest.mark.parametrize(
    ("hour", "may_be_today", "then"),
    [
        (12, True, "02 16:00"),
        (16, True, "02 20:00"),
        (17, True, "03 13:00"),
        (3, True, "02 09:00"),
        (12, False, "03 09:00"),
        (9, False, "03 13:00"),
        (22, False, "03 18:00"),
        (2, False, "03 09:00"),
    ],
)
def test_another_hour_is_four_hours_away_and_within_the_day(hour, may_be_today, then):
    moment_us = NOON_US + (hour - 12) * HOUR_US
    assert local(another_hour(moment_us, "UTC", may_be_today=may_be_today)) == then


def test_hours_are_those_of_the_person():
    # Noon in UTC is four in the morning in Los Angeles, where the day begins at nine.
    moment_us = another_hour(NOON_US, "America/Los_Angeles", may_be_today=True)
    assert local(moment_us, "America/Los_Angeles") == "02 09:00"


def test_only_who_was_not_spoken_to_is_tried_again_and_only_so_often():
    again = {each for each in OUTCOMES if again_us(each, 0, NOON_US, "")}
    assert again == {"busy", "no_answer", "voicemail", "call_again"}
    assert again_us("busy", MOST_TRIES - 2, NOON_US, "") == NOON_US + 30 * MINUTE_US
    assert again_us("busy", MOST_TRIES - 1, NOON_US, "") == 0


def test_stages_may_name_every_outcome_that_agents_may_say():
    assert set(ANSWERS) == set(OUTCOMES)


def test_a_journey_that_goes_on_after_a_sale_does_not_end_by_the_word_of_its_own_agent():
    stages = (
        stage("site", offer="come_back", lasts=DAY_US),
        stage("call", call=True, answers={"sold": "thanks"}),
        stage("thanks", offer="come_back", lasts=DAY_US),
    )
    begun = begin(scenario(*stages), event("view"), "journey", NOON_US).journey
    called = look(look(begun, facts(), NOON_US).journey, facts(), NOON_US + DAY_US).journey
    said = Said("sold", offer_ids=("come_back",))
    step = answered(called, said, NOON_US + DAY_US)
    (told,) = [due.effect for due in step.effects]
    thanked = look(step.journey, facts(), NOON_US + DAY_US).journey
    accept = event("accept", NOON_US + DAY_US, offer_no=COME_BACK)
    assert happened(thanked, replace(accept, event_id=f"{told.key}.0"), NOON_US + DAY_US) is None
    assert happened(thanked, accept, NOON_US + DAY_US).journey.is_over


def test_a_call_without_offers_tells_the_log_nothing_but_that_the_number_is_wrong():
    called = begin(scenario(stage("call", call=True)), event("view"), "journey", NOON_US).journey
    called = look(called, facts(), NOON_US).journey
    assert answered(called, Said("sold"), NOON_US).effects == ()
    (due,) = answered(called, Said("wrong_person"), NOON_US).effects
    assert (due.effect.event_type, due.occurrence) == ("consent", 1)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_is_said_of_a_chat_ends_it_or_leads_on_and_only_a_time_makes_it_come_again(outcome):
    stages = stage("chat", task={"kind": "chat"}, lasts=HOUR_US), stage("then", lasts=DAY_US)
    begun = begin(scenario(*stages), event("view"), "journey", NOON_US).journey
    chatting = look(begun, facts(), NOON_US).journey
    later_us = NOON_US + DAY_US if outcome == "call_again" else 0
    step = answered(chatting, Said(outcome, later_us), NOON_US)
    led = look(step.journey, facts(), NOON_US) if not step.journey.is_over else step
    over = {"sold", "not_interested", "accepted", "declined", "done", "wrong_person"}
    if outcome in over:
        assert step.journey.is_over
    elif outcome == "call_again":
        assert step.journey.until_us == NOON_US + 2 * DAY_US
    else:
        assert led.journey.current.name == "then"
    assert not any(due.effect.event_type == "consent" for due in step.effects)


def test_who_left_the_chat_is_not_waited_for_at_another_hour():
    for outcome in OUTCOMES:
        is_tried = course_of("chat", outcome).next is Next.AGAIN
        assert is_tried is (outcome == "call_again")


@pytest.mark.parametrize(
    ("kind", "taught"), [("call_back", "d-1"), ("chat", "d-1"), ("call", ""), ("follow_up", "")]
)
def test_a_call_that_was_asked_for_teaches_the_decision_that_it_goes_on_from(kind, taught):
    began = replace(event("view"), values={"event.decision_id": "d-1"})
    called = begin(scenario(stage("call", task={"kind": kind})), began, "j", NOON_US).journey
    called = look(called, facts(), NOON_US).journey
    (due,) = answered(called, Said("not_interested", offer_ids=("x",)), NOON_US).effects
    assert due.effect.decision_id == taught
    named = Said("sold", offer_ids=("x",), decision_id="d-2")
    (due,) = answered(called, named, NOON_US).effects
    assert due.effect.decision_id == "d-2"
