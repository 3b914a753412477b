"""Scenarios are checked as a whole, every mistake with its place."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

GOOD = """\
placements:
  - placement: web.cart
    channel: WEB
    kinds: [PROMOTION, CONTENT]
    limit: 3
    default_offers: [default.help]
offers:
  - {offer_id: default.help, kind: CONTENT, title: Help, is_default: true}
  - {offer_id: come_back, kind: PROMOTION, title: Come back, is_journey_only: true}
scenarios:
  - scenario: left_cart
    starts_on: [add_to_cart]
    when: {cart_above: "100"}
    quiet_for: 30m
    goals: [purchase]
    again_after: 7d
    stages:
      - stage: site
        propose: {offer: come_back, placements: [web.cart], lever: 2}
        lasts: 2d
      - stage: call
        task: {kind: call, reason: Left a cart., script: "You had {cart}.", offers: [come_back]}
        lasts: 3d
  - scenario: doubt
    when: {hesitating: true, cart_above: 20 EUR}
    stages:
      - {stage: reassure, propose: {offer: come_back}}
"""


def told(text: str) -> list[tuple[int, str]]:
    found = check_definitions([DefinitionFile(path="all.yaml", text=text)])
    return [(each.line, each.message) for each in found.problems]


def test_good_scenarios_have_no_problem_and_are_in_the_bundle() -> None:
    found = check_definitions([DefinitionFile(path="all.yaml", text=GOOD)])
    assert not found.problems
    assert found.bundle is not None
    left_cart, doubt = found.bundle.scenarios
    assert left_cart.quiet_for.seconds == 1800
    assert [stage.stage for stage in left_cart.stages] == ["site", "call"]
    assert left_cart.stages[0].propose.lever == 2.0
    assert left_cart.stages[1].task.script == "You had {cart}."
    assert (doubt.when.hesitating, doubt.when.cart_above.currency) == (True, "EUR")


def test_scenarios_change_the_name_of_the_bundle() -> None:
    first = check_definitions([DefinitionFile(path="all.yaml", text=GOOD)]).bundle
    other = GOOD.replace("lasts: 2d", "lasts: 3d")
    second = check_definitions([DefinitionFile(path="all.yaml", text=other)]).bundle
    assert first is not None
    assert second is not None
    assert first.bundle_hash != second.bundle_hash


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("offer: come_back, pl", "offer: come_bak, pl", 19, "did you mean come_back?"),
        ("offers: [come_back]", "offers: [gone]", 22, "stage call: there is no offer gone"),
        ("[web.cart], lever", "[web.kart], lever", 19, "did you mean web.cart?"),
        ("        lasts: 2d\n", "", 20, "call is never reached: stage site does not end by itself"),
        ("stage: call\n", "stage: site\n", 21, "stage site is defined twice"),
        ("        lasts: 2d", "        lasts: 0s", 20, "site lasts no time"),
        ("[PROMOTION, CONTENT]", "[CONTENT]", 19, "web.cart shows no PROMOTION, which come_back"),
        (
            "Come back,",
            "Come back, channels: [EMAIL, SMS],",
            19,
            "come_back is not for the channel WEB of web.cart",
        ),
        ("        lasts: 2d", "        lasts: soon", 20, "is no duration"),
        ("        lasts: 2d", "        lasts: 2d\n        last: 2d", 21, "unknown key last"),
        ("kind: call,", "kind: shout,", 22, "must be one of call"),
        ("kind: call, ", "", 22, "kind is missing"),
        ("starts_on: [add_to_cart]", "starts_on: [Add To Cart]", 12, "lower_snake_case"),
        ("quiet_for: 30m", "quiet_for: 30m\n    per: BASKET", 15, "must be one of PERSON, ITEM"),
        ('{cart_above: "100"}', "{hesitating: true}", 13, "within a session only"),
        ("    starts_on: [add_to_cart]\n", "", 13, "quiet_for needs starts_on"),
        ("    starts_on: [add_to_cart]\n", "", 17, "has one stage"),
        ("when: {hesitating: true, cart_above: 20 EUR}", "title: Doubt", 24, "needs when"),
        ("when: {hesitating: true, cart_above: 20 EUR}", "when: {}", 24, "needs when"),
        ("scenario: doubt", "scenario: left_cart", 24, "left_cart is defined twice"),
        (
            "{stage: reassure, propose: {offer: come_back}}",
            "{stage: reassure}",
            27,
            "has one stage, and that proposes an offer",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    found = told(GOOD.replace(old, new, 1))
    assert any(where == line and message in said for where, said in found), found


def test_what_an_agent_says_may_be_given_in_other_languages() -> None:
    text = GOOD.replace('script: "You had {cart}."', 'script: "Hi", scripts: {de: Hallo, es: Hola}')
    found = check_definitions([DefinitionFile(path="all.yaml", text=text)])
    assert found.bundle is not None
    task = found.bundle.scenarios[0].stages[1].task
    assert dict(task.scripts) == {"de": "Hallo", "es": "Hola"}


@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        ("{xx: Hallo}", "scripts xx: 'xx' is no language of ISO 639-1"),
        ("{german: Hallo}", "scripts german: must be a language such as de or de-AT"),
        (f"{{de: {'wort ' * 26}}}", "scripts de: has 26 words; agents say at most 25"),
        ("{de: Hallo, de: Servus}", "de is given twice"),
        ("Hallo", "scripts must be a mapping"),
    ],
)
def test_scripts_of_no_language_or_too_long_to_be_said_are_mistakes(
    scripts: str, said: str
) -> None:
    text = GOOD.replace('script: "You had {cart}."', f'script: "Hi", scripts: {scripts}')
    assert any(said in message for _, message in told(text)), told(text)
