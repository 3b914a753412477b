"""A condition that looks like another level than its rule's is told of, and still applied."""

from __future__ import annotations

import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from services.rules.definitions.levels import _LEVEL_OF
from services.rules.domain.columns import COLUMNS
from shared.conditions.customer import FIELDS
from tests.unit.rules.test_definitions import GOOD, checked

RULE = """\
  - name: looked_at
    code: NOT_DUE
    level: {level}
    remove_when: {condition}
"""


def warnings_of(condition: str, level: str = "") -> list[str]:
    rule = RULE.format(level=level or "ELIGIBILITY", condition=condition)
    if not level:
        rule = "".join(line for line in rule.splitlines(True) if "level" not in line)
    found = checked(GOOD + rule)
    assert found.bundle is not None
    return [problem.message for problem in found.problems]


@pytest.mark.parametrize(
    ("condition", "level", "looks_like"),
    [
        ("offer.stock == 0", "ELIGIBILITY", "APPLICABILITY (what is relevant now)"),
        ("item.stock == 0", "ELIGIBILITY", "APPLICABILITY (what is relevant now)"),
        ("item.min_age > 16", "SUITABILITY", "ELIGIBILITY (what must be)"),
        ("history.owned || history.in_cart", "SUITABILITY", "APPLICABILITY"),
        ("offer.min_age > customer.age", "APPLICABILITY", "ELIGIBILITY (what must be)"),
        ("'marketing' in customer.consents", "SUITABILITY", "ELIGIBILITY"),
        ("customer.promotion_share < 0.1", "ELIGIBILITY", "SUITABILITY (what is good for them)"),
        ("customer.complaint_open", "APPLICABILITY", "SUITABILITY"),
        ("customer.category_affinities['A'] > 0.5", "APPLICABILITY", "SUITABILITY"),
    ],
)
def test_a_condition_of_another_level_is_a_warning(
    condition: str, level: str, looks_like: str
) -> None:
    [message] = warnings_of(f'"{condition}"', level)
    assert f"looks like {looks_like}" in message
    assert f"its level is {level}" in message


def test_a_level_that_is_not_given_is_eligibility() -> None:
    [message] = warnings_of("offer.stock == 0")
    assert "remove_when reads offer.stock, which" in message
    assert "its level is not given, so ELIGIBILITY (what must be)" in message
    assert not warnings_of('"!offer.in_schedule"')


@pytest.mark.parametrize(
    ("condition", "level"),
    [
        ("offer.stock == 0 && customer.complaint_open", "SUITABILITY"),
        ("customer.attributes.a == 'b' && request.channel == 'WEB'", "SUITABILITY"),
    ],
)
def test_what_reads_of_its_own_level_or_of_none_is_not_told_of(condition: str, level: str) -> None:
    assert not warnings_of(f'"{condition}"', level)


def test_the_shipped_rules_look_like_their_levels() -> None:
    problems = check_definitions(read_folder(shipped_definitions())).problems
    assert not [each.message for each in problems if "looks like" in each.message]


def test_only_fields_that_there_are_tell_a_level() -> None:
    requests = {
        f"request.{name}" for name in ("cart_value_micros", "cart_lines", "agent_free", "chat_free")
    }
    assert _LEVEL_OF.keys() <= COLUMNS | FIELDS.keys() | requests
