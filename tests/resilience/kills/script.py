"""What is sent: each event follows from its number, so that the checker needs no other account."""

from __future__ import annotations

from dataclasses import dataclass

from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel

CUSTOMERS = 60
_TYPES = ("view", "purchase", "search", "purchase", "add_to_cart")


@dataclass(frozen=True, slots=True)
class Run:
    """One performance of the script."""

    name: str
    begun_s: int
    """Seconds since 1970; all events happened in the day before."""


def event(run: Run, number: int) -> Event:
    """Return the event of a number."""
    made = Event(
        event_id=f"{run.name}-{number}",
        type=_TYPES[number % len(_TYPES)],
        channel=Channel.WEB,
        identities=[Identity(kind="customer", value=f"kills-{customer_of(number)}")],
        session_id=f"s{number % 7}",
    )
    made.time.seconds = run.begun_s - 86_400 + number
    if value_of(number):
        made.order_id = f"order-{run.name}-{number}"
        made.value.CopyFrom(Money(amount=str(value_of(number)), currency="USD"))
    return made


def number_of(an_event_id: str) -> int:
    return int(an_event_id.rpartition("-")[2])


def customer_of(number: int) -> int:
    return number * 7 % CUSTOMERS


def value_of(number: int) -> int:
    """Return what was paid, whole units; 0: it is no purchase, of which each is an order."""
    return 1 + number % 9 if _TYPES[number % len(_TYPES)] == "purchase" else 0
