"""The columns that conditions see: `offer.*` from the catalogue, `history.*` from the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.rules.domain import history
from services.rules.domain.ages import min_ages
from services.rules.domain.catalogue import KINDS, PRODUCT, SOURCES, CatalogueColumns, WordList
from services.rules.domain.counters import Terms, contact_terms
from services.rules.domain.person import NOBODY, Lookup, Numbers, PersonFacts, among
from services.rules.domain.stock import about_sold_out
from services.rules.domain.values import BoolColumn, Maps, Words, is_none
from shared.catalogue import Fence

_NO_WORD = ("",)

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


class CandidateColumns:
    """Columns of one request's candidates, each made when first asked for."""

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
        gone = self.catalogue.withdrawn[self.offer_nos] | ~_scheduled(self) | ~_on_channel(self)
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

    def absent(self) -> tuple[str, ...]:
        """Return which of `ABSENCES` this request is without."""
        person, found = self.person, []
        if not self.moment.excluded_nos and self.moment.fence is None:
            found.append("exclusions")
        if not len(person.purchases.family_nos):
            found += ["purchases", "bought"]
        elif self.purchase_places.max(initial=-1) < 0:
            found.append("bought")
        if not len(person.declines.family_nos):
            found.append("declines")
        if person.dislikes.is_empty:
            found.append("dislikes")
        if not len(person.cart_nos):
            found.append("cart")
        if not person.surveys_done:
            found.append("surveys")
        if not person.surveys_answered:
            found.append("answers")
        if not self.moment.promised_nos:
            found.append("promises")
        return tuple(found)

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


def _integers(name: str) -> Callable[[CandidateColumns], Any]:
    def read(columns: CandidateColumns) -> Any:
        return getattr(columns.catalogue, name)[columns.offer_nos].astype(np.int64, copy=False)

    return read


def _flags(name: str) -> Callable[[CandidateColumns], Any]:
    return lambda columns: getattr(columns.catalogue, name)[columns.offer_nos]


def _words(numbers: npt.NDArray[Any], words: WordList) -> Words:
    if is_none(numbers):
        return Words(np.zeros(len(numbers), np.intp), _NO_WORD)
    present, codes = np.unique(numbers, return_inverse=True)
    return Words(codes, [words.text(number) for number in present.tolist()])


def _ids(columns: CandidateColumns) -> Words:
    ids = columns.catalogue.offer_ids
    return Words(np.arange(len(columns)), [ids[number] for number in columns.offer_nos.tolist()])


def _kinds(columns: CandidateColumns) -> Words:
    return Words(columns.kinds.astype(np.intp), KINDS)


def _categories(columns: CandidateColumns) -> Words:
    catalogue = columns.catalogue
    numbers = catalogue.category_no[columns.offer_nos]
    for place in columns.history.others:
        about = catalogue.about_categories.get(int(columns.offer_nos[place]))
        if about:
            numbers[place] = about[0]
    return _words(numbers, catalogue.categories)


def _brands(columns: CandidateColumns) -> Words:
    return _words(columns.catalogue.brand_no[columns.offer_nos], columns.catalogue.brands)


def _purposes(columns: CandidateColumns) -> Words:
    return _words(columns.catalogue.consent_no[columns.offer_nos], columns.catalogue.purposes)


def _types(columns: CandidateColumns) -> Words:
    return _words(columns.catalogue.type_no[columns.offer_nos], columns.catalogue.types)


def _sources(columns: CandidateColumns) -> Words:
    numbers = columns.sources
    if numbers is None:
        return Words(np.zeros(len(columns), np.intp), _NO_WORD)
    return Words(np.where(numbers < len(SOURCES), numbers, 0).astype(np.intp), SOURCES)


def _on_channel(columns: CandidateColumns) -> BoolColumn:
    bit = np.uint32(1 << columns.moment.channel)
    found: BoolColumn = columns.catalogue.channel_bits[columns.offer_nos] & bit != 0
    return found


def _for_channel(columns: CandidateColumns) -> BoolColumn:
    return _on_channel(columns) | columns.promised


def _scheduled(columns: CandidateColumns) -> BoolColumn:
    catalogue, numbers, now_us = columns.catalogue, columns.offer_nos, columns.moment.now_us
    ends_us = catalogue.ends_us[numbers]
    found: BoolColumn = (
        (catalogue.starts_us[numbers] <= now_us)
        & (catalogue.released_us[numbers] <= now_us)
        & ((ends_us == 0) | (ends_us >= now_us))
    )
    return found


