"""Personas are read with every mistake at its place, and come into the bundle."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from touchpoint.common.v1.persona_pb2 import Persona
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

HEAD = """\
placements:
  - {placement: web.cart, channel: WEB, kinds: [CONTENT], limit: 3, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
personas:
"""
GOOD = """\
  - persona: young_and_branded
    title: Twenty-somethings who go for top brands
    description: They know what they want.
    weight: 8.5%
    categories: {Fashion: 60%, Fashion > Shoes: 0.2}
    brands: [Rivelle, Arbor]
    channels: APP
    value_tiers: {top: 40%, high: 30%}
    attributes:
      age: 20-29
      gender: {female: 70%}
"""


def checked(text: str) -> tuple[list[tuple[int, int, str]], list[Persona]]:
    found = check_definitions([DefinitionFile(path="all.yaml", text=HEAD + text)])
    problems = [(each.line, each.column, each.message) for each in found.problems]
    return problems, list(found.bundle.personas) if found.bundle else []


def shares(part) -> dict[str, float]:  # type: ignore[no-untyped-def]
    return {each.value: round(each.share, 6) for each in part}


def test_a_good_persona_comes_into_the_bundle() -> None:
    problems, [persona] = checked(GOOD)
    assert not problems
    assert (persona.persona, persona.weight) == ("young_and_branded", 0.085)
    assert shares(persona.categories) == {"Fashion": 0.6, "Fashion > Shoes": 0.2}
    assert shares(persona.value_tiers) == {"top": 0.4, "high": 0.3}


def test_what_is_named_without_shares_comes_to_four_fifths_together() -> None:
    _, [persona] = checked(GOOD)
    assert shares(persona.brands) == {"Rivelle": 0.4, "Arbor": 0.4}
    assert shares(persona.channels) == {"APP": 0.8}
    told = {each.attribute: shares(each.shares) for each in persona.attributes}
    assert told == {"age": {"20-29": 0.8}, "gender": {"female": 0.7}}


@pytest.mark.parametrize(
    ("right", "wrong", "place", "told"),
    [
        ("weight: 8.5%", "weight: 0", (9, 13), "weight must be above 0"),
        ("weight: 8.5%", "weight: 120%", (9, 13), "'120%' is no share"),
        ("60%", "90%", (10, 17), "categories comes to 110%"),
        ("60%", "most", (10, 17), "categories is wrong: 'most' is no share"),
        ("Arbor", "Rivelle", (11, 13), "brands names Rivelle twice"),
        ("channels: APP", "channels: TELEX", (12, 15), "channels has 'TELEX', known are WEB, APP"),
        ("top: 40%", "best: 40%", (13, 18), "value_tiers has 'best', known are top, high"),
        ("20-29", "29-20", (15, 12), "age has '29-20', which ends before it begins"),
        ("    title: T", "    titel: T", (7, 5), "unknown key titel; did you mean title?"),
        ("[Rivelle, Arbor]", "[]", (11, 13), "brands must name something"),
        ("      gender", "      age", (16, 7), "age is given twice"),
    ],
)
def test_each_mistake_is_told_with_its_place(
    right: str, wrong: str, place: tuple[int, int], told: str
) -> None:
    problems, personas = checked(GOOD.replace(right, wrong, 1))
    assert not personas
    assert any((line, column) == place and told in text for line, column, text in problems), (
        problems
    )


def test_a_persona_that_nothing_recognises_is_a_mistake() -> None:
    [(line, _, told)], _ = checked("  - {persona: x, title: X, weight: 10%}\n")
    assert line == 6
    assert "by what is it recognised?" in told


def test_two_personas_of_one_name_are_a_mistake() -> None:
    problems, _ = checked(GOOD + GOOD)
    assert [text for _, _, text in problems] == ["young_and_branded is defined twice"]


def test_the_threshold_is_a_share() -> None:
    problems, _ = checked(GOOD + "parameters:\n  persona.assigned_from: often\n")
    assert "persona.assigned_from: 'often' is no share" in problems[0][2]
