"""Back-tests: what scenarios would have done with the past of some people."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cli.backtest.gathering import bundle_of, with_offers
from cli.backtest.past import Past, Persons
from cli.backtest.playing import Span
from cli.backtest.running import World, only, run
from cli.backtest.stage import Definitions
from cli.showing.backtest import show_backtest
from services.profile.domain.event import Event
from services.profile.replaying_people import columns_of
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.rules_pb2 import DefinitionFile
from touchpoint.rules.v1.scenarios_pb2 import ScenarioAim

NOON_US = 1_772_452_800_000_000
"""Monday, 2 March 2026."""
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
SHOE = 1
ADA, BOB, EVE = "ada", "bob", "eve"
SCENARIOS = """
placements:
  - placement: web.home.banner
    channel: WEB
    limit: 1
    kinds: [PROMOTION, CONTENT]
    default_offers: [usual]
offers:
  - {offer_id: usual, kind: CONTENT, title: As usual, is_default: true}
  - {offer_id: come_back, kind: PROMOTION, title: Come back}
scenarios:
  - scenario: left_behind
    title: A cart left behind
    starts_on: [add_to_cart]
    when: {cart_above: 50}
    quiet_for: 30m
    goals: [purchase]
    limits: {per_day: 1}
    stages:
      - stage: on_the_site
        propose: {offer: come_back}
        lasts: 2d
      - stage: call
        task: {kind: call, reason: Left a cart., script: You had a cart., skills: [sales]}
        lasts: 3d
  - scenario: second_view
    starts_on: [view]
    count: {at_least: 2, within: 1d}
    condition: customer.frequency > 0
    stages:
      - stage: note
        set: {seen: twice}
      - stage: wait
        condition: customer.attributes["seen"] == "twice"
        lasts: 1h
