"""The columns of `offer`: what the catalogue says of each candidate, at this moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from services.rules.domain.ages import min_ages
from services.rules.domain.catalogue import KINDS, SOURCES, WordList
from services.rules.domain.person import Numbers, among
from services.rules.domain.stock import about_sold_out
from services.rules.domain.values import BoolColumn, Maps, Words, is_none

if TYPE_CHECKING:
    from services.rules.domain.columns import CandidateColumns

_NO_WORD = ("",)


def integers(name: str) -> Callable[[CandidateColumns], Any]:
    """Return what reads a column of whole numbers of the catalogue."""

    def read(columns: CandidateColumns) -> Any:
        return getattr(columns.catalogue, name)[columns.offer_nos].astype(np.int64, copy=False)

    return read


def amounts(name: str) -> Callable[[CandidateColumns], Any]:
    """Return what reads a column of amounts of the catalogue, in the home currency."""
    whole = integers(name)

    def read(columns: CandidateColumns) -> Any:
        exchange = columns.moment.exchange
        return exchange.at_home(whole(columns), columns.offer_nos, columns.catalogue)

    return read


def _flags(name: str) -> Callable[[CandidateColumns], Any]:
    return lambda columns: getattr(columns.catalogue, name)[columns.offer_nos]


def _words(numbers: npt.NDArray[Any], words: WordList) -> Words:
    if is_none(numbers):
        return Words(np.zeros(len(numbers), np.intp), _NO_WORD)
    # As `np.unique` with its inverse, but of small numbers: without sorting, a sixth of the time.
    codes = np.zeros(int(numbers.max()) + 1, np.intp)
    codes[numbers] = 1
    present = codes.nonzero()[0]
    codes[present] = np.arange(len(present))
    return Words(codes[numbers], [words.text(number) for number in present.tolist()])


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


def on_channel(columns: CandidateColumns) -> BoolColumn:
    bit = np.uint32(1 << columns.moment.channel)
    found: BoolColumn = columns.catalogue.channel_bits[columns.offer_nos] & bit != 0
    return found


def _for_channel(columns: CandidateColumns) -> BoolColumn:
    return on_channel(columns) | columns.promised


def scheduled(columns: CandidateColumns) -> BoolColumn:
    catalogue, numbers, now_us = columns.catalogue, columns.offer_nos, columns.moment.now_us
    ends_us = catalogue.ends_us[numbers]
    found: BoolColumn = (
        (catalogue.starts_us[numbers] <= now_us)
        & (catalogue.released_us[numbers] <= now_us)
        & ((ends_us == 0) | (ends_us >= now_us))
    )
    return found


def _in_schedule(columns: CandidateColumns) -> BoolColumn:
    return scheduled(columns) | columns.promised


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


OFFER_COLUMNS: Mapping[str, Callable[[CandidateColumns], Any]] = {
    "offer.id": _ids,
    "offer.kind": _kinds,
    "offer.category": _categories,
    "offer.brand": _brands,
    "offer.price_micros": amounts("price_micros"),
    "offer.value_micros": amounts("value_micros"),
    "offer.stock": integers("stock"),
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
}
"""What makes each field of `offer`."""

OFFERS_OF_CATALOGUE = frozenset(OFFER_COLUMNS) - {
    "offer.about_sold_out",
    "offer.attributes",
    "offer.excluded_by_caller",
    "offer.id",
    "offer.min_age",
    "offer.source",
}
"""What of an offer is settled by its row, the channel and the time, and quickly read for many."""
