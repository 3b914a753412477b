"""Conditions over columns answer exactly as CEL answers for one candidate after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject
from hypothesis import strategies as st

from services.rules.conditions import (
    Condition,
    ConditionCompiler,
    ConditionError,
    PlacementVariables,
    RequestFrame,
)
from services.rules.conditions.one_by_one import one_by_one
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions, compile_policy
from services.rules.definitions.files import read_folder
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.values import Outcome, Words, spread
from tests.properties import examples
from tests.unit.rules.expressions import CONDITIONS, PARAMETERS, GivenVariables, columns, variables
from tests.unit.rules.shop import NOW_US, shop, shopper
from touchpoint.common.v1.conditions_pb2 import Customer
from touchpoint.rules.v1 import conditions_pb2 as pb

COMPILER = ConditionCompiler(PARAMETERS)


class GivenColumns:
    """Columns as a test gives them."""

    def __init__(self, given_columns: dict[str, Any]) -> None:
        self._columns = given_columns

    def __len__(self) -> int:
        return int(self._columns["size"])

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]


def both(condition: Condition, given_columns: Any, given_variables: Any) -> tuple[Outcome, Outcome]:
    """Evaluate over columns and one by one, each with a frame of its own."""
    frames = [
        RequestFrame(
            GivenColumns(given_columns), GivenVariables(given_variables), COMPILER.activation
        )
        for _ in range(2)
    ]
    reference = one_by_one(condition.program, condition.fields)
    return condition.evaluate(frames[0]), reference(frames[1], {})


def assert_equal(condition: Condition, size: int, outcomes: tuple[Outcome, Outcome]) -> None:
    (value, errors), (expected, expected_errors) = outcomes
    np.testing.assert_array_equal(
        spread(errors, size), spread(expected_errors, size), condition.text
    )
    right = ~spread(expected_errors, size)
    np.testing.assert_array_equal(spread(value, size)[right], expected[right], condition.text)


@examples(200, suppress_health_check=list(HealthCheck))
@given(CONDITIONS, st.data())
def test_any_condition_answers_as_cel_does_one_by_one(text: str, data: st.DataObject) -> None:
    try:
        condition = COMPILER.compile(text)
    except ConditionError:  # dearer than the gate lets through
        reject()
    given_columns = data.draw(columns())
    outcomes = both(condition, given_columns, data.draw(variables()))
    assert_equal(condition, given_columns["size"], outcomes)


@examples(60, suppress_health_check=list(HealthCheck))
@given(st.lists(CONDITIONS, min_size=2, max_size=5), st.sampled_from(("&&", "||")), st.data())
def test_conditions_that_share_parts_answer_as_each_does_alone(
    texts: list[str], join: str, data: st.DataObject
) -> None:
    given_columns, given_variables = data.draw(columns()), data.draw(variables())
    shared = RequestFrame(
        GivenColumns(given_columns), GivenVariables(given_variables), COMPILER.activation
    )
    for text in (*texts, f" {join} ".join(texts), *texts):
        try:
            condition = COMPILER.compile(text)
        except ConditionError:  # dearer than the gate lets through
            continue
        _, expected = both(condition, given_columns, given_variables)
        assert_equal(condition, given_columns["size"], (condition.evaluate(shared), expected))


@examples(100, suppress_health_check=list(HealthCheck))
@given(CONDITIONS, st.sampled_from(("&&", "||")), st.data())
def test_a_condition_answers_for_each_placement_as_cel_does(
    text: str, join: str, data: st.DataObject
) -> None:
    try:
        condition = COMPILER.compile(f"{text} {join} request.placement == 'a'")
    except ConditionError:  # dearer than the gate lets through
        reject()
    given_columns, moment = data.draw(columns()), GivenVariables(data.draw(variables()))
    known: dict[int, Outcome] = {}
    reference = one_by_one(condition.program, condition.fields)
    for placement in ("a", "b", ""):
        at = PlacementVariables(moment, placement)
        frames = [
            RequestFrame(GivenColumns(given_columns), at, COMPILER.activation, shared)
            for shared in (known, None)
        ]
        outcomes = condition.evaluate(frames[0]), reference(frames[1], {})
        assert_equal(condition, given_columns["size"], outcomes)


@examples(50, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_a_loop_turns_through_is_evaluated_in_each_turn(data: st.DataObject) -> None:
    condition = COMPILER.compile(
        'customer.segments.exists(x, offer.brand == x && history.owned) || offer.kind == "a"'
    )
    given_columns = data.draw(columns())
    assert_equal(
        condition, given_columns["size"], both(condition, given_columns, data.draw(variables()))
    )


def test_a_part_of_several_conditions_is_evaluated_once() -> None:
    read: list[str] = []

    class CountedColumns(GivenColumns):
        def __getitem__(self, name: str) -> Any:
            read.append(name)
            return super().__getitem__(name)

    counted = CountedColumns({"size": 2, "offer.stock": np.array([0, 1]), "history.owned": True})
    frame = RequestFrame(
        counted, GivenVariables({"customer": Customer(age=9)}), COMPILER.activation
    )
    for age in range(5):
        COMPILER.compile(f"offer.stock == 0 && customer.age > {age}").evaluate(frame)
    COMPILER.compile("history.owned || offer.stock == 0").evaluate(frame)
    assert read.count("offer.stock") == 1


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("offer.stock == 0 && customer.age > 9", False),
        ("offer.stock == 0 || customer.age < 10", True),
        ("offer.stock == 0 && (customer.age > 9 || customer.locale == 'fr')", False),
    ],
)
def test_what_settles_it_for_all_spares_the_columns(text: str, holds: bool) -> None:
    frame = RequestFrame(
        GivenColumns({"size": 2}),
        GivenVariables({"customer": Customer(age=9, locale="de")}),
        COMPILER.activation,
    )
    assert COMPILER.compile(text).evaluate(frame) == (holds, False)


def test_a_field_and_a_call_of_the_same_name_are_not_taken_for_one_another() -> None:
    customer = Customer(attributes={"size": "40", "shoes": "running"})
    frame = RequestFrame(
        GivenColumns(
            {
                "size": 2,
                "offer.stock": np.array([1, 2]),
                "offer.brand": Words(np.array([0, 1]), ("40", "41")),
            }
        ),
        GivenVariables({"customer": customer}),
        COMPILER.activation,
    )
    of_call = COMPILER.compile("offer.stock < size(customer.attributes)").evaluate(frame)
    of_field = COMPILER.compile("offer.brand == customer.attributes.size").evaluate(frame)
    assert [list(value) for value, _ in (of_call, of_field)] == [[True, False], [True, False]]


@pytest.mark.parametrize(
    "text",
    [
        "offer.price_micros * offer.stock > 0",
        "offer.price_micros / offer.stock == 1",
        "offer.price_micros % offer.stock == 0 || history.owned",
        "offer.attributes.k == 'a' && history.owned",
        "history.owned ? offer.attributes.k == 'a' : offer.stock + 1 > 0",
        "double(history.owned && customer.known ? 1 : 2) > 1.0",
        "customer.segments.all(x, offer.attributes[x] == 'a')",
        "offer.kind < (history.owned ? customer.attributes.k : customer.attributes.other)",
    ],
)
@examples(25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_errors_are_absorbed_where_cel_absorbs_them(text: str, data: st.DataObject) -> None:
    condition = COMPILER.compile(text)
    assert not condition.obstacle
    given_columns = data.draw(columns())
    outcomes = both(condition, given_columns, data.draw(variables()))
    assert_equal(condition, given_columns["size"], outcomes)


SITUATIONS = (
    (Customer(profile_answered=False, age=17), pb.Request(channel="EMAIL")),
    (
        Customer(
            profile_answered=True,
            assurance="ANONYMOUS",
            complaint_open=True,
            days_since_complaint=1,
            frequency=9,
        ),
        pb.Request(channel="IVR", cart_value_micros=900_000_000),
    ),
)


def test_the_shipped_rules_answer_alike_on_a_real_catalogue() -> None:
    bundle = check_definitions(read_folder(shipped_definitions())).bundle
    assert bundle is not None
    compiled = compile_policy(bundle)
    candidates = np.arange(1, 200)
    columns_of_shop = CandidateColumns(
        shop(), lambda _: {}, candidates, Moment(NOW_US, 1, (5, 6)), shopper(), candidates % 18
    )
    removing = set()
    for customer, request in SITUATIONS:
        given_variables = GivenVariables({"customer": customer, "request": request})
        for rule in compiled.policy.rules:
            condition = rule.remove_when
            assert isinstance(condition, Condition)
            frames = [
                RequestFrame(columns_of_shop, given_variables, compiled.compiler.activation)
                for _ in range(2)
            ]
            expected = one_by_one(condition.program, condition.fields)(frames[1], {})
            assert_equal(condition, len(candidates), (condition.evaluate(frames[0]), expected))
            if spread(expected[0], len(candidates)).any():
                removing.add(rule.name)
    assert removing == {rule.name for rule in compiled.policy.rules}, "others are not tested here"
