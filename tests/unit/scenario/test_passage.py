"""The state machine of a journey, step by step."""

from dataclasses import replace

import pytest

from services.scenario.domain.answering import answered
from services.scenario.domain.effects import GiveTask, ProposeOffer
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.outcomes import Said
from services.scenario.domain.passage import begin, end, happened, look, needs_person
from tests.unit.scenario.playing import (
    CART,
    COME_BACK,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOON_US,
    abandoned_cart,
    event,
    facts,
)

QUIET_US = NOON_US + 30 * MINUTE_US


def brought_about(step):
    """What a step brings about, without the keys that it is written under."""
    return [due.effect for due in step.effects]


@pytest.fixture
def quiet():
    return begin(abandoned_cart(), event(), "journey", NOON_US).journey


@pytest.fixture
def offered(quiet):
    return look(quiet, facts(), QUIET_US).journey


@pytest.fixture
def called(offered):
    return look(offered, facts(), offered.due_us).journey


def test_an_event_that_begins_it_is_followed_by_the_wait_for_quiet(quiet):
    assert (quiet.phase, quiet.due_us) == (Phase.QUIET, QUIET_US)


@pytest.mark.parametrize(("event_type", "age_us"), [("view", 0), ("add_to_cart", DAY_US + 1)])
def test_another_event_and_one_older_than_a_day_begin_nothing(event_type, age_us):
    assert begin(abandoned_cart(), event(event_type), "journey", NOON_US + age_us) is None


def test_each_event_of_the_person_pushes_the_quiet_back(quiet):
    pushed = happened(quiet, event("view", NOON_US + 10 * MINUTE_US), NOON_US)
    assert pushed.journey.due_us == QUIET_US + 10 * MINUTE_US
    assert not pushed.is_visible
    assert look(pushed.journey, facts(), QUIET_US) is None


def test_a_message_sent_to_the_person_does_not_push_the_quiet_back(quiet):
    assert happened(quiet, event("contact_sent", NOON_US + MINUTE_US), NOON_US) is None


def test_an_event_that_comes_late_does_not_pull_the_quiet_forward(quiet):
    later = happened(quiet, event("view", NOON_US + 10 * MINUTE_US), NOON_US).journey
    assert happened(later, event("view", NOON_US + MINUTE_US), NOON_US) is None


def test_when_it_is_quiet_and_the_situation_holds_the_first_stage_proposes(quiet):
    step = look(quiet, facts(), QUIET_US)
    assert brought_about(step) == [ProposeOffer((COME_BACK,))]
    journey = step.journey
    assert journey.proposal.placements == ("web.home.banner", "web.cart")
    assert (journey.offer_nos, journey.cart) == ((COME_BACK,), CART)
    assert journey.due_us == QUIET_US + 2 * DAY_US


def test_when_the_situation_does_not_hold_any_more_it_ends_without_an_effect(quiet):
    step = look(quiet, facts(situation_holds=False), QUIET_US)
    assert (step.journey.outcome, step.effects) == (Outcome.NOT_SO, ())


def test_without_an_answer_in_its_time_the_call_follows_and_says_what_lies_in_the_cart(offered):
    step = look(offered, facts(), offered.due_us)
    (task,) = brought_about(step)
    assert isinstance(task, GiveTask)
    assert task.script == "You had Trail shoes and 2 × Wool socks, worth 149.90 EUR."
    assert task.offer_ids == ("come_back",)
    assert task.expires_us == offered.due_us + 3 * DAY_US
    assert step.journey.proposal is None


@pytest.mark.parametrize("locale", ["", "de"])
@pytest.mark.parametrize(
    ("kind", "is_told"), [("call", False), ("call_back", False), ("chat", True)]
)
def test_a_call_to_somebody_not_made_sure_of_says_nothing_of_the_cart(
    offered, kind, is_told, locale
):
    site, call = offered.scenario.stages
    order = replace(
        call.task,
        kind=kind,
        script="You had {cart}. May I help?",
        scripts=(("de", "Sie hatten {cart}. Darf ich helfen?"),),
    )
    stages = (site, replace(call, task=order))
    told = replace(offered, scenario=replace(offered.scenario, stages=stages))
    unsure = replace(facts(), locale=locale, calls_may_be_personal=False)
    (task,) = brought_about(look(told, unsure, told.due_us))
    assert ("Trail shoes" in task.script) is is_told
    assert is_told or task.script == ("Darf ich helfen?" if locale else "May I help?")


def test_the_call_is_scripted_in_the_language_of_the_person(offered):
    site, call = offered.scenario.stages
    scripted = replace(call, task=replace(call.task, scripts=(("de", "Sie hatten {cart}."),)))
    told = replace(offered, scenario=replace(offered.scenario, stages=(site, scripted)))
    assert needs_person(told, told.due_us)
    step = look(told, replace(facts(), locale="de-DE"), told.due_us)
    (task,) = brought_about(step)
    assert task.script == "Sie hatten Trail shoes und 2 × Wool socks."
    words = {3: {"de": "Laufschuhe", "es": "Zapatillas"}, 4: {"es": "Calcetines"}}
    found = replace(facts(), locale="de-DE", titles_by_language=words)
    (task,) = brought_about(look(told, found, told.due_us))
    assert task.script == "Sie hatten Laufschuhe und 2 × Wool socks."
    (task,) = brought_about(look(told, replace(found, locale="es"), told.due_us))
    assert task.script.startswith("You had Trail shoes and 2 × Wool socks"), "in one language"


