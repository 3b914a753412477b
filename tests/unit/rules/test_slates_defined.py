"""Slate rules and pins are refused whole where no slate could keep them, each at its place."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions, compile_policy
from services.rules.definitions.assortment import Sold
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
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
  - {offer_id: letter, kind: PROMOTION, title: By letter, channels: [EMAIL]}
  - {offer_id: thanks, kind: CONTENT, title: Thanks, is_journey_only: true}
"""
CATALOGUE = {
    "item-1": Sold(OfferKind.PRODUCT, "Shop > Garden > Tools", "Acme", "1"),
    "item-2": Sold(OfferKind.PRODUCT, "Shop > Garden", "Bolt", "2"),
    "item-3": Sold(OfferKind.PRODUCT, "Shop > Kitchen", "Acme", "1"),
    "by-post": Sold(OfferKind.PRODUCT, channels=frozenset({Channel.EMAIL})),
}
FIRST = HEAD.count("\n") + 2
"""The line of the first entry below."""


def checked(*entries: str, section: str = "slate_rules", more: str = ""):
    listed = f"{section}:\n" + "".join(f"  - {entry}\n" for entry in entries) if entries else ""
    text = HEAD + listed + more
    file = DefinitionFile(path="all.yaml", text=text)
    return check_definitions([file], lambda offer_id: CATALOGUE.get(offer_id, Sold()))


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
        (
            "{placement: banner, position: 1, offer: item-1, when: item.stock > 1}",
            "not on item.stock",
        ),
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
            ["{attribute: CATEGORY, value: Shop > Garden, at_most: 1}"],
            [
                "position: 1, offer: item-1",
                "position: 2, offer: summer",
                "position: 3, offer: item-2",
            ],
            "item-1 and item-2 cannot be shown together: at most 1 of CATEGORY Shop > Garden (line",
        ),
        (
            ["{attribute: CATEGORY, depth: 2, at_most: 1}"],
            ["position: 1, offer: item-1", "position: 2, offer: item-2"],
            "item-1 and item-2 cannot be shown together: at most 1 of CATEGORY (line",
        ),
        (
            ["{attribute: BRAND, at_most: 1}"],
            ["position: 1, offer: item-1", "position: 2, offer: item-3"],
            "item-1 and item-3 cannot be shown together: at most 1 of BRAND",
        ),
        (
            ["{attribute: FAMILY, at_most: 1}"],
            ["position: 1, offer: item-1", "position: 2, offer: item-3"],
            "item-1 and item-3 cannot be shown together: at most 1 of FAMILY",
        ),
        (
            ["{placement: banner, attribute: CATEGORY, depth: 2, at_least: 3, first: 3}"],
            ["position: 1, offer: item-1", "position: 2, offer: item-2"],
            "item-1 and item-2 cannot be shown together: at least 3 are to differ",
        ),
        (
            [
                "{attribute: BRAND, value: Acme,"
                " excludes: {attribute: CATEGORY, value: Shop > Garden}}"
            ],
            ["position: 1, offer: item-3", "position: 2, offer: item-2"],
            "item-3 and item-2 cannot be shown together: they exclude each other",
        ),
        (
            [
                "{attribute: CATEGORY, depth: 2, at_most: 1}",
                SHARE.format("CATEGORY, value: Shop > Garden > Tools", "20%", 2),
            ],
            ["position: 1, offer: item-2"],
            "item-2 and CATEGORY Shop > Garden > Tools cannot be shown together",
        ),
        (
            [
                "{attribute: BRAND, value: Acme, excludes: {attribute: BRAND, value: Bolt}}",
                SHARE.format("BRAND, value: Bolt", "20%", 2),
            ],
            ["position: 1, offer: item-1"],
            "item-1 and BRAND Bolt cannot be shown together",
        ),
        (
            [SHARE.format("CATEGORY, value: Shop > Garden", "20%", 2)],
            ["position: 1, offer: item-1"],
            "item-1 is pinned there: it would be in every slate",
        ),
        (
            [SHARE.format("OFFER, value: summer", "100%", 2)],
            ["position: 1, offer: summer"],
            "summer is pinned there",
        ),
        (
            [
                SHARE.format("CATEGORY, value: Shop > Garden > Tools", "20%", 1),
                SHARE.format("CATEGORY, value: Shop > Garden", "20%", 1),
            ],
            [],
            "CATEGORY Shop > Garden > Tools is in the share of CATEGORY Shop > Garden",
        ),
        (
            ["{placement: cart, attribute: KIND, at_least: 2, first: 3}"],
            [],
            "cart shows 1 kinds, so 2 cannot be",
        ),
        (
            [
                "{attribute: CATEGORY, value: Shop, excludes: {attribute: BRAND, value: A}}",
                "{attribute: BRAND, value: A,"
                " excludes: {attribute: CATEGORY, value: Shop > Garden}}",
            ],
            [],
            "goes round in a circle: BRAND A, then not CATEGORY Shop, then not BRAND A",
        ),
        (
            [
                "{attribute: OFFER, value: item-1, excludes: {attribute: BRAND, value: A}}",
                "{attribute: BRAND, value: A, excludes: {attribute: CATEGORY, value: Shop}}",
            ],
            [],
            "goes round in a circle",
        ),
        ([SHARE.format("OFFER, value: letter", "5%", 2)], [], "banner is on WEB, which letter is"),
        ([SHARE.format("OFFER, value: thanks", "5%", 2)], [], "only a journey may propose thanks"),
        ([], ["position: 1, offer: letter"], "banner is on WEB, which letter is not for"),
        ([], ["position: 1, offer: by-post"], "banner is on WEB, which by-post is not for"),
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


