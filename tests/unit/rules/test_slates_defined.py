"""Slate rules and pins are refused whole where no slate could keep them, each at its place."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions, compile_policy
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

HEAD = """\
placements:
  - {placement: banner, channel: WEB, kinds: [PRODUCT, PROMOTION, CONTENT], limit: 3,
     default_offers: [help]}
  - {placement: cart, channel: WEB, kinds: [PRODUCT], limit: 4, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
  - {offer_id: summer, kind: PROMOTION, title: Summer}
  - {offer_id: winter, kind: PROMOTION, title: Winter}
  - {offer_id: thanks, kind: CONTENT, title: Thanks, is_journey_only: true}
"""
FIRST = HEAD.count("\n") + 2
"""The line of the first entry below."""


def checked(*entries: str, section: str = "slate_rules", more: str = ""):
    listed = f"{section}:\n" + "".join(f"  - {entry}\n" for entry in entries) if entries else ""
    text = HEAD + listed + more
    kinds = {"item-1": OfferKind.PRODUCT}
    file = DefinitionFile(path="all.yaml", text=text)
    return check_definitions([file], lambda offer_id: kinds.get(offer_id, 0))


def messages(*entries: str, section: str = "slate_rules", more: str = "") -> list[str]:
    found = checked(*entries, section=section, more=more)
    assert not found.problems or found.bundle is None
    return [each.message for each in found.problems]


def pins(*entries: str) -> str:
    return "pins:\n" + "".join(f"  - {{placement: banner, {entry}}}\n" for entry in entries)


def test_all_that_can_be_said_is_handed_on_as_constraints() -> None:
    found = checked(
        "{attribute: KIND, value: SURVEY, at_most: 1}",
        "{placement: banner, attribute: CATEGORY, depth: 1, at_least: 2, first: 3, name: mixed}",
        "{attribute: BRAND, value: Acme, excludes: {attribute: BRAND, value: Bolt}}",
        "{placement: banner, attribute: OFFER, value: summer, share: 20%, position: 2}",
        more=pins("position: 1, offer: item-1, when: customer.known, name: star"),
    )
    assert not found.problems
    compiled = compile_policy(found.bundle)
    limit, diversity, exclusion, share = compiled.slate_constraints(("banner",))
    assert (limit.at_most, limit.rule) == (1, "at_most 1 of KIND SURVEY")
    assert (diversity.diversity.at_least, diversity.diversity.first) == (2, 3)
    assert diversity.rule == "mixed"
    assert (exclusion.excludes.attribute, exclusion.excludes.value) == ("BRAND", "Bolt")
    assert (share.share.share, share.share.position) == (pytest.approx(0.2), 2)
    [pin] = compiled.policy.pins["banner"]
    assert (pin.name, pin.offer_id, pin.position) == ("star", "item-1", 1)
    assert [each.attribute for each in compiled.slate_constraints(("cart",))] == ["KIND", "BRAND"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{attribute: KIND, at_most: 0}", "at_most must be a whole number from 1 to 50"),
        ("{attribute: KIND}", "one of at_most, at_least, excludes, share: it says nothing"),
        ("{attribute: KIND, at_most: 1, share: 5%}", "not at_most and share"),
        ("{attribute: COLOUR, at_most: 1}", "attribute must be one of"),
        ("{attribute: KIND, value: PROMO, at_most: 1}", "there is no kind PROMO"),
        ("{attribute: OFFER, value: sumer, at_most: 1}", "did you mean summer?"),
        ("{attribute: FAMILY, value: x, at_most: 1}", "a FAMILY has no value"),
        ("{attribute: CATEGORY, at_most: 1}", "needs the depth"),
        ("{attribute: BRAND, depth: 1, at_most: 1}", "depth belongs to the attribute CATEGORY"),
        ("{attribute: KIND, at_most: 1, placement: baner}", "did you mean banner?"),
        ("{attribute: BRAND, at_least: 2}", "at_least needs first beside it"),
        ("{attribute: BRAND, at_most: 2, first: 3}", "first needs at_least beside it"),
        ("{attribute: BRAND, at_most: 2, position: 3}", "position needs share beside it"),
        ("{attribute: BRAND, at_least: 3, first: 2}", "2 cannot hold 3 different ones"),
        ("{attribute: BRAND, value: A, at_least: 2, first: 2}", "so it takes none"),
        ("{attribute: BRAND, excludes: {attribute: BRAND, value: B}}", "excludes needs a value"),
        ("{attribute: BRAND, value: A, excludes: {attribute: BRAND}}", "value is missing"),
        ("{attribute: OFFER, value: summer, share: 20%}", "needs the placement"),
        ("{placement: banner, attribute: OFFER, value: summer, share: 0%}", "shows it never"),
        ("{placement: banner, attribute: OFFER, value: summer, share: 120%}", "is no share"),
        ("{placement: banner, attribute: OFFER, value: summer, share: -1%}", "is no share"),
        ("{placement: cart, attribute: OFFER, value: summer, share: 5%}", "does not show a PROMO"),
        (
            "{placement: banner, attribute: OFFER, value: summer, share: 5%, position: 4}",
            "banner shows no more than 3",
        ),
    ],
)
def test_a_slate_rule_that_says_nothing_is_refused(rule: str, told: str) -> None:
    found = messages(rule)
    assert any(told in message for message in found), found


@pytest.mark.parametrize(
    ("pin", "told"),
    [
        ("{placement: banner, position: 1, offer: sumer}", "did you mean summer?"),
        ("{placement: cart, position: 1, offer: summer}", "cart does not show a PROMOTION"),
        ("{placement: baner, position: 1, offer: summer}", "did you mean banner?"),
        ("{placement: banner, position: 4, offer: summer}", "banner shows no more than 3"),
        ("{placement: banner, position: 0, offer: summer}", "position must be a whole number"),
        ("{placement: banner, position: 1, offer: thanks}", "only a journey may propose thanks"),
        ("{placement: banner, offer: summer}", "position is missing"),
        ("{placement: banner, position: 1, offer: summer, when: customer.agee > 1}", "when: "),
        ("{placement: banner, position: 1, offer: summer, when: offer.stock > 1}", "offer.stock"),
    ],
)
def test_a_pin_that_cannot_be_is_refused(pin: str, told: str) -> None:
    found = messages(pin, section="pins")
    assert any(told in message for message in found), found


def test_a_pin_for_a_segment_that_is_not_there_is_warned_of() -> None:
    segments = "segments:\n  - {segment: loyal, when: customer.frequency > 9}\n"
    found = checked(
        """{placement: banner, position: 1, offer: summer, when: "'loyl' in customer.segments"}""",
        """{placement: banner, position: 2, offer: help, when: "'loyal' in customer.segments"}""",
        section="pins",
        more=segments,
    )
    assert found.bundle is not None
    [problem] = found.problems
    assert (problem.warning, problem.line) == (True, FIRST)
    assert "there is no segment loyl; did you mean loyal?" in problem.message


SHARE = "{{placement: banner, attribute: {}, share: {}, position: {}}}"


@pytest.mark.parametrize(
    ("rules", "pinned", "told"),
    [
        ([], ["position: 1, offer: summer", "position: 1, offer: winter"], "is pinned already"),
        ([], ["position: 1, offer: summer", "position: 2, offer: summer"], "to place 1 of banner"),
        (
            ["{attribute: KIND, value: PROMOTION, at_most: 1}"],
            ["position: 1, offer: summer", "position: 2, offer: winter"],
            "at most 1 of KIND",
        ),
        (
            ["{attribute: KIND, at_most: 1}"],
            ["position: 1, offer: summer", "position: 2, offer: winter"],
            "at most 1 of KIND",
        ),
        (
            ["{attribute: KIND, at_least: 2, first: 2}"],
            ["position: 1, offer: summer", "position: 2, offer: winter"],
            "at least 2 are to differ",
        ),
        (
            ["{attribute: OFFER, value: winter, excludes: {attribute: OFFER, value: summer}}"],
            ["position: 1, offer: summer", "position: 2, offer: winter"],
            "exclude each other",
        ),
        (
            ["{attribute: KIND, value: PROMOTION, excludes: {attribute: KIND, value: PRODUCT}}"],
            ["position: 1, offer: summer", "position: 2, offer: item-1"],
            "exclude each other",
        ),
        (
            [SHARE.format("OFFER, value: winter", "20%", 1)],
            ["position: 1, offer: summer"],
            "is pinned, so no share can have it",
        ),
        (
            [SHARE.format("OFFER, value: summer", "20%", 2)],
            ["position: 1, offer: summer"],
            "it would be in every slate",
        ),
        (
            [
                "{attribute: KIND, value: PROMOTION, at_most: 1}",
                SHARE.format("OFFER, value: winter", "20%", 2),
            ],
            ["position: 1, offer: summer"],
            "at most 1 of KIND",
        ),
        (
            [
                SHARE.format("OFFER, value: winter", "60%", 1),
                SHARE.format("OFFER, value: summer", "41%", 1),
            ],
            [],
            "add up to 1.01",
        ),
        (
            [
                SHARE.format("OFFER, value: winter", "20%", 1),
                SHARE.format("KIND, value: PROMOTION", "41%", 2),
            ],
            [],
            "winter is in the share of KIND PROMOTION",
        ),
        (
            ["{attribute: BRAND, value: A, excludes: {attribute: BRAND, value: A}}"],
            [],
            "goes round in a circle: BRAND A, then not BRAND A",
        ),
        (
            [
                "{attribute: BRAND, value: A, excludes: {attribute: BRAND, value: B}}",
                "{attribute: BRAND, value: B, excludes: {attribute: KIND, value: SURVEY}}",
                "{placement: cart, attribute: KIND, value: SURVEY,"
                " excludes: {attribute: BRAND, value: A}}",
            ],
            [],
            "BRAND A, then not BRAND B, then not KIND SURVEY",
        ),
    ],
)
def test_contradictions_are_refused(rules: list[str], pinned: list[str], told: str) -> None:
    found = messages(*rules, more=pins(*pinned) if pinned else "")
    assert len(found) == 1, found
    assert told in found[0]


def test_what_only_seems_to_contradict_is_let_pass() -> None:
    chain = (
        "{{placement: {}, attribute: BRAND, value: {}, excludes: {{attribute: BRAND, value: {}}}}}"
    )
    assert not messages(
        chain.format("banner", "A", "B"),
        chain.format("banner", "B", "C"),
        chain.format("banner", "A", "C"),
        chain.format("cart", "C", "A"),
        SHARE.format("OFFER, value: winter", "60%", 2),
        SHARE.format("OFFER, value: summer", "40%", 2),
        more=pins("position: 1, offer: item-1", "position: 3, offer: help"),
    )


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    found = checked(
        "{attribute: KIND, at_most: 0}",
        "{placement: banner, attribute: OFFER, value: summer, share: 101%}",
        more=pins("position: 1, offer: summer", "position: 1, offer: nothing"),
    ).problems
    assert [(each.path, each.line, each.column) for each in found] == [
        ("all.yaml", FIRST, 32),
        ("all.yaml", FIRST + 1, 65),
        ("all.yaml", FIRST + 4, 5),
        ("all.yaml", FIRST + 4, 45),
    ]
