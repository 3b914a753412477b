"""At which rate the amounts of an event are counted: read when it comes in, and kept with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.profile.domain.exchanged import DISCOUNT, PAID, RATE
from shared.catalogue import Catalogue
from shared.errors import Unavailable
from shared.exchange import Exchange
from shared.money import from_micros, is_currency, to_micros
from shared.service import HealthCheck

_MOST_UNKNOWN = 100
"""Currencies without a rate that are told of."""


class Coin(NamedTuple):
    """What amounts of an event are in; empty where it is not said."""

    sold_in: str
    """Of its item; the home currency where it is not said."""
    said_in: str
    """Of its value; that of the item where it is not said."""


class Counted(NamedTuple):
    """How the amounts of an event count."""

    value_micros: int
    """In what its item is sold in; 0 where nobody knows what it is worth there."""
    details: Mapping[str, str]
    """Those of the event, with the rate."""
    is_known: bool
    """False: nobody knows what was paid, and what it cost counts as little."""


class Exchanging:
    """Tells of events in another currency than the home one, by the table of their time."""

    def __init__(self, catalogue: Catalogue, exchange: Callable[[], Exchange] = Exchange) -> None:
        """`exchange` is that of the definitions in force."""
        self._catalogue = catalogue
        self._exchange = exchange
        self._unknown: set[str] = set()
        self._version, self._only = -1, ""

    def is_foreign(self, sold_in: str, said_in: str) -> bool:
        """Say whether amounts of a `Coin` must be converted: not while there is no home."""
        if self._version != self._catalogue.version:
            self._version, self._only = self._catalogue.version, self._catalogue.only_currency
        if sold_in == self._only and (not said_in or said_in == sold_in):
            return False
        home = self._exchange().table(self._catalogue).base
        return bool(home) and not {sold_in or home, said_in or home} <= {home}

    def read(
        self, coin: Coin, value_micros: int, details: Mapping[str, str], time_us: int
    ) -> Counted:
        """Return how the amounts of an event count; raises ValueError for what is no currency."""
        sold_in, said_in = coin
        if said_in and not is_currency(said_in):
            raise ValueError(f"value.currency: {said_in!r} is no code of ISO 4217 such as USD")
        table = self._exchange().at(self._catalogue, time_us)
        own = sold_in or table.base
        if own != table.base:
            details = {**details, RATE: table.told_rate(own)}
        if value_micros and said_in and said_in != own:
            details = {**details, PAID: f"{from_micros(value_micros)} {said_in}"}
            value_micros = table.converted(value_micros, said_in, own)
            if saved := details.get(DISCOUNT):
                saved_micros = table.converted(to_micros(saved), said_in, own)
                details = {**details, DISCOUNT: from_micros(saved_micros)}
        unknown = sorted({each for each in coin if not table.knows(each)})
        if unknown:
            details = {**details, RATE: table.told_rate(unknown[0])}
            if len(self._unknown) < _MOST_UNKNOWN:
                self._unknown.update(unknown)
        return Counted(value_micros, details, is_known=table.knows(said_in))

    def rates_known(self) -> HealthCheck:
        """Return what raises while amounts count as nothing because nobody knows their worth."""

        async def check() -> None:
            exchange = self._exchange()
            table = exchange.table(self._catalogue)
            self._unknown = {each for each in self._unknown if not table.knows(each)}
            if unknown := self._unknown.union(exchange.without_rate(self._catalogue)):
                told = ", ".join(sorted(unknown))
                raise Unavailable(f"no rate of {told}: such amounts count as nothing")

        return check
