"""What differs between two bundles is told entry by entry, in the words of the definitions."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from services.rules.definitions import changes_between, check_definitions, comparing
from tests.unit.rules.test_definitions import GOOD
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.rules.v1.rules_pb2 import Bundle, ChangeKind, DefinitionFile, Rule

_SECOND = """\
  - name: too_dear
    code: NOT_DUE
    remove_when: offer.stock == 7
"""


def bundle(text: str) -> Bundle:
    checked = check_definitions([DefinitionFile(path="all.yaml", text=text)])
    assert checked.bundle is not None, checked.problems
    return checked.bundle


def told(old: str, new: str) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    return [
        (
            change.section,
            change.name,
            ChangeKind.Value.Name(change.kind),
            [(field.field, field.before, field.after) for field in change.fields],
        )
        for change in changes_between(bundle(old), bundle(new))
    ]


def test_the_same_definitions_do_not_differ_whatever_their_files_and_comments() -> None:
    assert told(GOOD, "# a remark\n" + GOOD) == []


def test_a_rule_that_says_something_else_is_told_field_by_field() -> None:
    changed = GOOD.replace("offer.stock == 0", "offer.stock < 3")
    fields = [("remove_when", "offer.stock == 0", "offer.stock < 3")]
    assert told(GOOD, changed) == [("rules", "sold_out", "CHANGED", fields)]


def test_rules_that_come_and_go_are_told_by_name() -> None:
    [(section, name, kind, fields)] = told(GOOD, GOOD + _SECOND)
    assert (section, name, kind) == ("rules", "too_dear", "ADDED")
    assert ("remove_when", "", "offer.stock == 7") in fields
    [(section, name, kind, fields)] = told(GOOD + _SECOND, GOOD)
    assert (section, name, kind) == ("rules", "too_dear", "REMOVED")
    assert ("remove_when", "offer.stock == 7", "") in fields


def test_a_parameter_is_told_with_what_stands_on_it() -> None:
    changed = GOOD.replace("3 per 7d", "5 per 7d")
    assert told(GOOD, changed) == [
        ("parameters", "contacts.marketing", "CHANGED", [("value", "3 per 7d", "5 per 7d")]),
        ("contact_limits", "marketing", "CHANGED", [("at_most", "3", "5")]),
    ]


def test_of_several_limits_of_a_policy_only_the_one_that_changed_is_told() -> None:
    limits = '  - {policy: marketing, limit: "${contacts.marketing}"}\n'
    both = GOOD.replace(limits, limits + "  - {policy: marketing, limit: 1 per 1d}\n")
    changed = both.replace("1 per 1d", "2 per 1d")
    assert told(both, changed) == [
        ("contact_limits", "marketing", "CHANGED", [("at_most", "1", "2")])
    ]
    assert [kind for _, _, kind, _ in told(GOOD, both)] == ["ADDED"]


def test_the_order_of_the_rules_is_told_because_it_is_the_order_of_reasons() -> None:
    first = GOOD[GOOD.index("  - name: sold_out") :]
    turned = GOOD.replace(first, _SECOND + first)
    assert told(GOOD + _SECOND, turned) == [("rules", "", "REORDERED", [])]


def test_from_nothing_everything_is_new() -> None:
    kinds = {change.kind for change in changes_between(Bundle(), bundle(GOOD))}
    assert kinds == {ChangeKind.ADDED}


def test_the_order_in_which_attributes_lie_in_memory_is_no_difference() -> None:
    names = [f"attribute_{number}" for number in range(50)]
    before, after = (
        Bundle(offers=[Offer(offer_id="ring", attributes=dict.fromkeys(order, "yes"))])
        for order in (names, names[::-1])
    )
    assert changes_between(before, after) == []


def test_only_what_differs_is_put_into_words(monkeypatch: pytest.MonkeyPatch) -> None:
    described = []

    def counted(message: Message, **options: Any) -> dict[str, Any]:
        described.append(message)
        return MessageToDict(message, **options)

    old, new = bundle(GOOD + _SECOND), bundle(GOOD + _SECOND.replace("7", "8"))
    monkeypatch.setattr(comparing, "MessageToDict", counted)
    assert [change.name for change in changes_between(old, new)] == ["too_dear"]
    assert [each.name for each in described if isinstance(each, Rule)] == ["too_dear"] * 2
