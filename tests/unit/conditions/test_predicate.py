"""Conditions about one person answer in Python exactly as CEL answers."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, reject
from hypothesis import strategies as st

from shared.clock import from_us
from shared.conditions import ConditionError, Environment, Program, outcome_of
from shared.conditions.customer import FIELDS, PERSON_MESSAGES, person_messages
from shared.conditions.person import PersonValues
from shared.conditions.predicate import compile_predicate
from shared.conditions.segments import SegmentCompiler
from tests.properties import examples
from tests.unit.conditions.people import CONDITIONS, NOW_US, people
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits

PARAMETERS = {"after": timedelta(days=30), "orders": 3, "share": 0.5, "flag": True, "who": "a"}
ENVIRONMENT = Environment(PERSON_MESSAGES, PARAMETERS)
SOMEBODY = PersonSnapshot(
    as_of_us=NOW_US,
    attributes={"city": "Bath"},
    traits=Traits(
        frequency=4,
        recency_days=2.5,
        categories=["Garden > Pots", "Garden", "Books"],
        category_affinities=[0.5, 0.25, 0.25],
    ),
)


def by_cel(checked, snapshot):
    values = PersonValues(snapshot)
    messages = person_messages(values.__getitem__)
    activation = ENVIRONMENT.activation({**messages, "now": from_us(snapshot.as_of_us)})
    value, failed = outcome_of(Program(checked.program), activation)
    return None if failed else value


def holds(text, snapshot=SOMEBODY):
    return SegmentCompiler(PARAMETERS).compile(text).holds(PersonValues(snapshot))


@examples(120, suppress_health_check=list(HealthCheck))
@given(CONDITIONS, st.data())
def test_any_condition_answers_as_cel_does(text, data):
    try:
        checked = ENVIRONMENT.check(text)
    except ConditionError:  # dearer than the gate lets through
        reject()
    snapshot = data.draw(people())
    found = compile_predicate(ENVIRONMENT, checked).holds(PersonValues(snapshot))
    assert found is by_cel(checked, snapshot), text


@examples(30)
@given(people())
def test_a_field_read_by_itself_is_worth_what_its_message_holds(snapshot):
    values = PersonValues(snapshot)
    messages = person_messages(values.__getitem__)
    for name in FIELDS.keys() - {"session.last_time"}:
        variable, _, own = name.partition(".")
        assert values[name] == getattr(messages[variable], own), name


def test_every_field_of_the_messages_is_read():
    known = {
        f"{variable}.{field.name}"
        for variable, message in PERSON_MESSAGES.items()
        for field in message.DESCRIPTOR.fields
    }
    assert known - {"customer.profile_answered"} == FIELDS.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.frequency >= params.orders && customer.recency_days < 3.0", True),
        ('customer.category_affinities["Garden"] == 0.75', True),
        ('customer.category_affinities["Garden > Pots"] == 0.5', True),
        ('customer.top_category == "Garden" && customer.top_category_affinity == 0.75', True),
        ('customer.attributes.city == "Bath"', True),
        ('customer.attributes.country == "UK"', None),
        ('customer.attributes.country == "UK" || customer.frequency > 0', True),
        ('customer.frequency > 9 && customer.attributes.country == "UK"', False),
        ("customer.frequency / (customer.age) > 1", None),
        ("has(customer.return_share)", False),
    ],
)
def test_conditions_mean_what_they_say(text, expected):
    assert holds(text) is expected


def test_a_negative_zero_is_there_as_the_message_says():
    negative = PersonSnapshot(traits=Traits(return_share=-0.0))
    checked = ENVIRONMENT.check("has(customer.return_share)")
    assert holds(checked.text, negative) is by_cel(checked, negative) is True


def test_asking_for_a_key_that_is_missing_leaves_the_snapshot_as_it_is():
    snapshot = PersonSnapshot()
    assert holds('customer.scores["none"] > 1.0', snapshot) is None
    assert not snapshot.traits.scores


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("customer.frequency >\n 1.5", 1, 20, "no matching overload"),
        ("customer.frequncy > 1", 1, 9, "undefined field"),
        ("true &&\n  customer.verified", 2, 3, "belongs to a request"),
        ('"a" in customer.segments', 1, 8, "cannot be made of segments"),
        ("customer == customer", 1, 1, "single fields"),
        ("offer.stock > 0", 1, 6, "undeclared reference"),
        ("customer.known && item.stock > 0", 1, 23, "undeclared reference to 'item.stock'"),
        ("customer.age", 1, 1, "must be true or false"),
        ("params.nothing > 1", 1, 7, "undeclared reference"),
    ],
)
def test_what_is_no_condition_of_a_segment_is_told_with_its_place(text, line, column, words):
    with pytest.raises(ConditionError) as refused:
        SegmentCompiler(PARAMETERS).compile(text)
    assert words in refused.value.message
    assert (refused.value.line, refused.value.column) == (line, column)


@pytest.mark.parametrize("text", [f"1{'+1' * 200} > 0", f"{'(' * 99}true{')' * 99}"])
def test_what_is_too_deep_to_be_read_is_told_without_the_words_of_the_compiler(text):
    with pytest.raises(ConditionError, match=r"^Ex.* recursion") as refused:
        SegmentCompiler(PARAMETERS).compile(text)
    assert (refused.value.line, refused.value.column) == (1, 1)