def removing(condition: str, more: str = "") -> str:
    return f"""rules:
  - {{name: gone, code: EXCLUDED_BY_CALLER, remove_when: '{condition}'{more}}}
"""


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (removing("true"), [1, 2]),
        (removing('offer.id == "summer"'), [2]),
        (removing('offer.kind == "PRODUCT"'), [1]),
        (removing("true", ", kinds: [PROMOTION]"), [2]),
        (removing("true", ", placements: [cart]"), []),
        (removing("true", ", mode: SHADOW"), []),
        (removing('request.placement == "banner" && offer.price_led'), []),
        (removing('request.channel == "WEB" && !offer.price_led && offer.type == ""'), []),
        (removing('request.channel != "EMAIL" && !offer.price_led && offer.type == ""'), [2]),
        (removing('request.channel in ["WEB", "APP"]'), [1, 2]),
        (removing('request.channel == "APP"'), []),
        (removing("true", ", level: APPLICABILITY"), [1]),
        (removing("offer.stock == 0"), []),
        (removing("item.stock == 0"), []),
        (removing("item.stock < 5"), [2]),
        (removing('item.id == "item-1"'), [1]),
        (removing('item.id != "item-1"'), [2]),
        (removing('item.category.startsWith("Shop") || item.days_since_released < 0.0'), [2]),
        (removing('item.attributes.colour == "red"'), [2]),
        (removing("has(item.attributes.colour) && item.price_micros > offer.price_micros"), []),
        (removing("customer.known"), []),
    ],
)
def test_what_a_rule_always_removes_is_kept_no_place(rule: str, wrong: list[int]) -> None:
    share = SHARE.format("OFFER, value: summer", "20%", 2)
    found = checked(share, more=pins("position: 1, offer: item-1") + rule).problems
    mistakes = [each for each in found if not each.warning]
    lines = {FIRST: 2, FIRST + 2: 1}
    assert sorted(lines[each.line] for each in mistakes) == wrong
    assert all("is never shown on banner: gone removes it" in each.message for each in mistakes)


@pytest.mark.parametrize(
    ("placement", "offer", "is_let_pass"),
    [
        ("WEB", "APP", True),
        ("WEB", "CHAT", False),
        ("APP", "WEB", False),
        ("CALL_CENTER", "CHAT", True),
        ("STORE", "CALL_CENTER", True),
        ("CALL_CENTER", "IVR", False),
    ],
)
def test_what_is_kept_a_place_is_for_a_channel_that_may_fill_it(
    placement: str, offer: str, is_let_pass: bool
) -> None:
    text = f"""\
placements:
  - {{placement: page, channel: {placement}, kinds: [PROMOTION, CONTENT], limit: 3,
     default_offers: [help]}}
offers:
  - {{offer_id: help, kind: CONTENT, title: Help, is_default: true}}
  - {{offer_id: one, kind: PROMOTION, title: One, channels: [{offer}]}}
  - {{offer_id: two, kind: PROMOTION, title: Two, channels: [{offer}]}}
slate_rules:
  - {{placement: page, attribute: OFFER, value: two, share: 5%, position: 2}}
pins:
  - {{placement: page, position: 1, offer: one}}
"""
    found = check_definitions([DefinitionFile(path="all.yaml", text=text)]).problems
    told = f"page is on {placement}, which {{}} is not for"
    assert [each.message for each in found] == (
        [] if is_let_pass else [told.format("two"), told.format("one")]
    )


def test_a_default_offer_is_kept_its_place_whatever_rules_remove() -> None:
    share = SHARE.format("OFFER, value: bye", "20%", 2)
    bye = "  - {offer_id: bye, kind: CONTENT, title: Bye, is_default: true}\n"
    text = HEAD + bye + f"slate_rules:\n  - {share}\n" + pins("position: 1, offer: help")
    rule = removing("true", ", kinds: [CONTENT], placements: [banner]")
    file = DefinitionFile(path="all.yaml", text=text + rule)
    assert check_definitions([file]).bundle is not None


