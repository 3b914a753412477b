"""Where a call should go."""

import pytest

from services.aggregator.definitions import compile_bundle
from services.aggregator.domain.routing import Caller, Queues, route
from shared.call_queues import queues_of_choices
from shared.definitions import CompileError
from touchpoint.rules.v1.rules_pb2 import Bundle

QUEUES = Queues(choices={"orders": "service", "2": "sales"})


def found(**facts):
    return route(Caller(**facts), QUEUES)


def test_somebody_of_whom_nothing_is_known_goes_to_anybody():
    assert found() == route(Caller(), Queues())
    assert (found().queue, found().skill, found().priority, found().reasons) == (
        "service",
        "",
        20,
        (),
    )


@pytest.mark.parametrize(
    ("facts", "queue"),
    [
        ({"choice": "orders"}, "service"),
        ({"choice": "2"}, "sales"),
        ({"choice": "returns"}, "returns"),
        ({"journeys": ["abandoned_cart"]}, "sales"),
        ({"has_cart": True}, "sales"),
        ({"choice": "returns", "has_cart": True}, "returns"),
        ({"choice": "returns", "complaint_open": True}, "complaints"),
    ],
)
def test_a_complaint_goes_before_a_choice_and_that_before_what_is_under_way(facts, queue):
    assert found(**facts).queue == queue


def test_who_is_worth_more_and_who_is_cross_goes_first():
    tiers = [found(value_tier=tier).priority for tier in ("top", "high", "medium", "low", "new")]
    assert tiers == [50, 40, 30, 20, 20]
    assert found(complaint_open=True).priority == 50
    everything = found(value_tier="top", complaint_open=True, journeys=["x", "y"], has_cart=True)
    assert everything.priority == 100
    assert everything.reasons == ("COMPLAINT_OPEN", "JOURNEY", "CART", "VALUE_TIER")


def test_what_to_know_is_the_subject_at_its_broadest():
    assert found(category="Electronics > PCs").skill == "Electronics"
    assert found(category="Electronics", complaint_open=True).skill == "complaints"


def test_queues_are_named_by_the_definitions():
    parameters = {
        "routing.default": "front_desk",
        "routing.complaint": "care",
        "routing.journey": "advice",
        "routing.choices": "orders: care, 2: advice",
    }
    queues = compile_bundle(Bundle(parameters=parameters)).queues
    assert queues == Queues("front_desk", "care", "advice", {"orders": "care", "2": "advice"})
    assert compile_bundle(Bundle()).queues == Queues()


@pytest.mark.parametrize("text", ["orders", "orders:", ": care", "a: care, a: desk", "a: Care"])
def test_what_is_no_choice_with_a_queue_is_refused(text):
    with pytest.raises(ValueError, match="write"):
        queues_of_choices(text)
    with pytest.raises(CompileError, match="parameters"):
        compile_bundle(Bundle(parameters={"routing.choices": text}))