"""


@pytest.fixture
def catalogue():
    made = Catalogue(details=True, variants=True)
    row = CatalogueRow(
        offer_no=SHOE,
        offer_id="shoe",
        kind=OfferKind.PRODUCT,
        family_no=SHOE,
        category="Shoes",
        price_micros=80_000_000,
        cost_micros=-1,
        stock=-1,
    )
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=[row]))
    return made


def definitions(catalogue, text=SCENARIOS):
    checked = bundle_of([DefinitionFile(path="all.yaml", text=text)], catalogue)
    assert checked.bundle is not None, checked.problems
    with_offers(catalogue, checked.bundle.offers)
    return Definitions.of(checked.bundle)


def event(kind, at_us, **more):
    price = {"price_micros": 80_000_000, "value_micros": 80_000_000}
    return Event(NOON_US + at_us, kind, int(Channel.WEB), SHOE, SHOE, "Shoes", **price, **more)


def world(catalogue, *happened, sets=()):
    persons = Persons(sets)
    past = Past(persons, catalogue)
    past.add(columns_of((person_id, made, "") for person_id, made in happened))
    return World(catalogue, past, persons)


def backtest(catalogue, *happened, since_us=0, until_us=10 * DAY_US, sets=(), text=SCENARIOS):
    made = definitions(catalogue, text)
    span = Span(NOON_US + since_us, NOON_US + until_us)
    told = []
    found = run(world(catalogue, *happened, sets=sets), made, span, lambda *far: told.append(far))
    assert told[-1] == (len(happened), len(happened))
    return {each.report.scenario: each for each in found.report.scenarios}, found.report


def ends(told):
    return {(end.outcome, end.journeys) for end in told.report.ends}


def test_who_leaves_a_cart_behind_enters_and_each_stage_has_its_time(catalogue):
    found, report = backtest(catalogue, (ADA, event("add_to_cart", 0)))
    left = found["left_behind"]
    assert (left.report.began, left.report.entered) == (1, 1)
    assert [(stage.stage, stage.entered) for stage in left.report.stages] == [
        ("on_the_site", 1),
        ("call", 1),
    ]
    assert [(task.outcome, task.tasks) for task in left.report.stages[1].tasks] == [("expired", 1)]
    assert [(day.day, day.entries, day.tasks) for day in left.days] == [
        ("2026-03-02", 1, 0),
        ("2026-03-04", 0, 1),
    ]
    assert (report.events, report.events_moving, report.people) == (1, 1, 1)


def test_whoever_came_when_there_was_no_room_is_told_apart_with_what_they_did(catalogue):
    found, _ = backtest(
        catalogue,
        (ADA, event("add_to_cart", 0)),
        (BOB, event("add_to_cart", 1)),
        (EVE, event("add_to_cart", 2)),
        (BOB, event("purchase", DAY_US)),
    )
    groups = {each.group: (each.people, each.reached) for each in found["left_behind"].groups}
    assert groups == {"entered": (1, 0), "full": (2, 1)}
    assert ("full", 2) in ends(found["left_behind"])


def test_the_mean_order_by_which_the_goal_was_reached_is_told_where_that_is_the_aim(catalogue):
    text = SCENARIOS.replace("    quiet_for", "    aim: ORDER_VALUE\n    quiet_for")
    text = text.replace("limits: {per_day: 1}", 'goal_where: journey.persona == ""')
    happened = [(name, event("add_to_cart", at)) for at, name in enumerate((ADA, BOB, EVE))]
    bought = [(name, event("purchase", DAY_US)) for name in (ADA, BOB)]
    found, report = backtest(catalogue, *happened, *bought, text=text)
    told = found["left_behind"]
    assert told.report.aim == ScenarioAim.ORDER_VALUE
    [group] = told.groups
    assert (group.reached, group.mean_value_micros) == (2, 80_000_000)
    out = io.StringIO()
    show_backtest(Console(file=out, width=160), report)
    assert "Aim: larger orders." in out.getvalue()
    assert "mean order" in out.getvalue()
    assert "80.00" in out.getvalue()


def test_who_bought_before_is_known_though_nothing_began_then(catalogue):
    seen = [(ADA, event("view", DAY_US + n)) for n in range(2)]
    bought = (ADA, event("purchase", 0, order_id="o1"))
    found, report = backtest(catalogue, bought, *seen, since_us=DAY_US)
    assert (report.events_before, report.events) == (1, 2)
    assert found["second_view"].report.entered == 1
    assert not backtest(catalogue, *seen)[0]["second_view"].report.entered


def test_what_a_stage_sets_is_known_to_the_conditions_after_it(catalogue):
    seen = [(ADA, event("view", DAY_US + n)) for n in range(2)]
    found, _ = backtest(catalogue, (ADA, event("purchase", 0, order_id="o1")), *seen)
    stages = {stage.stage: stage for stage in found["second_view"].report.stages}
    assert [(each.kind, each.state) for each in stages["note"].errands] == [("attributes", "sent")]


def test_who_is_one_person_has_one_past(catalogue):
    happened = (ADA, event("add_to_cart", 0)), (BOB, event("purchase", MINUTE_US))
    alone, _ = backtest(catalogue, *happened)
    assert alone["left_behind"].report.entered == 1
    together, _ = backtest(catalogue, *happened, sets=[(ADA, BOB)])
    assert ends(together["left_behind"]) == {("reached", 1)}


def test_no_more_tasks_are_given_in_a_day_than_agents_can_do(catalogue):
    text = SCENARIOS.replace("limits: {per_day: 1}", "limits: {per_day: 9}")
    made, span = definitions(catalogue, text), Span(NOON_US, NOON_US + 10 * DAY_US)
    happened = [(name, event("add_to_cart", at)) for at, name in enumerate((ADA, BOB, EVE))]
    for calls_per_day, given in ((0, [3]), (2, [2, 1])):
        crowd = replace(world(catalogue, *happened), calls_per_day=calls_per_day)
        report = run(crowd, made, span, lambda done, total: None).report
        (left, _) = report.scenarios
        assert [day.tasks for day in left.days if day.tasks] == given
        assert report.calls_per_day == calls_per_day


def test_events_are_played_in_the_order_in_which_they_happened(catalogue):
    happened = (ADA, event("purchase", MINUTE_US)), (ADA, event("add_to_cart", 0))
    found, _ = backtest(catalogue, *happened)
    assert ends(found["left_behind"]) == {("reached", 1)}


def test_only_the_scenarios_named_are_played(catalogue):
    made = only(definitions(catalogue), ["second_view"])
    assert list(made.playbook.scenarios) == ["second_view"]
    assert set(made.playbook.starting) == {"view"}
    with pytest.raises(KeyError, match="third"):
        only(made, ["third"])


def test_what_is_shown_says_entries_ends_tasks_and_caveats(catalogue):
    _, report = backtest(catalogue, (ADA, event("add_to_cart", 0)))
    out = io.StringIO()
    show_backtest(Console(file=out, width=160), report)
    shown = out.getvalue()
    for said in (
        "1 event from 2026-03-02 12:00 to 2026-03-12 12:00 UTC, of which 1 (100.0%) move a journey",
        "1 began, 1 entered the first stage",
        "every stage had its time",
        "task expired 1",
        "Nobody works on tasks",
        "lived through their past without these scenarios",
    ):
        assert said in shown, shown


def test_how_often_it_happens_is_told_with_who_they_were_and_what_lay_in_their_carts(catalogue):
    people = [f"p{number}" for number in range(6)]
    carts = [(name, event("add_to_cart", n * HOUR_US)) for n, name in enumerate(people)]
    bought = (EVE, event("purchase", DAY_US, order_id="o1"))
    text = SCENARIOS + "segments:\n  - {segment: new, when: customer.frequency == 0}\n"
    found, report = backtest(catalogue, *carts, bought, text=text)
    often = found["left_behind"].how_often
    assert (often.entries, often.people, often.busiest_day, often.days) == (6, 6, 6, 10.0)
    assert (often.with_cart, often.cart_micros) == (6, 6 * 80_000_000)
    groups = {(each.kind, each.name): each.people for each in often.groups}
    assert groups["segment", "new"] == 6
    out = io.StringIO()
    show_backtest(Console(file=out, width=160), report)
    assert "It happens once in 1.7 days: 6 times in 10 days to 6 people" in out.getvalue()


def test_an_entry_without_a_cart_is_worth_the_mean_order(catalogue):
    people = [f"p{number}" for number in range(5)]
    seen = [(name, event("view", DAY_US + n)) for name in people for n in range(2)]
    two = [(name, event("purchase", at, order_id="o1")) for name in people for at in (0, 1)]
    found, _ = backtest(catalogue, *two, *[(BOB, event("purchase", n)) for n in range(5)], *seen)
    often = found["second_view"].how_often
    assert (often.entries, often.with_cart, often.order_micros) == (5, 0, 5 * 120_000_000)