def _in_schedule(columns: CandidateColumns) -> BoolColumn:
    return _scheduled(columns) | columns.promised


def _withdrawn(columns: CandidateColumns) -> BoolColumn:
    found: BoolColumn = columns.catalogue.withdrawn[columns.offer_nos] & ~columns.promised
    return found


def _excluded(columns: CandidateColumns) -> BoolColumn:
    excluded, fence = among(columns.offer_nos, columns.moment.excluded_nos), columns.moment.fence
    if fence is not None:
        excluded |= ~fence.holds(columns.catalogue, columns.offer_nos)
    return excluded


def _attributes(columns: CandidateColumns) -> Maps:
    return Maps([columns.attributes_of(number) for number in columns.offer_nos.tolist()])


def _about_items(columns: CandidateColumns) -> Numbers:
    counts = np.zeros(len(columns), np.int64)
    for place, families in columns.history.about.items():
        counts[place] = len(families)
    return counts


def _purchases(make: Callable[..., Any]) -> Callable[[CandidateColumns], Any]:
    return lambda columns: make(
        columns.purchase_places, columns.person.purchases, columns.moment.now_us
    )


_MAKERS: Mapping[str, Callable[[CandidateColumns], Any]] = {
    "offer.id": _ids,
    "offer.kind": _kinds,
    "offer.category": _categories,
    "offer.brand": _brands,
    "offer.price_micros": _integers("price_micros"),
    "offer.value_micros": _integers("value_micros"),
    "offer.stock": _integers("stock"),
    "offer.for_channel": _for_channel,
    "offer.in_schedule": _in_schedule,
    "offer.needs_consent": _purposes,
    "offer.min_age": lambda columns: min_ages(columns.history, columns.catalogue),
    "offer.is_default": _flags("is_default"),
    "offer.excluded_by_caller": _excluded,
    "offer.attributes": _attributes,
    "offer.withdrawn": _withdrawn,
    "offer.about_items": _about_items,
    "offer.about_sold_out": lambda columns: about_sold_out(columns.history, columns.catalogue),
    "offer.type": _types,
    "offer.price_led": _flags("price_led"),
    "offer.members_only": _flags("members_only"),
    "offer.personal": _flags("personal"),
    "offer.source": _sources,
    "offer.is_consumable": _flags("is_consumable"),
    "history.promised": lambda columns: columns.promised,
    "history.owned": _purchases(history.owned),
    "history.times_bought": _purchases(history.times_bought),
    "history.days_since_bought": _purchases(history.days_since_bought),
    "history.cycle_days": _purchases(history.cycle_days),
    "history.days_since_declined": lambda columns: history.days_since_declined(
        columns.history, columns.person.declines, columns.moment.now_us
    ),
    "history.disliked": lambda columns: history.disliked(
        columns.history, columns.catalogue, columns.person.dislikes
    ),
    "history.in_cart": lambda columns: history.in_cart(
        columns.history, columns.catalogue, columns.person.cart_nos
    ),
    "history.nothing_to_ask": lambda columns: among(columns.offer_nos, columns.person.surveys_done),
    "history.days_since_answered": lambda columns: history.days_since_answered(
        columns.offer_nos, columns.person.surveys_answered, columns.moment.now_us
    ),
    "history.about_owned": lambda columns: history.about_owned(
        columns.history, columns.catalogue, columns.purchase_lookup
    ),
}

COLUMNS = frozenset(_MAKERS)
"""Every field of `offer` and `history`."""

OF_CATALOGUE = frozenset(name for name in COLUMNS if name.startswith("offer.")) - {
    "offer.about_sold_out",
    "offer.attributes",
    "offer.excluded_by_caller",
    "offer.id",
    "offer.min_age",
    "offer.source",
}
"""What of an offer is settled by its row, the channel and the time, and quickly read for many."""

_BOUGHT = frozenset(
    f"history.{name}" for name in ("owned", "times_bought", "days_since_bought", "cycle_days")
)
ABSENCES: Mapping[str, frozenset[str]] = {
    "exclusions": frozenset({"offer.excluded_by_caller"}),
    "purchases": frozenset({"history.about_owned"}),
    "bought": _BOUGHT,
    "declines": frozenset({"history.days_since_declined"}),
    "dislikes": frozenset({"history.disliked"}),
    "cart": frozenset({"history.in_cart"}),
    "surveys": frozenset({"history.nothing_to_ask"}),
    "answers": frozenset({"history.days_since_answered"}),
    "promises": frozenset({"history.promised"}),
}
"""What a request may be without, and the columns that then are the same as for nobody."""
