"""Amounts in several currencies are compared at home, at the edge too."""

import pytest

from services.aggregator.definitions import compile_bundle
from services.aggregator.view.sections import currency_of
from shared.call import Call
from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide, shown
from tests.unit.aggregator.edge import PAN, PC_2, TV, bundle, candidates
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse

MICROS = 1_000_000
RATES = {"EUR": "1.25", "JPY": "0.0066"}


def sell(edge, **currencies):
    """Sell items in currencies, one of them by the number of its row."""
    rows = []
    for name, (no, value) in currencies.items():
        row = edge.catalogue.details(no)
        row.currency, row.value_micros = name, value * MICROS
        rows.append(row)
    version = edge.catalogue.version
    edge.catalogue.apply(CatalogueBatch(previous_version=version, version=version + 1, rows=rows))


@pytest.fixture
def with_rates(edge):
    made = bundle()
    made.currencies.base, made.currencies.as_of = "USD", "2026-11-01"
    made.currencies.rates.update(RATES)
    edge.definitions = compile_bundle(made)
    return edge


async def test_without_the_ranker_values_are_compared_at_home(with_rates):
    edge = with_rates
    edge.peers.ranker.Rank.error = Unavailable("dead")
    sell(edge, USD=(PAN, 5), JPY=(PC_2, 900), CHF=(TV, 900))
    order = candidates(PAN, PC_2, TV)
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=order)
    # 5 for the pan, 5.94 / 2 for the PC, and nobody knows what the TV is worth.
    assert shown(await decide(edge)) == [[PAN, PC_2]]


def carts(edge, *lines):
    request = asked(context={"cart": lines})
    context = edge.asking.question(Call("/edge", request_id="r"), request).context
    return [line.price_micros for line in context.cart]


def test_the_lines_of_a_cart_are_priced_at_home(with_rates):
    sell(with_rates, USD=(PAN, 5), EUR=(TV, 5))
    lines = [
        {"item_id": "tv-1", "quantity": 1, "price": {"amount": "8", "currency": said}}
        for said in ("EUR", "USD", "", "CHF")
    ]
    assert carts(with_rates, *lines) == [10 * MICROS, 8 * MICROS, 10 * MICROS, 0]
    assert carts(with_rates, {"item_id": "tv-1", "quantity": 1}) == [0]


def test_in_one_currency_a_price_is_as_it_is_said(edge):
    sell(edge, EUR=(TV, 5))
    for said in ("EUR", ""):
        line = {"item_id": "tv-1", "price": {"amount": "8", "currency": said}}
        assert carts(edge, line) == [8 * MICROS]


def test_amounts_of_a_person_are_told_in_the_home_currency(with_rates):
    exchange = with_rates.definitions.exchange
    sell(with_rates, EUR=(TV, 5))
    assert currency_of(with_rates.catalogue, exchange) == "EUR"
    sell(with_rates, JPY=(PAN, 5))
    assert currency_of(with_rates.catalogue, exchange) == "USD"
