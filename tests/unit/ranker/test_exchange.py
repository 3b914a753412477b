"""Values in several currencies are compared in one, and the conversion is told of."""

import numpy as np
import pytest

from services.ranker.domain.arbitration import assume
from services.ranker.domain.explanation import explain
from services.ranker.domain.judgement import as_assumed
from services.ranker.domain.model import Model
from services.ranker.exchange import Exchange
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.rules.v1.currencies_pb2 import Currencies

TOLD = Currencies(base="USD", as_of="2026-11-01", rates={"EUR": "1.25"})


def sold(*currencies):
    rows = [
        CatalogueRow(offer_no=no, offer_id=str(no), kind=1, value_micros=8_000_000, currency=each)
        for no, each in enumerate(currencies, start=1)
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(version=1, rows=rows))
    return made


def judged(catalogue, told=TOLD):
    nos = np.arange(1, catalogue.size)
    exchanged = Exchange(told).of(nos, catalogue)
    ones = np.ones(len(nos))
    return as_assumed(assume(ones * 0.1, ones, catalogue.value_micros[nos], (), exchanged))


def first_text(judgement, at):
    return explain(judgement, at, Model())[0].text


def test_values_are_compared_in_the_base_and_the_rate_and_its_day_are_told():
    judgement = judged(sold("USD", "EUR"))
    assert judgement.score == pytest.approx([0.8, 1.0])
    assert first_text(judgement, 0) == "10.00% of such are accepted, worth 8.00 each"
    assert first_text(judgement, 1) == (
        "10.00% of such are accepted, worth 10.00 each at 1.25 USD for 1 EUR as of 2026-11-01"
    )


def test_in_a_catalogue_of_one_currency_nothing_is_converted():
    assert judged(sold("EUR", "EUR", "")).score == pytest.approx([0.8] * 3)
    assert judged(sold("CHF"), Currencies()).score == pytest.approx([0.8])


def test_what_nobody_can_convert_counts_as_nothing_and_says_so():
    catalogue = sold("EUR", "CHF")
    judgement = judged(catalogue)
    assert judgement.score.tolist() == pytest.approx([1.0, 0.0])
    assert "nothing, as no rate of CHF is known" in first_text(judgement, 1)
    assert Exchange(TOLD).without_rate(catalogue) == ["CHF"]
    assert Exchange(TOLD).without_rate(sold("EUR", "USD")) == []


def test_without_a_table_what_most_is_in_counts():
    assert judged(sold("CHF", "EUR", "CHF"), Currencies()).score == pytest.approx([0.8, 0.0, 0.8])


def test_a_currency_that_arrives_later_is_converted_too():
    catalogue, exchange = sold("USD", "EUR"), Exchange(TOLD)
    assert exchange.of(np.array([1, 2]), catalogue).rate.tolist() == [1.0, 1.25]
    row = CatalogueRow(offer_no=3, offer_id="3", kind=1, value_micros=1, currency="GBP")
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[row]))
    assert exchange.of(np.array([1, 2, 3]), catalogue).rate.tolist() == [1.0, 1.25, 0.0]
