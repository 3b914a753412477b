"""What the language of scenarios says: stages that lead to each other by what is so and happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scenario.domain.answering import answered
from services.scenario.domain.carts import Cart
from services.scenario.domain.conditions import values_of
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.outcomes import Said
from services.scenario.domain.passage import begin, happened, look, needs_person
from services.scenario.domain.walking import MOST_STAGES
from tests.unit.scenario.playing import ADA, CART, DAY_US, HOUR_US, NOON_US
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1 import rules_pb2 as pb

OFFERS = {"mild": 5, "better": 6, "best": 7}
PERSON = {
    "customer.segments": ["lapsed"],
    "customer.persona": "gardener",
    "customer.value_tier": "top",
    "customer.cart_value_micros": 0,
}


def facts(**changes):
    found = Facts(
        is_defined=True, offers=OFFERS, ends={}, situation_holds=True, person=dict(PERSON)
    )
    return replace(found, **changes)


def event(type_="view", time_us=NOON_US, offer_no=0, **values):
    read = {"event.type": type_, "event.value_micros": 0, "event.category": "", "event.stock": -1}
    read |= {f"event.{name}": value for name, value in values.items()}
    return Happened(ADA, type_, time_us, offer_no, read)


def begun(*stages, found=None, journey_id="j", person_id=ADA, **fields):
    """Return the first step of a journey, as soon as it may begin."""
    first = replace(event(), person_id=person_id)
    step = begin(scenario(*stages, **fields), first, journey_id, NOON_US)
    return look(step.journey, found or facts(), NOON_US)


def kinds(step):
    return [due.effect.kind for due in step.effects]


def test_a_stage_that_waits_for_nothing_is_passed_through():
    step = begun(
        stage("mark", set={"asked": "yes"}, note="Asked for advice."),
        stage("mail", send="welcome"),
        stage("site", offer="mild"),
    )
    assert kinds(step) == ["attributes", "note", "message", "proposal"]
    assert [due.occurrence for due in step.effects] == [1, 1, 2, 3]
    assert (step.journey.current.name, step.journey.messages) == ("site", 1)


def test_the_first_way_that_applies_is_taken_and_else_the_following_stage():
    ways = [
        {"condition": 'customer.value_tier == "low"', "to": "c"},
        {"condition": 'customer.value_tier == "top"', "to": "b"},
    ]
    stages = stage("a", next=ways), stage("x", offer="mild"), stage("b", offer="better"), stage("c")
    assert begun(*stages).journey.current.name == "b"
    other = facts(person={**PERSON, "customer.value_tier": "medium"})
    assert begun(*stages, found=other).journey.current.name == "x"


def test_shares_are_drawn_alike_in_whatever_run_and_come_out_as_written():
    stages = (
        stage("a", next=[{"share": 0.25, "to": "b"}, {"share": 0.25, "to": "c"}]),
        stage("rest", offer="mild"),
        stage("b", offer="better"),
        stage("c", offer="best"),
    )
    came = [begun(*stages, person_id=f"p{n}").journey.current.name for n in range(2000)]
    again = [begun(*stages, person_id=f"p{n}", journey_id="k") for n in range(50)]
    again = [step.journey.current.name for step in again]
    assert came[:50] == again
    shares = {name: came.count(name) / len(came) for name in ("rest", "b", "c")}
    assert shares == pytest.approx({"rest": 0.5, "b": 0.25, "c": 0.25}, abs=0.04)


def test_a_way_to_the_end_ends_it_by_its_authors_word():
    step = begun(stage("a", next=[{"to": "end", "as": "nothing_to_say"}]))
    assert (step.journey.outcome, step.journey.ended_as) == (Outcome.PASSED, "nothing_to_say")


def test_a_stage_whose_condition_does_not_hold_is_passed_over_to_what_stands_in_its_place():
    stages = (
        stage("a", offer="mild", condition='customer.value_tier == "low"', otherwise="c"),
        stage("b", offer="better"),
        stage("c", offer="best"),
    )
    assert begun(*stages).journey.current.name == "c"


def test_an_event_that_a_stage_waits_for_leads_to_its_stage_at_once():
    stages = (
        stage("a", offer="mild", on=[{"on": ["email_click"], "to": "c"}], lasts=DAY_US),
        stage("b", offer="better"),
        stage("c", offer="best"),
    )
    offered = begun(*stages).journey
    led = happened(offered, event("email_click", NOON_US + HOUR_US), NOON_US + HOUR_US).journey
    assert led.due_us == NOON_US + HOUR_US
    assert look(led, facts(), led.due_us).journey.current.name == "c"
    timed_out = look(offered, facts(), NOON_US + DAY_US).journey
    assert timed_out.current.name == "b"


def test_an_event_matters_only_where_its_condition_holds():
    wanted = {"on": ["search"], "where": 'event.category.startsWith("PCs")', "to": "end"}
    offered = begun(stage("a", offer="mild", on=[wanted])).journey
    later_us = NOON_US + HOUR_US
    assert happened(offered, event("search", later_us, category="Shoes"), later_us) is None
    step = happened(offered, event("search", later_us, category="PCs > Laptops"), later_us)
    assert step.journey.outcome is Outcome.LEFT


def test_answers_lead_where_the_stage_says_and_end_it_where_it_says_nothing():
    stages = (
        stage("a", offer="mild", answers={"declined": "b"}),
        stage("b", offer="better"),
    )
    offered = begun(*stages).journey
    no = event("decline", NOON_US + 1, offer_no=OFFERS["mild"])
    led = happened(offered, no, NOON_US + 1).journey
    assert look(led, facts(), NOON_US + 1).journey.current.name == "b"
    yes = event("accept", NOON_US + 1, offer_no=OFFERS["mild"])
    assert happened(offered, yes, NOON_US + 1).journey.outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("outcome", "then"), [("busy", "later"), ("no_answer", "mail"), ("reached", "mail")]
)
def test_outcomes_of_a_call_lead_where_the_stage_says_and_on_where_nobody_was_reached(
    outcome, then
):
    stages = (
        stage("call", call=True, answers={"busy": "later"}),
        stage("mail", offer="mild"),
        stage("later", lasts=HOUR_US, next=[{"to": "call"}]),
    )
    led = answered(begun(*stages).journey, Said(outcome), NOON_US + 1).journey
    after = look(led, facts(), NOON_US + 1).journey
    assert (after.current.name, after.answer) == (then, outcome)


def test_the_second_time_round_a_stage_brings_its_effect_about_again():
    stages = (
        stage("call", call=True, lasts=HOUR_US, next=[{"to": "call"}]),
        stage("x", offer="mild"),
    )
    first = begun(*stages)
    second = look(first.journey, facts(), NOON_US + HOUR_US)
    keys = [(due.stage, due.occurrence) for step in (first, second) for due in step.effects]
    assert keys == [(0, 1), (0, 2)]


def test_stages_that_circle_without_a_pause_are_stopped():
    step = begun(stage("a", next=[{"to": "b"}]), stage("b", next=[{"to": "a"}]))
    assert step.journey.outcome is Outcome.CIRCLED
    assert step.journey.occurrence == MOST_STAGES


@pytest.mark.parametrize("stops", ["goal", "exit"])
def test_a_goal_and_an_exit_end_it_in_whatever_stage_where_their_condition_holds(stops):
    where = "event.value_micros > 100"
    exits = [pb.Scenario().exits.add(on=["buy"], where=where, **{"as": "bought"})]
    fields = {"goals": ["buy"], "goal_where": where} if stops == "goal" else {"exits": exits}
    offered = begun(stage("a", offer="mild"), **fields).journey
    later_us = NOON_US + 1
    assert happened(offered, event("buy", later_us, value_micros=100), later_us) is None
    over = happened(offered, event("buy", later_us, value_micros=101), later_us).journey
    assert over.outcome is (Outcome.REACHED if stops == "goal" else Outcome.LEFT)
    assert over.ended_as == ("" if stops == "goal" else "bought")


def test_only_the_events_that_it_waits_without_break_its_silence():
    quiet = pb.Scenario().quiet_for
    quiet.FromMicroseconds(3 * DAY_US)
    made = scenario(stage("a", offer="mild"), quiet_of=["login"], quiet_for=quiet)
    waiting = begin(made, event(), "j", NOON_US).journey
    assert happened(waiting, event("view", NOON_US + DAY_US), NOON_US) is None
    pushed = happened(waiting, event("login", NOON_US + DAY_US), NOON_US).journey
    assert pushed.due_us == NOON_US + 4 * DAY_US


def test_it_begins_only_with_events_for_which_its_condition_holds():
    made = scenario(stage("a", offer="mild"), where='event.category == "PCs"')
    assert begin(made, event(category="Shoes"), "j", NOON_US) is None
    assert begin(made, event(category="PCs"), "j", NOON_US) is not None


def test_before_it_came_often_enough_it_is_noted_and_entered_when_it_has():
    times = pb.Scenario().occasions
    times.at_least = 2
    times.within.FromMicroseconds(30 * DAY_US)
    first = begun(stage("a", offer="mild"), occasions=times)
    assert (first.journey.outcome, kinds(first)) == (Outcome.NOTED, ["occasion"])
    second = begun(stage("a", offer="mild"), occasions=times, found=facts(occasions=1))
    assert kinds(second) == ["occasion", "proposal"]


@pytest.mark.parametrize(
    ("segments", "personas", "enters"),
    [
        ((), (), True),
        (("lapsed",), (), True),
        (("new",), (), False),
        (("new",), ("gardener",), True),
    ],
)
def test_it_is_for_the_segments_and_personas_that_it_names(segments, personas, enters):
    made = scenario(stage("a", offer="mild"), segments=segments, personas=personas)
    holds = made.when.holds(hesitating=False, cart=facts().cart, values=PERSON)
    assert holds is enters


def test_until_a_time_of_day_on_a_working_day_of_the_persons_own():
    until = {"at": "10:00", "workingDay": True}
    friday_us = NOON_US + 4 * DAY_US  # 2026-03-06, 12:00 UTC
    made = scenario(stage("a", until=until), stage("b", offer="mild"))
    step = begin(made, replace(event(), time_us=friday_us), "j", friday_us)
    found = facts(time_zone="America/New_York", holidays=frozenset({"2026-03-09"}))
    waiting = look(step.journey, found, friday_us).journey
    # Friday 07:00 there: today at 10:00. From noon there on: Tuesday, for Monday is a holiday.
    assert waiting.until_us == friday_us + 3 * HOUR_US
    later_us = friday_us + 5 * HOUR_US
    step = begin(made, replace(event(), time_us=later_us), "j", later_us)
    waiting = look(step.journey, found, later_us).journey
    # Summer time begins on Sunday: 10:00 is an hour earlier in UTC by then.
    assert waiting.until_us == friday_us + 4 * DAY_US + 2 * HOUR_US


SPOKEN = replace(facts(), titles={3: "Trail shoes", 4: "Wool socks"}, currency="EUR")
TELLS_CART = stage("a", lasts=DAY_US, task={"kind": "call", "script": "{cart}, {cart_value}."})


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Cart((3,), (1.0,), 50_000_000), "Trail shoes, 50 EUR."),
        (Cart((), (), 0), "Trail shoes and 2 × Wool socks, 149.90 EUR."),
    ],
)
def test_a_task_speaks_of_the_cart_of_now_if_there_is_anything_in_it(now, said):
    waits = stage("w", lasts=HOUR_US)
    first = replace(begun(waits, TELLS_CART).journey, cart=CART)
    assert needs_person(first, first.until_us)
    (due,) = look(first, replace(SPOKEN, cart=now), first.until_us).effects
    assert due.effect.script == said


def test_a_condition_that_cannot_be_evaluated_parks_it_with_the_reason_and_is_tried_again():
    ways = [{"condition": 'customer.attributes["plan"] == "x"', "to": "b"}]
    stages = stage("a", next=ways), stage("b", offer="mild")
    parked = begun(*stages, found=facts(person={**PERSON, "customer.attributes": {}}))
    assert parked.journey.phase is Phase.PARKED
    assert "condition after stage a" in parked.journey.obstacle
    known = facts(person={**PERSON, "customer.attributes": {"plan": "x"}})
    again = look(parked.journey, known, parked.journey.due_us)
    assert again.journey.current.name == "b"
    assert needs_person(parked.journey, parked.journey.due_us)


def test_profile_is_asked_only_where_something_reads_the_person():
    stages = (
        stage("a", offer="mild", lasts=HOUR_US),
        stage("b", call=True, lasts=HOUR_US),
        stage("c", offer="best", condition='"lapsed" in customer.segments'),
    )
    first = begun(*stages).journey
    assert not needs_person(first, first.until_us)
    second = look(first, facts(person=None), first.until_us).journey
    assert needs_person(second, second.until_us)


def test_offers_of_which_the_ranker_chooses_are_proposed_together_as_far_as_they_can_be_had():
    step = begun(stage("a", propose={"offers": ["mild", "gone", "best"]}))
    assert step.journey.offer_nos == (OFFERS["mild"], OFFERS["best"])
    fewer = replace(facts(), offers={"best": 7})
    stayed = look(replace(step.journey, due_us=NOON_US), fewer, NOON_US)
    assert stayed.journey.offer_nos == (7,)
    assert (stayed.journey.occurrence, stayed.is_visible) == (1, True)


def test_no_more_messages_are_sent_than_a_journey_may():
    limits = pb.Scenario().limits
    limits.messages = 1
    step = begun(
        stage("a", send="one"), stage("b", send="two"), stage("c", offer="mild"), limits=limits
    )
    assert kinds(step) == ["message", "proposal"]


def edition(*stages, moves=(), takes_over=True):
    made = [pb.Scenario().moves.add(**{"from": old, "to": new}) for old, new in moves]
    return scenario(*stages, moves=made, takes_over=takes_over)


def test_people_under_way_go_on_by_the_edition_that_takes_over_from_the_stage_they_are_in():
    old = begun(stage("a", offer="mild", lasts=DAY_US), stage("b", offer="better")).journey
    newer = edition(stage("first", offer="best"), stage("a", offer="mild", lasts=DAY_US))
    step = look(old, facts(newer=newer), old.due_us)
    assert step.changes_edition
    assert step.journey.outcome is Outcome.PASSED, "a is the last stage of the newer edition"


@pytest.mark.parametrize(("to", "outcome"), [("b", Outcome.NONE), ("end", Outcome.LEFT)])
def test_a_stage_that_was_taken_out_leads_where_the_edition_says(to, outcome):
    old = begun(stage("a", offer="mild", lasts=DAY_US)).journey
    newer = edition(stage("b", offer="best"), moves=[("a", to)])
    step = look(replace(old, due_us=NOON_US), facts(newer=newer), NOON_US)
    assert step.journey.outcome is outcome
    assert outcome is Outcome.LEFT or step.journey.current.name == "b"


def test_a_stage_of_which_the_newer_edition_says_nothing_is_finished_on_its_own():
    old = begun(stage("a", offer="mild", lasts=DAY_US), stage("b", offer="better")).journey
    newer = edition(stage("x", offer="best"))
    step = look(old, facts(newer=newer), old.due_us)
    assert step.journey.current.name == "b"
    assert not step.changes_edition


def test_in_shadow_it_goes_its_way_and_proposes_nothing():
    step = begun(stage("a", offer="mild"), mode=pb.RuleMode.SHADOW)
    assert (step.journey.current.name, step.journey.proposal) == ("a", None)


def test_conditions_read_how_far_it_came():
    journey = begun(stage("a", offer="mild", lasts=DAY_US)).journey
    read = values_of(journey, facts(stock=3), NOON_US + 36 * HOUR_US)
    assert read["journey.days"] == pytest.approx(1.5)
    assert (read["journey.stage"], read["journey.stock"]) == ("a", 3)
    assert read["event.type"] == "view"
