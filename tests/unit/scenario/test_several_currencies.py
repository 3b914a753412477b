"""What a cart must be worth is compared in the home currency."""

from types import SimpleNamespace

import pytest

from services.scenario.domain.carts import Cart
from services.scenario.domain.proposals import Proposals
from services.scenario.journeys.due import DueActions
from shared.testing.clock import FakeClock
from tests.unit.scenario.shop import OneBundle, bundle, catalogue, snapshot
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import CartLine, DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Arm, OfferKind
from touchpoint.scenario.v1 import scenario_service_pb2 as pb

UNIT = 1_000_000
SHOES = 3
"""For 50 EUR."""


def proposed(above, value=0, *, told=True, sent=(), only_euros=False):
    """Say whether somebody hesitating is proposed something, where a cart must be worth more."""
    made = bundle(with_abandoned_cart=False)
    least = made.scenarios[0].when.cart_above
    least.amount, _, least.currency = above.partition(" ")
    if told:
        made.currencies.base, made.currencies.as_of = "USD", "2026-11-01"
        made.currencies.rates["EUR"] = "1.25"
    sold = catalogue()
    if not only_euros:
        row = CatalogueRow(offer_no=5, offer_id="i5", kind=OfferKind.PRODUCT, currency="USD")
        sold.apply(CatalogueBatch(previous_version=1, version=2, rows=[row]))
    number = SimpleNamespace(takers=lambda minutes: 0)
    actions = DueActions(sold, OneBundle(made), Proposals(), number)
    context = DecisionContext(
        bundle_hash="b", now_us=FakeClock().now_us(), arm=Arm.PERSONALISED, cart=sent
    )
    person = snapshot(hesitating=True, cart=Cart((SHOES,), (1.0,), value * UNIT))
    request = pb.GetDueRequest(context=context, snapshot=person.SerializeToString())
    return bool(actions.answer(request).actions)


@pytest.mark.parametrize(
    ("above", "value", "is_due"),
    [
        ("100 EUR", 124, False),
        ("100 EUR", 126, True),
        ("100 USD", 101, True),
        ("100", 101, True),
        ("100", 99, False),
        ("1 CHF", 1_000, False),
    ],
)
def test_a_limit_in_another_currency_is_converted_and_one_without_a_rate_is_never_met(
    above, value, is_due
):
    assert proposed(above, value) is is_due


def test_where_all_is_sold_in_one_currency_limits_in_it_are_as_they_are():
    assert proposed("100 EUR", 101, only_euros=True)
    assert not proposed("100 EUR", 99, only_euros=True)
    assert proposed("100 EUR", 101, only_euros=True, told=False)
    assert not proposed("100 USD", 79, only_euros=True)
    assert proposed("100 USD", 81, only_euros=True)


def test_a_line_without_a_price_is_worth_what_its_item_is_at_home():
    line = CartLine(offer_no=SHOES, quantity=2)
    assert proposed("124 USD", sent=[line])
    assert not proposed("126 USD", sent=[line])
