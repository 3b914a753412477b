"""A copy with some fields changed is what `dataclasses.replace` makes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pytest

from shared.replacing import replace


@dataclass(frozen=True, slots=True)
class Parcel:
    weight_g: int
    to: str = ""
    contents: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Unslotted:
    weight_g: int
    to: str


def test_a_copy_has_the_changes_and_all_else_as_it_was():
    parcel = Parcel(900, "Graz", ["a lamp"])
    sent_on = replace(parcel, to="Wien")
    assert sent_on == dataclasses.replace(parcel, to="Wien")
    assert sent_on.contents is parcel.contents
    assert parcel == Parcel(900, "Graz", ["a lamp"])


def test_a_field_that_there_is_not_is_an_error():
    with pytest.raises(AttributeError):
        replace(Parcel(900), colour="red")


def test_what_has_no_slots_is_refused_rather_than_copied_without_half_of_it():
    with pytest.raises(TypeError):
        replace(Unslotted(900, "Graz"), to="Wien")
