"""How often a scenario is entered, as it is printed."""

from __future__ import annotations

import io

from rich.console import Console

from cli.showing.how_often import show_how_often
from services.scenario.domain.how_often import Met, how_often
from services.scenario.reports.how_often_messages import how_often_message

DAY_US = 86_400_000_000


def printed(met, days=10, mean_order_micros=0):
    [found] = how_often(met, ["left"], 0, days * DAY_US, mean_order_micros)
    written = io.StringIO()
    show_how_often(Console(file=written, width=160), how_often_message(found, "EUR"))
    return written.getvalue()


def met(number, cart=0, segments=("keen",)):
    return Met("left", f"p{number}", number * DAY_US // 2, cart * 1_000_000, {"segment": segments})


def test_how_often_a_day_to_how_many_and_what_lay_in_their_carts():
    text = printed([met(number, cart=100) for number in range(20)])
    assert "It happens 2.0 a day: 20 times in 10 days to 20 people, at most 2 times a day." in text
    assert "In 20 carts lay 2,000 EUR, 100 EUR each." in text
    assert [line.split() for line in text.splitlines() if line.startswith("segment")] == [
        ["segment", "keen", "20", "20", "2,000", "EUR"]
    ]


def test_what_is_rare_is_told_in_days_and_what_has_no_cart_by_the_mean_purchase():
    some = [met(0), *(met(number, cart=7, segments=()) for number in range(1, 5))]
    text = printed(some, mean_order_micros=40_000_000)
    assert "It happens once in 2.0 days: 5 times in 10 days to 5 people" in text
    assert "none on 7 days" in text
    assert "In 4 carts lay 28 EUR, 7 EUR each." in text
    assert "1 time without a cart: 40 EUR at the mean purchase of that time." in text
    assert "segment" not in text


def test_of_fewer_than_five_people_only_how_often_is_told():
    text = printed([met(0, cart=7), met(1, cart=7)], mean_order_micros=40_000_000)
    assert "2 times in 10 days to 2 people" in text
    assert "Of fewer than five people no more is told." in text
    assert "EUR" not in text


def test_what_happens_to_nobody_is_told_so():
    assert printed([]) == "It happens to nobody in 10 days.\n"
