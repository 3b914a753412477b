"""The rules that validators are made of, each with what it lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import InvalidArgument
from shared.validation import (
    MAX_VIOLATIONS,
    Violations,
    between,
    each,
    known_enum,
    length,
    nested,
    one_of,
    required,
    validate,
    validator,
)
from tests.grpc.kit.echo import pb


def paths(rule: Any, message: Any) -> list[str]:
    found = Violations()
    validator(rule)(message, found)
    return [violation.field for violation in found.found]


def test_required_wants_a_string_an_entry_or_a_message() -> None:
    rule = required("text", "words", "said_time")
    whole = pb.SayRequest(text="x", words=[pb.Word()])
    whole.said_time.SetInParent()
    assert paths(rule, pb.SayRequest()) == ["text", "words", "said_time"]
    assert paths(rule, whole) == []


def test_length_bounds_characters_and_entries() -> None:
    rule = length("text", 3)
    assert paths(rule, pb.SayRequest(text="abc")) == []
    assert paths(rule, pb.SayRequest(text="abcd")) == ["text"]
    assert paths(length("numbers", 1), pb.SayRequest(numbers=[1, 2])) == ["numbers"]


@pytest.mark.parametrize(
    ("value", "passes"),
    [(0, True), (10, True), (-0.1, False), (10.1, False), (float("nan"), False), (1e400, False)],
)
def test_between_includes_its_bounds_and_excludes_nan(value: float, passes: bool) -> None:
    assert (paths(between("loud_ness", 0, 10), pb.SayRequest(loud_ness=value)) == []) is passes


def test_an_enum_must_be_known_and_unless_allowed_specified() -> None:
    strict, lenient = known_enum("mood"), known_enum("mood", may_be_unspecified=True)
    assert paths(strict, pb.SayRequest()) == ["mood"]
    assert paths(lenient, pb.SayRequest()) == []
    assert paths(strict, pb.SayRequest(mood=1)) == []
    assert paths(lenient, pb.SayRequest(mood=9)) == ["mood"]


def test_one_of_wants_a_listed_word() -> None:
    rule = one_of("text", ("yes", "no"))
    assert paths(rule, pb.SayRequest(text="no")) == []
    assert paths(rule, pb.SayRequest(text="maybe")) == ["text"]


def test_nested_messages_are_looked_into_where_they_are_set() -> None:
    rule = each("words", nested("inner", nested("inner", required("text"))), at_most=2)
    deep = pb.SayRequest(words=[pb.Word(), pb.Word(inner=pb.Word(inner=pb.Word()))])
    assert paths(rule, deep) == ["words[1].inner.inner.text"]


def test_a_list_that_is_too_long_is_not_looked_into() -> None:
    rule = each("words", required("text"), at_most=2)
    assert paths(rule, pb.SayRequest(words=[pb.Word()] * 3)) == ["words"]


def test_no_more_violations_are_told_than_an_answer_should_hold() -> None:
    rule = each("words", required("text"), at_most=10_000)
    assert len(paths(rule, pb.SayRequest(words=[pb.Word()] * 5000))) == MAX_VIOLATIONS


def test_a_request_without_a_validator_passes_and_one_with_is_refused() -> None:
    validators = {pb.SayRequest: validator(required("text"))}
    validate(validators, pb.CountRequest())
    with pytest.raises(InvalidArgument, match="text: must not be empty"):
        validate(validators, pb.SayRequest())
