"""Amounts in several currencies are counted in the home one, by the rates of their day."""

from fractions import Fraction

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain import cart
from services.profile.domain.event import DAY_US
from services.profile.domain.reading import NO_TIERS, traits
from services.profile.exchanging import Exchanging
from services.profile.intake import Intake
from services.profile.row_intake import RowIntake
from services.profile.stamping import Stamper
from shared.catalogue import Catalogue
from shared.errors import Unavailable
from shared.exchange import Exchange
from shared.money import from_micros
from tests.unit.profile.happenings import NOON_US, state_of
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.rules.v1.currencies_pb2 import Currencies, DatedRates

UNIT = 1_000_000
TODAY = NOON_US // DAY_US
TOLD = Currencies(
    base="USD",
    as_of="2025-12-15",
    rates={"EUR": "1.25", "GBP": "1.3"},
    earlier=[DatedRates(as_of="2025-11-01", rates={"EUR": "1.5", "GBP": "1.2"})],
)
RATES = {"USD": (1, 1), "EUR": ("1.5", "1.25"), "GBP": ("1.2", "1.3"), "CHF": (0, 0)}
"""What each is worth before and since the 15th of December, 2025."""
SOLD_IN = ("USD", "EUR", "GBP", "CHF")


def catalogue(*currencies):
    rows = [
        CatalogueRow(
            offer_no=no,
            offer_id=each,
            kind=1,
            family_no=no,
            price_micros=100 * UNIT,
            cost_micros=40 * UNIT,
            currency=each,
        )
        for no, each in enumerate(currencies, start=1)
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(version=1, rows=rows))
    return made


def intake(*currencies, told=TOLD):
    sold, exchange = catalogue(*currencies), Exchange(told)
    return Intake(Stamper(sold), b"k" * 32, "US", exchanging=Exchanging(sold, lambda: exchange))


def event(kind, item_id, *, amount="", said_in="", days_ago=0, **fields):
    time = Timestamp()
    time.FromMicroseconds(NOON_US - days_ago * DAY_US)
    made = Event(event_id=fields.pop("event_id", "e"), type=kind, item_id=item_id, time=time)
    made.identities.append(Identity(kind="customer", value="ada"))
    made.attributes.update(fields.pop("attributes", {}))
    if amount:
        made.value.CopyFrom(Money(amount=amount, currency=said_in))
    for name, value in fields.items():
        setattr(made, name, value)
    return made


async def counted(taking, *events):
    named = [Event.FromString(each.SerializeToString()) for each in events]
    for at, each in enumerate(named):
        each.event_id = f"e{at}"
    taken = await taking.imported(named, "cli", NOON_US)
    assert not taken.rejected
    return [arrival.event for arrival in taken.arrivals]


async def found(taking, *events):
    return traits(state_of(*await counted(taking, *events)), NOON_US, NO_TIERS)


async def test_orders_in_two_currencies_are_not_added_as_one():
    bought = await found(
        intake("USD", "EUR"), event("purchase", "USD"), event("purchase", "EUR", order_id="o")
    )
    assert bought.monetary_micros == 225 * UNIT
    assert bought.contribution_micros == 60 * UNIT + 75 * UNIT
    assert bought.promotion_share == 0.0


async def test_the_rates_of_the_time_of_an_event_count():
    bought = await found(intake("USD", "EUR"), event("purchase", "EUR", days_ago=60))
    assert bought.monetary_micros == 150 * UNIT


async def test_what_was_paid_in_another_currency_than_the_item_is_sold_in_is_converted_and_kept():
    taking = intake("USD", "EUR")
    paid = event("purchase", "USD", amount="40", said_in="EUR", attributes={"discount": "40"})
    [kept] = await counted(taking, paid)
    assert (kept.value_micros, dict(kept.details)) == (
        50 * UNIT,
        {"paid": "40 EUR", "discount": "50"},
    )
    assert (await found(taking, paid)).promotion_share == pytest.approx(1 / 4)
    other = event("purchase", "EUR", amount="50", said_in="USD")
    [kept] = await counted(taking, other)
    assert (kept.value_micros, kept.price_micros) == (40 * UNIT, 100 * UNIT)
    assert dict(kept.details) == {"paid": "50 USD", "rate": "1.25 USD 2025-12-15"}
    assert (await found(taking, other)).monetary_micros == 50 * UNIT


