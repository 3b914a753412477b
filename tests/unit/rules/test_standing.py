"""What sticks is the order of the same question; a kindred placement is led by it."""

from __future__ import annotations

from services.rules.domain.definitions import Placement
from services.rules.domain.standing import StandingRow, standing_decision, standing_orders

PRODUCT, PROMOTION, CONTENT = 1, 2, 3


def placement(name: str, *kinds: int) -> Placement:
    return Placement(name, 1, frozenset(kinds), frozenset(), False, False, frozenset())


PLACEMENTS = {
    each.name: each
    for each in (
        placement("banner", PRODUCT, PROMOTION),
        placement("category", PRODUCT),
        placement("faq", CONTENT),
    )
}


def row(name: str, decision: str = "d1", limit: int = 3, made_us: int = 1) -> StandingRow:
    return StandingRow(name, limit, decision, (7, 8), (12, 12), made_us)


def test_the_same_placement_and_limit_stand_exactly() -> None:
    [order] = standing_orders([("banner", 3)], [row("banner")], PLACEMENTS)
    assert order.exact
    assert standing_decision([("banner", 3)], [order]) == "d1"


def test_another_limit_is_another_question_and_only_leads() -> None:
    [order] = standing_orders([("banner", 2)], [row("banner")], PLACEMENTS)
    assert not order.exact
    assert standing_decision([("banner", 2)], [order]) == ""


def test_a_placement_that_shares_a_kind_is_led_by_the_latest() -> None:
    rows = [row("banner", made_us=1), row("category", "d2", made_us=2)]
    [order] = standing_orders([("banner", 9)], rows, PLACEMENTS)
    assert (order.decision_id, order.exact) == ("d2", False)


def test_only_what_was_shown_leads() -> None:
    [order] = standing_orders([("category", 3)], [row("banner", limit=1)], PLACEMENTS)
    assert (order.offer_nos, order.sources) == ((7,), (12,))


def test_a_placement_that_shares_no_kind_is_not_led() -> None:
    assert standing_orders([("faq", 3)], [row("banner")], PLACEMENTS) == []


def test_a_placement_that_is_no_longer_defined_leads_nothing() -> None:
    assert standing_orders([("banner", 3)], [row("gone")], PLACEMENTS) == []


def test_a_decision_stands_only_when_it_stands_for_all_that_is_asked() -> None:
    asks = [("banner", 3), ("category", 3)]
    both = standing_orders(asks, [row("banner"), row("category")], PLACEMENTS)
    assert standing_decision(asks, both) == "d1"
    different = standing_orders(asks, [row("banner"), row("category", "d2")], PLACEMENTS)
    assert standing_decision(asks, different) == ""
    one = standing_orders(asks, [row("banner")], PLACEMENTS)
    assert standing_decision(asks, one) == ""
