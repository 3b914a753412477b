"""The candidates of a request as columns: conditions see them as `item`, `offer` and `history`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.rules.domain import history
from services.rules.domain.catalogue import PRODUCT, CatalogueColumns
from services.rules.domain.counters import Terms, contact_terms
from services.rules.domain.history_columns import HISTORY_COLUMNS
from services.rules.domain.item_columns import ITEM_COLUMNS, ITEMS_OF_CATALOGUE
from services.rules.domain.offer_columns import (
    OFFER_COLUMNS,
    OFFERS_OF_CATALOGUE,
    on_channel,
    scheduled,
)
from services.rules.domain.person import NOBODY, Lookup, Numbers, PersonFacts, among
from services.rules.domain.values import BoolColumn
from shared.catalogue import Fence
from shared.exchange import NO_EXCHANGE, Exchange

AttributesOf = Callable[[int], Mapping[str, str]]
"""The caller's own attributes of an offer, by its number."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What of the request the columns depend on."""

    now_us: int
    channel: int
    """As numbered in `common.v1.Channel`."""
    excluded_nos: Sequence[int] = ()
    fence: Fence | None = None
    """Categories that the caller keeps within or keeps out."""
    promised_nos: Sequence[int] = ()
    """Offers that are the person's own: for them they are neither over nor withdrawn, and meant for
    every channel."""
    exchange: Exchange = NO_EXCHANGE
    """By which prices and values in other currencies are compared."""


class CandidateColumns:
    """Columns of one request's candidates, each made when first asked for."""

    catalogue: CatalogueColumns
    attributes_of: AttributesOf
    offer_nos: Numbers
    moment: Moment
    person: PersonFacts
    sources: Numbers | None

    def __init__(
        self,
        catalogue: CatalogueColumns,
        attributes_of: AttributesOf,
        offer_nos: Numbers,
        moment: Moment,
        person: PersonFacts = NOBODY,
        sources: Numbers | None = None,
    ) -> None:
        """Take candidates that the catalogue knows, without repetition.

        `sources` says where each came from, as numbered in `common.v1.Source`; None: not said.
        """
        self.catalogue = catalogue
        self.offer_nos = offer_nos
        self.moment = moment
        self.person = person
        self.attributes_of = attributes_of
        self.sources = sources
        self._made: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.offer_nos)

    def terms_of(self, offer_no: int) -> Terms:
        """Return what a candidate says of its contacts."""
        return contact_terms(self.attributes_of(offer_no), int(self.catalogue.kind[offer_no]))

    def __getitem__(self, name: str) -> Any:
        """Return a column by its name in conditions, `offer.stock`; KeyError for others."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = _MAKERS[name](self)
        return found

    @property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """Kind numbers."""
        found: npt.NDArray[np.uint8] | None = self._made.get("kinds")
        if found is None:
            found = self._made["kinds"] = self.catalogue.kind[self.offer_nos]
        return found

    @property
    def promised(self) -> BoolColumn:
        """Which candidates are promised to the person."""
        found: BoolColumn | None = self._made.get("promised")
        if found is None:
            found = among(self.offer_nos, self.moment.promised_nos)
            self._made["promised"] = found
        return found

    @property
    def is_kept_on(self) -> bool:
        """Whether a candidate is here by a promise alone, so that its row does not tell of it."""
        if not self.moment.promised_nos:
            return False
        gone = self.catalogue.withdrawn[self.offer_nos] | ~scheduled(self) | ~on_channel(self)
        return bool(np.any(self.promised & gone))

    @property
    def history(self) -> history.Subjects:
        """The candidates as what they are about, for the columns of `history`."""
        found: history.Subjects | None = self._made.get("subjects")
        if found is None:
            found = self._made["subjects"] = history.Subjects(
                self.catalogue, self.offer_nos, self.kinds != PRODUCT
            )
        return found

    @property
    def purchase_places(self) -> Numbers:
        """Where each candidate's family stands among the purchases; -1: it was never bought."""
        found: Numbers | None = self._made.get("places")
        if found is None:
            found = self._made["places"] = self.purchase_lookup.places(self.history.family_nos)
        return found

    @property
    def purchase_lookup(self) -> Lookup:
        """Where families stand among the purchases."""
        found: Lookup | None = self._made.get("lookup")
        if found is None:
            found = self._made["lookup"] = Lookup(self.person.purchases.family_nos)
        return found


_MAKERS: Mapping[str, Callable[[CandidateColumns], Any]] = {
    **ITEM_COLUMNS,
    **OFFER_COLUMNS,
    **HISTORY_COLUMNS,
}
COLUMNS = frozenset(_MAKERS)
"""Every field of `item`, `offer` and `history`."""
OF_CATALOGUE = OFFERS_OF_CATALOGUE | ITEMS_OF_CATALOGUE
"""What is settled by a candidate's row, the channel and the time, and quickly read for many."""