def test_a_call_that_nobody_made_in_its_time_ends_the_journey(called):
    step = look(called, facts(), called.due_us)
    assert (step.journey.outcome, step.effects) == (Outcome.PASSED, ())


@pytest.mark.parametrize("stage", ["quiet", "offered", "called"])
def test_a_goal_ends_it_in_whatever_stage(stage, request):
    journey = request.getfixturevalue(stage)
    step = happened(journey, event("purchase", NOON_US + 9 * DAY_US), NOON_US + 9 * DAY_US)
    assert step.journey.outcome is Outcome.REACHED


def test_a_goal_from_before_it_began_does_not_end_it(quiet):
    assert happened(quiet, event("purchase", NOON_US - 1), NOON_US) is None


@pytest.mark.parametrize("answer", ["accept", "decline"])
@pytest.mark.parametrize("stage", ["offered", "called"])
def test_an_answer_to_its_offer_ends_it_as_answered(stage, answer, request):
    journey = request.getfixturevalue(stage)
    step = happened(journey, event(answer, NOON_US + DAY_US, offer_no=COME_BACK), NOON_US)
    assert step.journey.outcome is Outcome.ANSWERED


def test_an_answer_to_another_offer_changes_nothing(offered):
    step = happened(offered, event("decline", NOON_US + DAY_US, offer_no=COME_BACK + 1), NOON_US)
    assert step is None


@pytest.mark.parametrize("outcome", ["accepted", "declined", "done"])
def test_the_outcome_of_its_task_ends_it(called, outcome):
    step = answered(called, Said(outcome), called.entered_us)
    assert step.journey.outcome is Outcome.ANSWERED


def test_nobody_reached_leads_past_the_last_stage(called):
    led = answered(called, Said("not_reached"), called.entered_us).journey
    assert look(led, facts(), called.entered_us).journey.outcome is Outcome.PASSED


def test_a_task_outcome_means_nothing_to_a_journey_that_proposes(offered):
    assert answered(offered, Said("done"), offered.entered_us) is None


def test_with_its_offer_gone_a_later_stage_that_needs_none_is_entered_at_once(quiet):
    plain = replace(quiet.scenario.stages[1].task, offer_ids=())
    stages = (quiet.scenario.stages[0], replace(quiet.scenario.stages[1], task=plain))
    journey = replace(quiet, scenario=replace(quiet.scenario, stages=stages))
    step = look(journey, facts(offers={}), QUIET_US)
    assert step.journey.current.name == "call"
    assert isinstance(brought_about(step)[0], GiveTask)


def test_with_every_offer_gone_it_is_parked_with_the_reason_and_goes_on_when_it_is_back(quiet):
    parked = look(quiet, facts(offers={}), QUIET_US)
    assert parked.journey.phase is Phase.PARKED
    assert "come_back" in parked.journey.obstacle
    assert parked.effects == ()
    again_us = parked.journey.due_us
    assert again_us == QUIET_US + HOUR_US
    step = look(parked.journey, facts(), again_us)
    assert brought_about(step) == [ProposeOffer((COME_BACK,))]
    assert step.journey.obstacle == ""


def test_an_offer_that_ends_while_it_is_proposed_parks_the_journey(quiet):
    ends_us = QUIET_US + HOUR_US
    offered = look(quiet, facts(ends={"come_back": ends_us}), QUIET_US).journey
    assert offered.due_us == ends_us
    parked = look(offered, facts(offers={}), ends_us).journey
    assert (parked.phase, parked.offer_nos) == (Phase.PARKED, ())
    assert parked.until_us == offered.until_us


def test_what_is_parked_is_given_up_when_its_stage_would_have_ended(quiet):
    journey = look(quiet, facts(offers={}), QUIET_US).journey
    looks = 0
    while not journey.is_over:
        journey = look(journey, facts(offers={}), journey.due_us).journey
        looks += 1
        assert looks <= 49
    assert journey.outcome is Outcome.OBSTRUCTED
    assert journey.ended_us == QUIET_US + 2 * DAY_US


def test_without_its_scenario_it_is_parked_and_the_offer_is_proposed_no_more(offered):
    journey = replace(offered, due_us=offered.entered_us)
    step = look(journey, facts(is_defined=False), offered.entered_us)
    assert (step.journey.phase, step.journey.offer_nos) == (Phase.PARKED, ())
    assert "not in force" in step.journey.obstacle


def test_a_parked_journey_that_never_began_asks_for_the_situation_again(quiet):
    parked = look(quiet, facts(offers={}), QUIET_US).journey
    step = look(parked, facts(situation_holds=False), parked.due_us)
    assert step.journey.outcome is Outcome.NOT_SO


def test_a_journey_that_rests_is_not_looked_at(quiet):
    assert look(replace(quiet, dormant=True), facts(), QUIET_US) is None


def test_what_is_over_stays_over(called):
    over = end(called, Outcome.REACHED, NOON_US).journey
    assert happened(over, event("purchase", NOON_US + DAY_US), NOON_US + DAY_US) is None
    assert look(replace(over, due_us=1), facts(), NOON_US + DAY_US) is None
    assert answered(over, "done", NOON_US) is None
