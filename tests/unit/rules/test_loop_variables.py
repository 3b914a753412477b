"""The variable of a loop may be called like one of the conditions, and is another one."""

from __future__ import annotations

import pytest

from services.rules.conditions import ConditionCompiler, ConditionError
from services.rules.conditions.example import outcome_on
from tests.unit.rules.test_definitions import GOOD, mistakes

COMPILER = ConditionCompiler({})
GIVEN = {
    "customer.segments": ["a", "b"],
    "offer.id": "b",
    "offer.brand": "x",
    "request.attributes": {"k": "b"},
}


@pytest.mark.parametrize(
    ("text", "fields", "holds"),
    [
        ("customer.segments.exists(offer, offer == 'b')", set(), True),
        ("customer.segments.all(offer, offer == 'b')", set(), False),
        ("customer.segments.filter(offer, offer == 'b').size() == 1", set(), True),
        ("customer.segments.exists(s, s == offer.id) && offer.id == 'b'", {"offer.id"}, True),
        (
            "customer.segments.exists(offer, offer == 'b') && offer.brand == 'x'",
            {"offer.brand"},
            True,
        ),
        (
            "customer.segments.exists(history, history == offer.brand)",
            {"offer.brand"},
            False,
        ),
        ("customer.segments.exists(offer, [offer].exists(offer, offer == 'b'))", set(), True),
        (
            "customer.segments.map(offer, offer).exists(history, history == offer.id)",
            {"offer.id"},
            True,
        ),
        ("customer.segments.exists(customer, customer == 'b')", set(), True),
        ("customer.segments.exists(now, now == 'b')", set(), True),
        ("[{'id': 'b'}].exists(offer, offer.id == 'b')", set(), True),
        ("[{'id': 'b'}].exists(each, each.id == offer.id)", {"offer.id"}, True),
        ("[{'id': 'b'}].exists(each, has(each.id) && offer.id == 'b')", {"offer.id"}, True),
        ("[request.attributes].exists(offer, offer.k == 'b')", set(), True),
    ],
)
def test_it_hides_the_other_within_its_loop_alone(text: str, fields: set[str], holds: bool) -> None:
    condition = COMPILER.compile(text)
    assert condition.fields == fields
    outcome = outcome_on(condition, GIVEN, COMPILER.activation)
    assert (outcome.value, outcome.is_agreed, outcome.error) == (holds, True, "")


def test_a_loop_called_like_the_request_is_the_same_on_every_placement() -> None:
    assert not COMPILER.compile("customer.segments.exists(request, request == 'a')").reads_placement
    there = "customer.segments.exists(s, s == request.placement)"
    assert COMPILER.compile(there).reads_placement


def test_what_it_hides_is_not_to_be_read_within() -> None:
    with pytest.raises(ConditionError, match="select operation"):
        COMPILER.compile("customer.segments.exists(offer, offer.id == offer)")


def test_a_pin_may_go_through_a_list_by_the_name_of_an_offer() -> None:
    pin = """pins:
  - {placement: web.home.banner, position: 1, offer: default.help, when: "CONDITION"}
"""
    loop = "customer.segments.exists(offer, offer == 'a')"
    assert not mistakes(GOOD + pin.replace("CONDITION", loop))
    [(_, _, told)] = mistakes(GOOD + pin.replace("CONDITION", f"{loop} && offer.id == 'a'"))
    assert "not on offer.id" in told
