"""Pins and shares reach those who fill the page, with their offers, where rules let these pass."""

from __future__ import annotations

import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from tests.grpc.rules.rules_kit import (
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    SOLD_OUT,
    Rules,
    ann,
    codes,
    kept,
)
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

BANNER, CART = "web.home.banner", "web.cart"


async def defined(rules: Rules, text: str) -> None:
    """Apply the shipped definitions and these."""
    files = [*read_folder(shipped_definitions()), DefinitionFile(path="mine.yaml", text=text)]
    checked, *_ = await rules.definitions.apply(files)
    assert not [each for each in checked.problems if not each.warning]


def pin(offer_no: int, position: int = 1, when: str = "", placement: str = BANNER) -> str:
    condition = f', when: "{when}"' if when else ""
    item = "item" if offer_no < 10 else "offer"
    return (
        f"pins:\n  - {{name: star, placement: {placement}, position: {position},"
        f" offer: {item}-{offer_no}{condition}}}\n"
    )


def demanded(response: pb.CheckResponse, demand: str = "pin") -> list[tuple[str, str, str]]:
    return [
        (each.placement, each.value, each.rule)
        for each in response.constraints
        if each.WhichOneof("demand") == demand
    ]


async def test_a_pinned_offer_is_a_candidate_though_nobody_proposed_it(rules: Rules) -> None:
    await defined(rules, pin(FREE_SHIPPING, 2))
    response = await rules.check(LAPTOP, person=ann())
    assert demanded(response) == [(BANNER, f"offer-{FREE_SHIPPING}", "star")]
    assert kept(response, LAPTOP) == [LAPTOP, FREE_SHIPPING]
    assert list(response.added.sources) == [Source.OFFER]
    assert list(response.added.scores) == [1.0]


async def test_what_only_a_pin_proposes_fills_no_other_place(rules: Rules) -> None:
    await defined(rules, pin(FREE_SHIPPING, placement=CART))
    response = await rules.check(LAPTOP, person=ann(), context=rules.context(BANNER, CART))
    assert list(response.placement_bits) == [0b11, 0b10]


async def test_a_pin_that_rules_remove_is_told_with_its_reason(rules: Rules) -> None:
    await defined(rules, pin(SOLD_OUT))
    response = await rules.check(LAPTOP, person=ann())
    assert kept(response, LAPTOP) == [LAPTOP]
    assert codes(response) == {SOLD_OUT: "OUT_OF_STOCK"}


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("request.channel == 'WEB'", True),
        ("request.placement == 'web.cart'", False),
        ("customer.known && request.placement == 'web.home.banner'", True),
        ("now > timestamp('2999-01-01T00:00:00Z')", False),
        ("request.attributes['campaign'] == 'spring'", False),
    ],
)
async def test_a_pin_holds_only_while_its_condition_does(
    rules: Rules, when: str, holds: bool
) -> None:
    """One whose condition fails does not hold."""
    await defined(rules, pin(FREE_SHIPPING, when=when))
    response = await rules.check(LAPTOP, person=ann())
    assert bool(demanded(response)) is holds
    assert (FREE_SHIPPING in kept(response, LAPTOP)) is holds


async def test_a_pin_that_cannot_be_evaluated_is_told_among_the_rules_that_fail(
    rules: Rules,
) -> None:
    await defined(rules, pin(FREE_SHIPPING, when="request.attributes['campaign'] == 'spring'"))
    response = await rules.check(LAPTOP, person=ann())
    assert [(act.rule, act.failed) for act in response.acts] == [("pins.star", True)]
    await rules.commit(LAPTOP, acts=response.acts)
    found = await rules.stub.GetRuleFailures(pb.GetRuleFailuresRequest(), timeout=5)
    assert [(each.rule, each.decisions) for each in found.failures] == [("pins.star", 1)]


async def test_pins_of_other_placements_and_beyond_what_is_asked_for_are_none(
    rules: Rules,
) -> None:
    await defined(rules, pin(FREE_SHIPPING, 4, placement=CART))
    for place in (BANNER, CART):
        response = await rules.check(LAPTOP, person=ann(), context=rules.context(place))
        assert not demanded(response)


async def test_where_a_decision_stands_its_order_does(rules: Rules) -> None:
    await defined(rules, pin(FREE_SHIPPING))
    context = rules.context()
    await rules.commit(LAPTOP, GUIDE, context=context)
    again = await rules.check(LAPTOP, GUIDE, person=ann(), context=rules.context())
    assert again.standing_decision_id == context.decision_id
    assert not demanded(again)
    assert FREE_SHIPPING not in kept(again, LAPTOP, GUIDE)


async def test_an_offer_with_a_share_is_a_candidate_and_the_share_is_told(rules: Rules) -> None:
    share = f"attribute: OFFER, value: offer-{FREE_SHIPPING}, share: 25%, name: free"
    await defined(rules, f"slate_rules:\n  - {{placement: {BANNER}, {share}}}\n")
    response = await rules.check(LAPTOP, person=ann())
    assert demanded(response, "share") == [(BANNER, f"offer-{FREE_SHIPPING}", "free")]
    assert kept(response, LAPTOP) == [LAPTOP, FREE_SHIPPING]


async def test_a_pin_on_what_the_catalogue_has_not_or_no_longer_is_refused(rules: Rules) -> None:
    withdrawn = pin(22)
    files = [
        *read_folder(shipped_definitions()),
        DefinitionFile(path="mine.yaml", text=withdrawn),
    ]
    checked, *_ = await rules.definitions.apply(files)
    [problem] = [each for each in checked.problems if not each.warning]
    assert (problem.path, problem.line) == ("mine.yaml", 2)
    assert "there is no offer offer-22" in problem.message


PRICE_BAND = """\
rules:
  - name: price_band
    level: SUITABILITY
    code: NOT_SUITABLE
    kinds: [PRODUCT]
    remove_when: >-
      request.viewed_price_micros > 0
      && (offer.price_micros * 2 < request.viewed_price_micros
      || offer.price_micros > request.viewed_price_micros * 3)
"""


async def test_a_price_band_removes_what_is_far_from_the_price_in_view(rules: Rules) -> None:
    await defined(rules, PRICE_BAND)
    prices = {1: 100, 3: 49, 4: 50, 6: 300, 2: 301}
    for offer_no, price in prices.items():
        rules.catalogue.price_micros[offer_no] = price * 1_000_000
    context = rules.context(item_nos=[5, 1])
    rules.catalogue.price_micros[5] = 0
    response = await rules.check(1, 3, 4, 2, person=ann(), context=context)
    assert kept(response, 1, 3, 4, 2) == [1, 4]
    unseen = await rules.check(1, 3, 4, 2, person=ann(), context=rules.context())
    assert kept(unseen, 1, 3, 4, 2) == [1, 3, 4, 2]
