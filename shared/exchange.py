"""Converts amounts of a catalogue into the home currency, by the table of a bundle."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from shared.currencies import CurrencyTable
from touchpoint.rules.v1.currencies_pb2 import Currencies

_ONE = 2
"""Numbers of a dictionary of one currency: that of none comes first."""


class CurrencyNames(Protocol):
    """Currencies by number, that of none first."""

    def __len__(self) -> int: ...

    def texts(self) -> tuple[str, ...]: ...


class Priced(Protocol):
    """A catalogue, as far as its amounts go."""

    size: int
    currency_no: npt.NDArray[np.int32]

    @property
    def currencies(self) -> CurrencyNames: ...


class Exchange:
    """The rates of one bundle for the currencies of a catalogue; made anew when one is added.

    The *home* currency is what amounts are counted in: the only one that the catalogue has, else
    the base of the table; without a table, what most of the catalogue is in.
    """

    __slots__ = ("_held", "_told")

    def __init__(self, told: Currencies | None = None) -> None:
        """Raise ValueError where a rate is none."""
        self._told = Currencies() if told is None else told
        for table in _tables(self._told):
            CurrencyTable.read(table)
        self._held = _Held((), (), (CurrencyTable(),), np.zeros(0))

    def table(self, catalogue: Priced) -> CurrencyTable:
        """Return the table that amounts are converted by now; its base is the home currency."""
        return self._for(catalogue).tables[-1]

    def at(self, catalogue: Priced, time_us: int) -> CurrencyTable:
        """Return the table of a time: that of the last day with rates, else of the first."""
        held = self._for(catalogue)
        return held.tables[max(bisect_right(held.since_us, time_us) - 1, 0)]

    def dated(self, catalogue: Priced) -> Sequence[tuple[int, CurrencyTable]]:
        """Return all tables, ascending, each with when it begins to hold; the first always did."""
        held = self._for(catalogue)
        return list(zip([0, *held.since_us[1:]], held.tables, strict=True))

    def rates(self, catalogue: Priced) -> npt.NDArray[np.float64] | None:
        """Return what one unit is worth by number of its currency, 0: nobody knows.

        None: all amounts are in one currency, and nothing needs to be converted.
        """
        return None if len(catalogue.currencies) <= _ONE else self._for(catalogue).rates

    def at_home(
        self, micros: npt.NDArray[np.int64], rows: Any, catalogue: Priced
    ) -> npt.NDArray[np.int64]:
        """Return amounts of rows of the catalogue in the home currency, to the nearest millionth.

        0 where no rate is known: what cannot be compared counts as nothing.
        """
        rates = self.rates(catalogue)
        if rates is None:
            return micros
        found: npt.NDArray[np.float64] = np.rint(micros * rates[catalogue.currency_no[rows]])
        return found.astype(np.int64)

    def is_known(self, rows: Any, catalogue: Priced) -> npt.NDArray[np.bool_] | None:
        """Return whose amounts can be converted; None: all can."""
        rates = self.rates(catalogue)
        return None if rates is None else rates[catalogue.currency_no[rows]] > 0

    def without_rate(self, catalogue: Priced) -> list[str]:
        """Return the currencies of the catalogue whose amounts count as nothing."""
        if len(catalogue.currencies) <= _ONE:
            return []
        held = self._for(catalogue)
        return sorted(each for each in held.currencies if not held.tables[-1].knows(each))

    def _for(self, catalogue: Priced) -> _Held:
        held, currencies = self._held, catalogue.currencies.texts()
        if held.currencies != currencies:
            known = currencies[1:]
            only = known[0] if len(known) == 1 else ""
            if known and not only and not self._told.base:
                only = _commonest(catalogue, known)
            told = sorted(_tables(self._told), key=lambda table: table.as_of)
            tables = [CurrencyTable.read(table, only) for table in told]
            rates = np.array([tables[-1].rate(each) for each in currencies])
            since_us = [_begin_us(table.as_of) for table in told]
            held = self._held = _Held(currencies, since_us, tables, rates)
        return held


@dataclass(frozen=True, slots=True)
class _Held:
    currencies: tuple[str, ...]
    since_us: Sequence[int]
    """From when each table holds, ascending."""
    tables: Sequence[CurrencyTable]
    rates: npt.NDArray[np.float64]


def _tables(told: Currencies) -> list[Currencies]:
    earlier = [Currencies(base=told.base, as_of=e.as_of, rates=e.rates) for e in told.earlier]
    return [*earlier, told]


def _begin_us(day: str) -> int:
    """Return when a day begins, UTC."""
    if not day:
        return 0
    return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000


def _commonest(catalogue: Priced, names: Sequence[str]) -> str:
    """Return what most of a catalogue is in: without a table, nothing else can be counted."""
    counts = np.bincount(catalogue.currency_no[: catalogue.size], minlength=len(names) + 1)
    return max(zip(counts[1:].tolist(), names, strict=True))[1]


NO_EXCHANGE = Exchange()
"""Without a table: for what is in one currency."""
