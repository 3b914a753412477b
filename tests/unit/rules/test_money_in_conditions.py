"""Conditions compare prices and values of several currencies in the home one."""

from __future__ import annotations

import numpy as np

from services.rules.conditions import RequestFrame
from services.rules.definitions import compile_policy
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.contacts import UNLIMITED, Approach
from services.rules.domain.screening import Screens
from services.rules.domain.verdict import judge
from services.rules.moment import MomentVariables, channel_fields
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.currencies_pb2 import Currencies
from touchpoint.rules.v1.rules_pb2 import Bundle

UNIT = 1_000_000
TOLD = Currencies(base="USD", as_of="2026-11-01", rates={"EUR": "1.25"})
NO_LIMIT = Approach(UNLIMITED, frozenset(), frozenset())


def row(no: int, price: int, currency: str) -> CatalogueRow:
    micros = price * UNIT
    return CatalogueRow(
        offer_no=no,
        offer_id=f"i{no}",
        kind=OfferKind.PRODUCT,
        family_no=no,
        price_micros=micros,
        value_micros=micros // 2,
        currency=currency,
        channels=[Channel.WEB],
        stock=-1,
    )


def catalogue(*rows: CatalogueRow) -> Catalogue:
    made = Catalogue()
    made.apply(CatalogueBatch(version=1, rows=rows))
    return made


def compiled(condition: str, told: Currencies = TOLD) -> CompiledBundle:
    bundle = Bundle(bundle_hash=condition, currencies=told)
    bundle.placements.add(placement="web", channel=Channel.WEB, kinds=[OfferKind.PRODUCT])
    bundle.rules.add(name="dear", level=1, code=4, remove_when=condition)
    return compile_policy(bundle)


def removed(by: CompiledBundle, sold: Catalogue, screens: Screens | None = None) -> list[int]:
    offer_nos = np.arange(1, sold.size)
    moment = Moment(1, Channel.WEB, exchange=by.policy.exchange)
    columns = CandidateColumns(sold, lambda _: {}, offer_nos, moment)
    context = DecisionContext(channel=Channel.WEB, now_us=1)
    variables = MomentVariables(context, None, sold, exchange=by.policy.exchange)
    frame = RequestFrame(columns, variables, by.compiler.activation)
    rules = by.policy.rules
    if screens is not None:
        rules = screens.of(by.policy, Channel.WEB, 1).passing(columns, rules)
    asked = [by.policy.placements["web"]]
    found = judge(rules, asked, columns, lambda _: frame, NO_LIMIT)
    return sorted(found.removals.offer_nos)


def test_prices_and_values_are_compared_at_home_with_and_without_cel() -> None:
    sold = catalogue(row(1, 110, "USD"), row(2, 100, "EUR"), row(3, 500, "CHF"))
    for condition in (
        "item.price_micros > 120000000",
        "offer.value_micros > 60000000",
        "[item.price_micros].exists(price, price > 120000000)",
    ):
        assert removed(compiled(condition), sold) == [2]


def test_what_nobody_can_convert_has_no_price() -> None:
    sold = catalogue(row(1, 110, "USD"), row(2, 500, "CHF"))
    assert removed(compiled("item.price_micros == 0"), sold) == [2]


def test_a_second_currency_that_arrives_changes_what_a_screen_keeps_of_all() -> None:
    sold = catalogue(row(1, 100, "EUR"), row(2, 10, "EUR"))
    by = compiled("item.price_micros > 120000000")
    screens = Screens(sold, channel_fields)
    assert removed(by, sold, screens) == []
    changed = sold.apply(CatalogueBatch(previous_version=1, version=2, rows=[row(3, 110, "USD")]))
    screens.note(changed)
    assert removed(by, sold, screens) == removed(by, sold) == [1]


def test_the_price_of_what_is_viewed_is_at_home() -> None:
    sold = catalogue(row(1, 110, "USD"), row(2, 100, "EUR"), row(3, 500, "CHF"))
    exchange = compiled("false").policy.exchange
    asked = DecisionContext(now_us=1, item_nos=[9, 3, 2, 1])
    found = MomentVariables(asked, None, sold, exchange=exchange)
    assert found.field("request.viewed_price_micros") == 125 * UNIT