async def test_what_nobody_can_convert_is_left_out_and_told_of_and_the_order_counts():
    taking = intake("USD", "CHF")
    lines = [event("purchase", "CHF"), event("purchase", "USD", amount="9", said_in="XAU")]
    bought = await found(taking, *lines, event("purchase", "USD"))
    assert (bought.monetary_micros, bought.contribution_micros) == (100 * UNIT, 60 * UNIT)
    assert bought.contribution_is_sales
    kept = await counted(taking, *lines)
    assert [each.details["rate"] for each in kept] == ["0 USD", "0 USD"]
    assert kept[1].details["paid"] == "9 XAU"
    with pytest.raises(Unavailable, match="no rate of CHF, XAU"):
        await taking.exchanging.rates_known()()


async def test_a_cart_is_worth_what_its_lines_are_at_home():
    lines = await counted(
        intake("USD", "EUR"),
        event("add_to_cart", "USD", quantity=2),
        event("add_to_cart", "EUR", amount="30", said_in="EUR", quantity=3),
    )
    found = cart.items(state_of(*lines).cart, NOON_US)
    assert {(each.offer_no, each.price_micros) for each in found} == {
        (1, 100 * UNIT),
        (2, 12_500_000),
    }


async def test_in_one_currency_nothing_is_added_to_an_event():
    for said_in in ("", "EUR"):
        [kept] = await counted(intake("EUR"), event("purchase", "EUR", amount="7", said_in=said_in))
        assert (kept.value_micros, dict(kept.details)) == (7 * UNIT, {})


async def test_a_currency_that_is_none_is_refused_with_the_field():
    bad = event("purchase", "USD", amount="7", said_in="usd")
    [rejection] = (await intake("USD").imported([bad], "cli", NOON_US)).rejected
    assert rejection.message.startswith("value.currency: 'usd' is no code")


async def test_columns_of_a_file_come_to_the_same_as_single_events():
    from cli.importing.event_rows import columns_of

    taking = intake(*SOLD_IN)
    lines = [
        event(kind, item, amount=amount, said_in=said_in, days_ago=days_ago)
        for kind in ("purchase", "view", "add_to_cart", "return")
        for item in (*SOLD_IN, "unknown")
        for amount, said_in in (("", ""), ("12.5", ""), ("12.5", "EUR"), ("12.5", "XAU"))
        for days_ago in (0, 50)
    ]
    for at, line in enumerate(lines):
        line.event_id = f"e{at}"
    single = await taking.imported(lines, "cli", NOON_US)
    columns = await RowIntake(taking).imported(columns_of(lines), "cli", NOON_US)
    assert not columns.rejected
    assert [a.event for a in columns.arrivals] == [a.event for a in single.arrivals]


LINES = st.lists(
    st.tuples(
        st.sampled_from(["purchase", "return"]),
        st.sampled_from(SOLD_IN),
        st.sampled_from(["", *SOLD_IN]),
        st.integers(1, 10**9),
        st.integers(0, 80),
    ),
    min_size=1,
    max_size=12,
)


def worth(item, said_in, micros, days_ago):
    """Return what a line is worth at home, not rounded: the oracle."""
    since = 1 if TODAY - days_ago >= 20_437 else 0
    known = Fraction(RATES[item][since]) > 0
    return Fraction(micros) * Fraction(RATES[said_in or item][since]) * known


@given(LINES)
async def test_spending_is_the_sum_of_all_lines_at_the_rates_of_their_days(lines):
    events = [
        event(kind, item, amount=from_micros(micros), said_in=said_in, days_ago=ago)
        for kind, item, said_in, micros, ago in lines
    ]
    exact = sum(
        worth(item, said_in, micros, ago) * (1 if kind == "purchase" else -1)
        for kind, item, said_in, micros, ago in lines
    )
    spent = (await found(intake(*SOLD_IN), *events)).monetary_micros
    assert abs(spent - exact) <= 2 * len(lines)


@given(LINES)
async def test_a_state_does_not_change_with_the_rates_of_later(lines):
    taking = intake(*SOLD_IN)
    events = [
        event(kind, item, amount=from_micros(micros), said_in=said_in, days_ago=ago)
        for kind, item, said_in, micros, ago in lines
    ]
    kept = await counted(taking, *events)
    live = state_of(*kept)
    later = Exchange(Currencies(base="USD", as_of="2026-02-01", rates={"EUR": "9", "CHF": "9"}))
    taking.exchanging._exchange = lambda: later
    again = state_of(*reversed(kept))
    assert (again.orders, again.cart, again.tallies) == (live.orders, live.cart, live.tallies)
