"""Thousands of conditions over every field and operation: columns answer as CEL does one by one."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.rules.conditions import Condition, ConditionCompiler, ConditionError, RequestFrame
from services.rules.conditions.one_by_one import one_by_one
from services.rules.domain.columns import COLUMNS
from services.rules.domain.operations import OPERATIONS
from tests.properties import examples
from tests.unit.rules.expressions import GivenVariables
from tests.unit.rules.test_conditions_equal_cel import GivenColumns, assert_equal
from tests.unit.rules.test_definitions import GOOD, checked
from tests.unit.rules.typed_expressions import FIELDS, PARAMETERS, Data, Expressions

COMPILER = ConditionCompiler(PARAMETERS)
CONDITIONS, DATA = 25, 4
"""In each of the runs, of which there are 30: 3,000 cases."""


def compiled(random: Random, count: int) -> list[Condition]:
    source = Expressions(random)
    found: list[Condition] = []
    while len(found) < count:
        try:
            found.append(COMPILER.compile(source.condition()))
        except ConditionError:  # dearer than the gate lets through
            continue
    return found


@examples(30)
@given(st.integers(0, 2**32))
def test_conditions_over_columns_equal_cel(seed: int) -> None:
    random = Random(seed)
    source = Data(random)
    data = [(source.columns(), GivenVariables(source.variables())) for _ in range(DATA)]
    for condition in compiled(random, CONDITIONS):
        reference = one_by_one(condition.program, condition.fields)
        for columns, variables in data:
            given_columns = GivenColumns(columns)
            found, expected = (
                RequestFrame(given_columns, variables, COMPILER.activation) for _ in range(2)
            )
            outcomes = condition.evaluate(found), reference(expected, {})
            assert_equal(condition, columns["size"], outcomes)


def test_the_conditions_made_cover_every_operation_and_every_column() -> None:
    used: set[str] = set()
    read: set[str] = set()
    for condition in compiled(Random(1), 1500):
        if condition.obstacle:
            continue
        tree = condition.translation.checked
        used.update(name for each in tree.reference_map.values() for name in each.overload_id)
        read |= condition.fields
    assert not OPERATIONS.keys() - used
    assert not COLUMNS - read


def test_the_fields_are_those_of_every_kind_that_there_is() -> None:
    kinds = {"bool", "int", "double", "text", "texts", "ints", "time"}
    assert FIELDS.keys() == kinds | {"map of text", "map of double"}


def test_check_says_of_each_condition_that_falls_back_that_it_does() -> None:
    conditions = [each for each in compiled(Random(2), 120) if each.obstacle][:8]
    assert len(conditions) == 8
    head = GOOD.partition("rules:")[0]
    values = {"rest": "30d", "least": "1000", "share": "0.7", "flag": "true", "who": "a"}
    text = head.replace(
        "parameters:\n",
        "parameters:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items()),
    )
    rules = "".join(
        f"  - name: r{place}\n    code: OWNED\n    remove_when: |\n      {condition.text}\n"
        for place, condition in enumerate(conditions)
    )
    told = checked(f"{text}rules:\n{rules}").problems
    for place, condition in enumerate(conditions):
        line = f"{text}rules:\n{rules}".partition(f"name: r{place}\n")[0].count("\n") + 3
        own = [each.message for each in told if each.line in (line, line + 1)]
        assert any("candidate by candidate" in message for message in own), condition.text
