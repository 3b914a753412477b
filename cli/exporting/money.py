"""What the amounts of an export are in, and what that is worth."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.catalogue.dictionary import Dictionary
from shared.exchange import Exchange
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.rules.v1.currencies_pb2 import Currencies


class Money:
    """The currencies of a catalogue, and the rates of a bundle."""

    def __init__(self, rows: Iterable[CatalogueRow], told: Currencies) -> None:
        """Raise ValueError where a rate is none."""
        self.currencies = Dictionary()
        self._no_of: dict[str, int] = {}
        numbers = array("i")
        for row in rows:
            numbers.append(self.currencies.number(row.currency))
            self._no_of[row.offer_id] = numbers[-1]
        self.currency_no: npt.NDArray[np.int32] = np.frombuffer(numbers, np.int32)
        self.size = len(numbers)
        self._exchange = Exchange(told)
        self._home = self._exchange.table(self).base

    def of(self, offer_id: str | None) -> str | None:
        """Return what amounts of an offer are in; the home currency where it does not say."""
        return self.currencies.text(self._no_of.get(offer_id or "", 0)) or self._home or None

    def rates(self) -> list[Mapping[str, Any]]:
        """Return the rows of the table `rates`."""
        dated = self._exchange.dated(self)
        names = {name for _, table in dated for name in table.rates}
        names.update(self.currencies.texts()[1:])
        return [
            {
                "currency": name,
                "base": table.base or None,
                "as_of": table.as_of or None,
                "since": since_us or None,
                "billionths": table.rates.get(name, 0),
            }
            for since_us, table in dated
            for name in sorted(names)
        ]

    def of_events(
        self, offer_ids: Sequence[str | None], *amounts: Sequence[int]
    ) -> list[str | None]:
        """Return what the amounts of each event are in; none where all of them are nothing."""
        return [
            self.of(offer_id) if any(told > 0 for told in cells) else None
            for offer_id, *cells in zip(offer_ids, *amounts, strict=True)
        ]
