"""Scenarios are switched on and off for those in a variant: in the session and in journeys."""

from types import SimpleNamespace

import pytest

from services.scenario.definitions import playbook
from services.scenario.domain.passage import begin
from services.scenario.domain.proposals import Proposals, Standing
from services.scenario.journeys.due import DueActions
from services.scenario.journeys.finding import Finder
from shared.arms import IMPERSONAL, assign_arm, assign_variants
from shared.experiments import shares_of
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import ADA, COME_BACK, NOON_US, abandoned_cart, event
from tests.unit.scenario.shop import FREE_SHIPPING, OneBundle, bundle, catalogue, snapshot
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant, Switches
from touchpoint.rules.v1.rules_pb2 import RuleMode, Scenario
from touchpoint.scenario.v1 import scenario_service_pb2 as pb

HESITATION, CART = "checkout_hesitation", "abandoned_cart"
NOBODYS = "nobodys"
PEOPLE = [f"person-{number}" for number in range(40)]


def experimenting(**more):
    """Return definitions in which some have neither scenario but one that nobody else has."""
    made = bundle()
    made.scenarios.add().CopyFrom(made.scenarios[0])
    made.scenarios[-1].scenario, made.scenarios[-1].mode = NOBODYS, RuleMode.OFF
    made.scenarios[-1].stages[0].propose.offer = "come_back"
    switches = Switches(off=[HESITATION, CART], on=[NOBODYS])
    made.experiments.append(
        Experiment(
            experiment="calm",
            share=1.0,
            variants=[
                ExperimentVariant(variant="control", share=0.5),
                ExperimentVariant(variant="calm", share=0.5, scenarios=switches),
            ],
            **more,
        )
    )
    return made


CONTROL, CALM = shares_of(experimenting().experiments[0]).variants


def somebody(variant):
    """Return who is in a variant."""
    plan = playbook(experimenting()).plan
    return next(each for each in PEOPLE if list(assign_variants(plan, each)) == [variant])


def due(variants, **more):
    proposals, clock = Proposals(), FakeClock()
    proposals.apply(Standing("j", ADA, 1, CART, "on_the_site", (COME_BACK,)))
    actions = DueActions(
        catalogue(),
        OneBundle(experimenting()),
        proposals,
        SimpleNamespace(takers=lambda terms: 0),
    )
    context = DecisionContext(
        bundle_hash="b", now_us=clock.now_us(), variants=variants, arm=Arm.PERSONALISED, **more
    )
    hesitating = snapshot(hesitating=True).SerializeToString()
    answer = actions.answer(pb.GetDueRequest(context=context, snapshot=hesitating))
    return [(each.scenario, each.offer_no) for each in answer.actions]


@pytest.mark.parametrize("variants", [[], [CONTROL]])
def test_those_in_no_variant_and_in_the_control_are_proposed_the_same(variants):
    assert due(variants) == [(HESITATION, FREE_SHIPPING), (CART, COME_BACK)]


def test_those_in_a_variant_are_proposed_what_it_has_on_and_nothing_that_it_has_off():
    assert due([CALM]) == [(NOBODYS, COME_BACK)]


def test_an_event_begins_what_the_variant_of_the_person_has():
    found, now_us = playbook(experimenting()), FakeClock().now_us()
    began = [
        [each.name for each in found.for_person(who, now_us).starting.get("add_to_cart", ())]
        for who in (somebody(CONTROL), somebody(CALM), "")
    ]
    assert began == [[CART], [], [CART]]
    assert "add_to_cart" in found.for_person(somebody(CALM), now_us).telling


@pytest.mark.parametrize(("variant", "is_defined"), [(CONTROL, True), (CALM, False)])
async def test_a_journey_goes_on_only_where_its_scenario_is_on(variant, is_defined):
    clock, who = FakeClock(), somebody(variant)
    begun = begin(abandoned_cart(), event(person_id=who), "j", NOON_US)
    finder = Finder(catalogue(), OneBundle(experimenting()), None, clock, None)
    assert finder.at_hand(begun.journey, who).is_defined is is_defined


def test_what_some_have_off_is_not_for_all_while_the_experiment_runs():
    made, clock = experimenting(), FakeClock()
    made.experiments[0].ends_time.FromMicroseconds(clock.now_us() + 1)
    found = playbook(made)
    assert found.for_all(clock.now_us()) == frozenset()
    assert found.for_all(clock.now_us() + 1) == {HESITATION, CART}


@pytest.mark.parametrize("arm", ["holdout", "static"])
def test_for_the_arms_that_get_nothing_personal_no_journey_goes_on(arm):
    made = experimenting()
    made.parameters[arm] = "50%"
    found = playbook(made)
    for who in PEOPLE:
        theirs = found.for_person(who, FakeClock().now_us())
        if assign_arm(found.plan.arm_plan, who) in IMPERSONAL:
            assert (theirs.scenarios, theirs.in_session) == ({}, ())
            # Of the holdout it is to be seen who would have entered.
            assert theirs.held_out == ({HESITATION, CART} if arm == "holdout" else set())
            assert bool(theirs.starting) is (arm == "holdout")
        else:
            assert theirs.scenarios
            assert not theirs.held_out
    assert found.for_person("", FakeClock().now_us()) is found


@pytest.mark.parametrize("arm", ["holdout", "static"])
def test_service_is_withheld_from_no_arm(arm):
    made = experimenting()
    made.parameters[arm] = "99%"
    settled = stage("settled", send="settled")
    settled.send.purpose = "transactional"
    stages = [stage("see", task={"kind": "follow_up"}), settled]
    made.scenarios.append(Scenario(scenario="seen_to", starts_on=["view"], stages=stages))
    found = playbook(made)
    held = next(each for each in PEOPLE if assign_arm(found.plan.arm_plan, each) in IMPERSONAL)
    theirs = found.for_person(held, FakeClock().now_us())
    assert set(theirs.scenarios) == {"seen_to"}
    assert "seen_to" not in theirs.held_out
    assert "seen_to" in [each.name for each in theirs.starting["view"]]


@pytest.mark.parametrize(
    ("does", "is_service"),
    [
        ([stage("a", task={"kind": "call_back"})], True),
        ([stage("a", task={"kind": "follow_up"}), stage("b", task={"kind": "call"})], False),
        ([stage("a", send="hello")], False),
        ([stage("a", task={"kind": "follow_up"}), stage("b", offer="o")], False),
        ([stage("a", note="Seen.")], False),
    ],
)
def test_a_scenario_is_of_service_that_approaches_nobody(does, is_service):
    assert scenario(*does).is_service is is_service
