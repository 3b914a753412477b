"""What a request asks for, as it came over the wire."""

import numpy as np
import pytest
from google.protobuf.struct_pb2 import Struct

from services.retrieval.answer_reading import read_answers
from services.retrieval.definitions import Definitions
from services.retrieval.domain.answers import Answer
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

NAN, INFINITY = float("nan"), float("inf")


def read(person=None, asked=None, **attributes):
    struct = Struct()
    struct.update(attributes)
    definitions = Definitions({}, np.zeros(0, np.uint32), asked=asked or {})
    return list(read_answers(DecisionContext(attributes=struct), person, definitions))


def test_values_lists_and_bounds_are_read():
    said = {"a": "x", "b": 40, "c": True, "d": ["x", 2], "e": {"least": 2, "most": "9"}}
    assert sorted(read(**said), key=lambda answer: answer.name) == [
        Answer("a", ("x",)),
        Answer("b", ("40",)),
        Answer("c", ("true",)),
        Answer("d", ("x", "2")),
        Answer("e", least=2.0, most=9.0),
    ]


@pytest.mark.parametrize(
    "nothing", [NAN, INFINITY, -INFINITY, [NAN], {"most": NAN}, {"least": -INFINITY}, None]
)
def test_numbers_that_are_none_say_nothing_and_cost_no_other_answer(nothing):
    assert read(litres=nothing, colour="red") == [Answer("colour", ("red",))]


def test_what_is_nested_deeper_than_an_answer_says_nothing():
    assert read(a=[["x"], "y"], b={"most": {"most": 1}}) == [Answer("a", ("y",))]


def test_what_a_person_answered_counts_until_it_is_asked_otherwise():
    person = PersonSnapshot(attributes={"likes": "red"})
    asked = {"likes": "colour"}
    assert read(person, asked) == [Answer("colour", ("red",), is_standing=True)]
    assert [each.name for each in read(person, asked, litres=4)] == ["litres", "colour"]
    assert read(person, asked, colour="blue") == [Answer("colour", ("blue",))]
    assert read(None, asked) == []
