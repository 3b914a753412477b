"""What journeys hear of: events as the bus tells of them, with what conditions read of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from services.scenario.domain.effects import DECISION
from services.scenario.domain.errands import Step
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import BACK_IN_STOCK
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import Channel

_NAMES: Mapping[int, str] = {number: name for name, number in Channel.Value.items()}


class Told(Protocol):
    """What is told of an event; see `EventNotice`."""

    @property
    def person_id(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def time_us(self) -> int: ...

    @property
    def channel(self) -> int: ...

    @property
    def value_micros(self) -> int: ...

    @property
    def quantity(self) -> float: ...

    @property
    def placement(self) -> str: ...

    @property
    def gift(self) -> bool: ...

    @property
    def offer_no(self) -> int: ...

    @property
    def event_id(self) -> str: ...

    @property
    def decision_id(self) -> str: ...


def happened_of(
    notice: Told,
    catalogue: Catalogue,
    values_of: Callable[[Catalogue, int], Mapping[str, Any]] | None = None,
) -> Happened:
    """Return an event; of an item that is not in the catalogue only its number is known.

    `values_of` stands for `offer_values` where somebody remembers what it says.
    """
    channel = _NAMES[notice.channel] if notice.channel else ""
    values = {
        "event.type": notice.type,
        "event.channel": channel,
        "event.value_micros": notice.value_micros,
        "event.quantity": notice.quantity,
        "event.placement": notice.placement,
        "event.gift": notice.gift,
        DECISION: notice.decision_id,
        **(values_of or offer_values)(catalogue, notice.offer_no),
    }
    return Happened(
        notice.person_id, notice.type, notice.time_us, notice.offer_no, values, notice.event_id
    )


def back_in_stock(person_id: str, offer_no: int, now_us: int, catalogue: Catalogue) -> Happened:
    """Return the news that an item can be had again, as an event of whoever waits for it."""
    values = {**_plain(BACK_IN_STOCK), **offer_values(catalogue, offer_no)}
    return Happened(person_id, BACK_IN_STOCK, now_us, offer_no, values)


def message_news(step: Step, now_us: int, catalogue: Catalogue) -> Happened | None:
    """Return what a journey hears of its message, None while there is nothing to hear."""
    event_type, dispatch = step.event_type, step.dispatch
    if not event_type:
        return None
    channel = _NAMES[dispatch.channel] if dispatch.channel else ""
    values = {
        **_plain(event_type, channel, dispatch.order.placement),
        **offer_values(catalogue, 0),
    }
    return Happened(dispatch.person_id, event_type, now_us, 0, values)


def _plain(event_type: str, channel: str = "", placement: str = "") -> dict[str, Any]:
    """Return what conditions read of an event of our own, beside what it is about."""
    return {
        "event.type": event_type,
        "event.channel": channel,
        "event.value_micros": 0,
        "event.quantity": 0.0,
        "event.placement": placement,
        "event.gift": False,
    }


def offer_values(catalogue: Catalogue, offer_no: int) -> dict[str, Any]:
    """Return what conditions read of the item or offer of an event."""
    if not 0 < offer_no < catalogue.size:
        return {
            "event.offer_id": "",
            "event.category": "",
            "event.brand": "",
            "event.price_micros": 0,
            "event.stock": -1,
            "event.is_consumable": False,
            "event.offer_type": "",
        }
    return {
        "event.offer_id": catalogue.offer_ids[offer_no],
        "event.category": catalogue.categories.text(int(catalogue.category_no[offer_no])),
        "event.brand": catalogue.brands.text(int(catalogue.brand_no[offer_no])),
        "event.price_micros": int(catalogue.price_micros[offer_no]),
        "event.stock": int(catalogue.stock[offer_no]),
        "event.is_consumable": bool(catalogue.is_consumable[offer_no]),
        "event.offer_type": catalogue.types.text(int(catalogue.type_no[offer_no])),
    }
