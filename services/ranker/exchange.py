"""Converts the values of candidates into one currency, by the table of a bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.arbitration import Column, Exchanged
from shared.catalogue import Catalogue
from shared.currencies import CurrencyTable
from touchpoint.rules.v1.currencies_pb2 import Currencies


class Exchange:
    """The rates of one bundle for the currencies of a catalogue; made anew when one is added."""

    __slots__ = ("_held", "_told")

    def __init__(self, told: Currencies) -> None:
        """Raise ValueError where a rate is none."""
        CurrencyTable.read(told)
        self._told = told
        self._held = _Held((), CurrencyTable(), np.zeros(0))

    def of(self, nos: NDArray[np.integer], catalogue: Catalogue) -> Exchanged | None:
        """Return how the values of candidates are converted; None: all is in one currency."""
        if len(catalogue.currencies) <= _ONE:
            return None
        held = self._for(catalogue)
        currency_no = catalogue.currency_no[nos]
        table = held.table
        return Exchanged(
            held.rates[currency_no], currency_no, held.currencies, table.base, table.as_of
        )

    def table(self, catalogue: Catalogue) -> CurrencyTable:
        """Return the table that amounts of a catalogue are converted by."""
        if len(catalogue.currencies) <= _ONE:
            return CurrencyTable.read(self._told, catalogue.only_currency)
        return self._for(catalogue).table

    def without_rate(self, catalogue: Catalogue) -> list[str]:
        """Return the currencies of the catalogue whose amounts count as nothing."""
        if len(catalogue.currencies) <= _ONE:
            return []
        held = self._for(catalogue)
        return sorted(each for each in held.currencies if not held.table.knows(each))

    def _for(self, catalogue: Catalogue) -> _Held:
        if len(self._held.currencies) != len(catalogue.currencies):
            currencies = catalogue.currencies.texts()
            only = catalogue.only_currency or ("" if self._told.base else _commonest(catalogue))
            table = CurrencyTable.read(self._told, only)
            self._held = _Held(currencies, table, np.array([table.rate(c) for c in currencies]))
        return self._held


@dataclass(frozen=True, slots=True)
class _Held:
    currencies: tuple[str, ...]
    table: CurrencyTable
    rates: Column


def _commonest(catalogue: Catalogue) -> str:
    """Return what most of a catalogue is in: without a table, nothing else can be counted."""
    counts = np.bincount(catalogue.currency_no[: catalogue.size])[1:].tolist()
    names = catalogue.currencies.texts()[1:]
    return max(zip(counts, names, strict=False))[1]


_ONE = 2
"""Numbers of a dictionary of one currency: that of none comes first."""