def test_each_contradiction_is_told_at_the_last_of_those_that_meet() -> None:
    found = checked(
        "{attribute: BRAND, at_most: 1}",
        "{attribute: CATEGORY, depth: 2, at_most: 1}",
        more=pins(
            "position: 1, offer: item-1",
            "position: 2, offer: item-2",
            "position: 3, offer: item-3",
        ),
    ).problems
    assert [(each.line, each.column) for each in found] == [(FIRST + 4, 5), (FIRST + 5, 5)]
    assert f"(line {FIRST + 1} of all.yaml)" in found[0].message
    assert f"(line {FIRST} of all.yaml)" in found[1].message


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
        "{attribute: CATEGORY, depth: 3, at_most: 1}",
        "{attribute: CATEGORY, value: Shop > Gard, at_most: 1}",
        "{attribute: BRAND, value: Acme, excludes: {attribute: CATEGORY, value: Shop > Kitchen}}",
        "{attribute: CATEGORY, value: Shop > Kitchen, excludes: {attribute: BRAND, value: Acorn}}",
        "{attribute: KIND, at_least: 2, first: 3}",
        more=pins("position: 1, offer: item-1", "position: 3, offer: item-2"),
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


def shop_of(placements: int, rules: list[str], pinned: int) -> str:
    """Return definitions with as many placements, and pins of different items on the first one."""
    listed = "".join(
        f"  - {{placement: page{no}, channel: WEB, kinds: [PRODUCT, CONTENT], limit: 50,"
        " default_offers: [help]}\n"
        for no in range(placements)
    )
    pins = "".join(
        f"  - {{placement: page0, position: {no % 50 + 1}, offer: item-{no}}}\n"
        for no in range(pinned)
    )
    return (
        f"placements:\n{listed}"
        "offers:\n  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}\n"
        "slate_rules:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules) + f"pins:\n{pins}"
    )


def told_of_shop(placements: int, rules: list[str], pinned: int, more: str = "") -> list[str]:
    def sold(offer_id: str) -> Sold:
        return Sold(OfferKind.PRODUCT, "Shop > Garden", f"by {offer_id}")

    file = DefinitionFile(path="all.yaml", text=shop_of(placements, rules, pinned) + more)
    return [each.message for each in check_definitions([file], sold).problems]


EXCLUDING = "attribute: BRAND, value: {}, excludes: {{attribute: BRAND, value: {}}}"
SHARED = "placement: page0, attribute: BRAND, value: S{}, share: 1%, position: 50"


@pytest.mark.parametrize(
    ("placements", "rules", "pinned"),
    [
        (
            1,
            [EXCLUDING.format(f"A{no}", f"B{no}") for no in range(100)]
            + [SHARED.format(no) for no in range(50)],
            49,
        ),
        (
            100,
            [f"placement: page{no}, " + EXCLUDING.format(no, f"A{no}") for no in range(100)]
            + [EXCLUDING.format(no, no + 1) for no in reversed(range(100))],
            1,
        ),
    ],
)
def test_nothing_is_found_among_as_many_slate_rules_and_pins_as_may_be(
    placements: int, rules: list[str], pinned: int
) -> None:
    assert told_of_shop(placements, rules, pinned) == []


def test_rules_that_remove_none_of_many_pins_are_let_pass() -> None:
    rules = "rules:\n" + "".join(
        f"  - {{name: gone{no}, code: EXCLUDED_BY_CALLER, remove_when: 'offer.id == \"{no}\"'}}\n"
        for no in range(200)
    )
    apart = [EXCLUDING.format("A", "B")]
    assert told_of_shop(1, apart, 50, rules) == []


def test_what_one_exclusion_keeps_apart_is_told_once_for_each() -> None:
    rule = "attribute: KIND, value: PRODUCT, excludes: {attribute: CATEGORY, value: Shop}"
    share = "placement: page0, attribute: OFFER, value: other, share: 5%, position: 50"
    found = told_of_shop(1, [rule, share], 49)
    assert len(found) == 49
    assert all("item-0 and " in each and "exclude each other" in each for each in found)


@pytest.mark.parametrize(("rules", "pinned"), [(1, 201), (201, 2)])
def test_too_many_slate_rules_or_pins_are_told_but_not_weighed(rules: int, pinned: int) -> None:
    [message] = told_of_shop(1, ["attribute: CATEGORY, depth: 2, at_most: 1"] * rules, pinned)
    assert message.startswith("there are more than 200 ")
