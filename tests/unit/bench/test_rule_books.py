"""The rules that are measured are those that are shipped, and the hostile ones are refused."""

import pytest

from bench.hostile_rules import HARMLESS, HOSTILE
from bench.rule_books import book_of
from services.rules.definitions import check_definitions


def rules_of(files):
    checked = check_definitions(files)
    assert checked.bundle is not None, checked.problems
    return checked.bundle.rules


def test_a_book_has_as_many_rules_as_asked_for_and_begins_with_those_shipped():
    shipped = rules_of(book_of(5))
    assert len(shipped) == 5
    many = rules_of(book_of(60))
    assert len(many) == 60
    assert [rule.remove_when for rule in many[:5]] == [rule.remove_when for rule in shipped]


def test_what_comes_again_has_other_constants():
    conditions = {rule.name: rule.remove_when for rule in rules_of(book_of(60))}
    assert "params.declined_for" in conditions["declined"]
    assert 'duration("2592001s")' in conditions["declined_1"]


def test_another_variant_shares_all_but_a_few_rules():
    one, other = (
        {rule.remove_when for rule in rules_of(book_of(300, variant=variant))} for variant in (0, 1)
    )
    assert 0 < len(other - one) < 40


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused(name):
    assert check_definitions([HARMLESS]).bundle is not None
    assert check_definitions([HARMLESS, HOSTILE[name]]).bundle is None
