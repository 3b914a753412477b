"""Scenarios as the bundle brings them."""

import pytest

from services.scenario.definitions import playbook
from services.scenario.domain.actions import Proposal
from services.scenario.domain.carts import Cart
from services.scenario.reading import kept_scenario
from shared.definitions import CompileError
from tests.unit.scenario.playing import DAY_US, MINUTE_US, abandoned_cart
from tests.unit.scenario.shop import bundle
from touchpoint.rules.v1 import rules_pb2 as pb


def test_a_scenario_without_events_to_begin_lives_in_the_session():
    made = playbook(bundle())
    assert [scenario.name for scenario in made.in_session] == ["checkout_hesitation"]
    (stage,) = made.in_session[0].stages
    assert stage.propose == Proposal(("free_shipping",), ("web.checkout", "web.cart"), 4.0)


def test_the_others_are_found_by_the_events_that_begin_them():
    made = playbook(bundle())
    assert set(made.starting) == {"add_to_cart", "checkout_started"}
    assert made.telling == {"add_to_cart", "checkout_started", "purchase", "accept", "decline"}
    assert made.offer_ids == {"free_shipping", "come_back"}


def test_times_and_amounts_are_read():
    scenario = playbook(bundle()).scenarios["abandoned_cart"]
    assert (scenario.quiet_for_us, scenario.again_after_us) == (30 * MINUTE_US, 7 * DAY_US)
    assert [stage.lasts_us for stage in scenario.stages] == [2 * DAY_US, 3 * DAY_US]
    assert scenario.when.holds(hesitating=False, cart=Cart(value_micros=100_000_001))
    assert not scenario.when.holds(hesitating=False, cart=Cart(value_micros=100_000_000))


def test_what_is_kept_beside_a_journey_is_the_whole_scenario():
    scenario = abandoned_cart()
    assert kept_scenario(scenario.definition) == scenario


def test_hesitation_counts_only_where_it_is_asked_for():
    hesitation = playbook(bundle()).in_session[0].when
    rich = Cart(value_micros=50_000_000)
    assert hesitation.holds(hesitating=True, cart=rich)
    assert not hesitation.holds(hesitating=False, cart=rich)


def stage(**parts):
    return pb.Stage(stage="first", **parts)


OFFER, TASK = pb.Proposal(offer="o"), pb.TaskOrder(kind="call")


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        (pb.Scenario(scenario="s"), "has no stage"),
        (pb.Scenario(scenario="s", stages=[stage(propose=OFFER, task=TASK)]), "a stage of its own"),
        (pb.Scenario(scenario="s", stages=[stage(propose=OFFER, otherwise="x")]), "no stage x"),
        (pb.Scenario(scenario="s", stages=[stage(task=TASK)]), "proposes nothing"),
    ],
)
def test_what_cannot_be_played_is_refused_with_a_sentence(scenario, reason):
    with pytest.raises(CompileError, match=reason):
        playbook(pb.Bundle(scenarios=[scenario]))


def test_an_amount_that_is_none_is_refused_with_the_scenarios_name():
    scenario = pb.Scenario(scenario="s", stages=[stage(propose=OFFER)])
    scenario.when.cart_above.amount = "a lot"
    with pytest.raises(CompileError, match="scenario s: cart_above must be a decimal"):
        playbook(pb.Bundle(scenarios=[scenario]))
