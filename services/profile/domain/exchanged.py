"""Amounts of events in another currency than the home one: what they come to is kept with them.

An event keeps its amounts in one currency, that of its item, and the rate of its time beside them.
So a state that is folded anew equals the one kept event by event, whatever rates are now.
"""

from __future__ import annotations

from functools import lru_cache

from services.profile.domain.event import Event
from shared.currencies import UNIT, divided, rate_of
from shared.money import MAX_MICROS, from_micros, to_micros

RATE = "rate"
"""The detail of an event that says what one unit of its amounts was worth then: `1.08 USD
2026-11-01`, and `0 USD` where nobody knew. Without it they are in the home currency."""
PAID = "paid"
"""The detail of an event that was paid in another currency than its item is sold in: `12.5 EUR`."""
DISCOUNT = "discount"
"""The detail that says what was saved on the whole quantity, in the currency of the value."""


def at_home(event: Event, rate: str) -> Event:
    """Return an event with its amounts in the home currency; without any where no rate is known."""
    billionths = _billionths(rate)
    if not billionths:
        details = {name: text for name, text in event.details.items() if name != DISCOUNT}
        return event._replace(price_micros=0, cost_micros=-1, value_micros=0, details=details)
    details = dict(event.details)
    if saved := details.get(DISCOUNT):
        details[DISCOUNT] = from_micros(_converted(to_micros(saved), billionths))
    cost = event.cost_micros
    return event._replace(
        price_micros=_converted(event.price_micros, billionths),
        cost_micros=cost if cost < 0 else _converted(cost, billionths),
        value_micros=_converted(event.value_micros, billionths),
        details=details,
    )


def _converted(micros: int, billionths: int) -> int:
    return min(divided(micros * billionths, UNIT), MAX_MICROS)


@lru_cache(maxsize=1_024)
def _billionths(rate: str) -> int:
    told = rate.partition(" ")[0]
    return 0 if told == "0" else rate_of(told)
