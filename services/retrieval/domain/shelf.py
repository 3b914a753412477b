"""The shelf: everything that can be proposed, ranked beforehand, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.goods import Goods
from services.retrieval.domain.showing import Showing
from shared.catalogue import Catalogue

_NEVER = np.iinfo(np.int64).max
LATE_US = 3600 * 1_000_000
"""Clocks differ, and a request names its moment: none is so much behind."""


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers that are no items, by what they are about; the most valuable first."""

    defined_nos: NDArray[np.uint32]
    """All that were written by definitions, whichever bundle's."""
    about_nothing: NDArray[np.int64]
    by_category: Mapping[int, NDArray[np.int64]]
    """Category number to offers."""
    by_family: Mapping[int, NDArray[np.int64]]
    """Number of an item's family to offers."""
    about: Mapping[int, tuple[Sequence[int], Sequence[int]]]
    """Offer to the families and the categories it is about, of those that are about any."""

    @classmethod
    def of(cls, catalogue: Catalogue, now_us: int) -> Offers:
        """Index a catalogue, without defaults, what only journeys propose, and what is over.

        Of what ends later only a request knows whether it did.
        """
        size = catalogue.size
        listed = (catalogue.kind[:size] > PRODUCT) & ~catalogue.withdrawn[:size]
        listed &= ~catalogue.is_default[:size] & ~catalogue.is_journey_only[:size]
        ends_us = catalogue.ends_us[:size]
        listed &= (ends_us == 0) | (ends_us >= now_us - LATE_US)
        nos = np.flatnonzero(listed)
        nos = nos[np.argsort(-catalogue.home_values(nos), kind="stable")]
        nothing: list[int] = []
        by_category: dict[int, list[int]] = {}
        by_family: dict[int, list[int]] = {}
        about: dict[int, tuple[Sequence[int], Sequence[int]]] = {}
        for no in nos.tolist():
            categories = catalogue.about_categories.get(no, ())
            families = catalogue.family_no[list(catalogue.about_nos.get(no, ()))].tolist()
            _list(by_category, categories, no)
            _list(by_family, families, no)
            if categories or families:
                about[no] = (families, categories)
            else:
                nothing.append(no)
        defined_nos = np.flatnonzero(catalogue.is_defined[:size]).astype(np.uint32)
        of_nothing = np.array(nothing, np.int64)
        return cls(defined_nos, of_nothing, _arrays(by_category), _arrays(by_family), about)


def _list(offers: dict[int, list[int]], things: Iterable[int], offer_no: int) -> None:
    for thing in set(things):
        offers.setdefault(thing, []).append(offer_no)


def _arrays(offers: Mapping[int, Sequence[int]]) -> dict[int, NDArray[np.int64]]:
    return {thing: np.array(listed, np.int64) for thing, listed in offers.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """For whom something is to be shown, as far as it matters to what may be."""

    kinds: frozenset[int]
    channel: int
    defined_nos: NDArray[np.uint32]
    """Offers that the definitions of the request have."""

    def key(self) -> tuple[int, frozenset[int], bytes]:
        """Return what is equal for equal ones."""
        return self.channel, self.kinds, self.defined_nos.tobytes()


@dataclass(frozen=True, slots=True)
class Shelf:
    """One item of each family that is to be had, best first, whole and by category.

    What arrays are indexed by is kept in 64 bits: NumPy converts other indexes on every use. Those
    by offer number have room for more, and with `of_family` are the only ones that `restock`
    changes; the order stands as it was made.
    """

    ranked: NDArray[np.int64]
    """Offer numbers of items, best first."""
    strength: NDArray[np.float32]
    """How popular each ranked one is, 0 to 1."""
    sold: NDArray[np.uint32]
    """Purchases of each one's family in the last 30 days."""
    of_family: NDArray[np.int64]
    """Family number to the one of it that is to be had; 0: none."""
    every_place: NDArray[np.int64]
    """Places in `ranked`, best first."""
    places: NDArray[np.int64]
    """Places in `ranked`, category after category, each best first."""
    first_place: NDArray[np.int64]
    """Category to where it begins in `places`."""
    last_place: NDArray[np.int64]
    """Category to where it ends in `places`."""
    variant_nos: NDArray[np.int64]
    """Members of families that have several or a size, family after family, each best first; also
    those that are sold out, so that one that comes in again is there at once."""
    variant_sizes: NDArray[np.int32]
    """The size that each of them has; 0: none."""
    first_variant: NDArray[np.int32]
    """Family number to where it begins in `variant_nos`."""
    last_variant: NDArray[np.int32]
    """Family number to where it ends in `variant_nos`; without any it begins there too."""
    kind: NDArray[np.uint8]
    """Offer number to its kind."""
    channel_bits: NDArray[np.uint32]
    """Offer number to the channels it is meant for."""
    from_us: NDArray[np.int64]
    """Offer number to when it may first be shown."""
    until_us: NDArray[np.int64]
    """Offer number to when it may last be shown; -1: not at all, it is sold out or withdrawn."""
    moments_us: NDArray[np.int64]
    """Moments at which something begins or has just ended, ascending, each once; the first is the
    earliest from which they are complete."""
    timed_nos: NDArray[np.int64]
    """Offers of which these are the moments, ascending."""
    offers: Offers

    def in_category(self, category_no: int) -> NDArray[np.int64]:
        """Return places in `ranked` of a category and all below it, best first."""
        if not 0 < category_no < len(self.first_place):
            return self.places[:0]
        return self.places[self.first_place[category_no] : self.last_place[category_no]]

    def era(self, now_us: int) -> int:
        """Return a number that is the same for moments between which nothing begins or ends."""
        era = int(self.moments_us.searchsorted(now_us, side="right"))
        return era or -now_us

    def showing(self, asked: Asked, now_us: int) -> Showing:
        """Return what may be shown in the era of a moment; number 0 may not.

        Of the offers written by definitions only those of the bundle may. Rules check it again on
        the catalogue of the moment: this keeps what is sold out, over, or for elsewhere from taking
        the place of something that could be shown.
        """
        mask = self._may_be_shown(slice(None), asked, now_us)
        known = asked.defined_nos[asked.defined_nos < len(mask)]
        of_bundle = mask[known]
        mask[self.offers.defined_nos] = False
        mask[known] = of_bundle
        return Showing(mask, self.of_family)

    def shown(self, offer_nos: NDArray[np.int64], asked: Asked, now_us: int) -> NDArray[np.bool_]:
        """Return whether each of a few may be shown."""
        of_others = np.isin(offer_nos, self.offers.defined_nos)
        of_others &= ~np.isin(offer_nos, asked.defined_nos)
        return self._may_be_shown(offer_nos, asked, now_us) & ~of_others

    def is_had(self, offer_nos: NDArray[np.integer], now_us: int) -> NDArray[np.bool_]:
        """Return whether each is on sale; number 0 is not."""
        has_begun: NDArray[np.bool_] = self.from_us[offer_nos] <= now_us
        is_had: NDArray[np.bool_] = has_begun & (self.until_us[offer_nos] >= now_us)
        return is_had

    def _may_be_shown(
        self, rows: slice | NDArray[np.int64], asked: Asked, now_us: int
    ) -> NDArray[np.bool_]:
        kind = self.kind[rows]
        mask = np.zeros(len(kind), np.bool_)
        for wanted in asked.kinds:  # a few: to compare each beats to look all up
            mask |= kind == wanted
        mask &= self.from_us[rows] <= now_us
        mask &= self.until_us[rows] >= now_us
        mask &= (self.channel_bits[rows] & np.uint32(1 << asked.channel)) != 0
        return mask

    def changed_between(self, one_us: int, other_us: int) -> NDArray[np.int64]:
        """Return the offers that begin or end between two moments, whichever comes first."""
        earlier_us, later_us = sorted((one_us, other_us))
        from_us, until_us = self.from_us[self.timed_nos], self.until_us[self.timed_nos]
        begins = (from_us > earlier_us) & (from_us <= later_us)
        ends = (until_us >= earlier_us) & (until_us < later_us)
        found: NDArray[np.int64] = self.timed_nos[begins | ends]
        return found

    def with_moments_of(self, offer_nos: NDArray[np.int64]) -> Shelf:
        """Return the shelf with the moments that some of its offers bring; itself with none new."""
        from_us, until_us = self.from_us[offer_nos], self.until_us[offer_nos]
        since_us = int(self.moments_us[0])
        timed = offer_nos[are_timed(from_us, until_us, since_us)]
        moments = moments_of(from_us, until_us, since_us)
        if np.isin(moments, self.moments_us).all() and np.isin(timed, self.timed_nos).all():
            return self
        return replace(
            self,
            moments_us=np.union1d(self.moments_us, moments),
            timed_nos=np.union1d(self.timed_nos, timed),
        )

    def representatives(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return which item of each family is to be had, 0 for none."""
        known = family_nos < len(self.of_family)
        found: NDArray[np.int64] = self.of_family[family_nos * known]  # of family 0 there is none
        return found

    def variants_of(
        self, family_nos: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where in `variant_nos` each family begins and ends."""
        known = family_nos * (family_nos < len(self.first_variant))
        begins, ends = self.first_variant[known], self.last_variant[known]
        return begins.astype(np.int64), ends.astype(np.int64)


def times_of(
    columns: Goods | Catalogue, rows: slice | NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return from when and until when offers may be shown; see `Shelf.until_us`."""
    ends_us = columns.ends_us[rows]
    until_us = np.where(ends_us > 0, ends_us, _NEVER)
    is_gone = (columns.stock[rows] == 0) | columns.withdrawn[rows] | (columns.kind[rows] == 0)
    until_us[is_gone] = -1
    return np.maximum(columns.starts_us[rows], columns.released_us[rows]), until_us


def are_timed(
    from_us: NDArray[np.int64], until_us: NDArray[np.int64], since_us: int
) -> NDArray[np.bool_]:
    """Return which begin or end at some moment since one."""
    begin = (from_us > since_us) & (until_us >= from_us)
    timed: NDArray[np.bool_] = begin | ((until_us >= since_us) & (until_us < _NEVER))
    return timed


def moments_of(
    from_us: NDArray[np.int64], until_us: NDArray[np.int64], since_us: int
) -> NDArray[np.int64]:
    """Return `Shelf.moments_us` from a moment on."""
    begins = from_us[(from_us > since_us) & (until_us >= from_us)]
    ends = until_us[(until_us >= since_us) & (until_us < _NEVER)] + 1
    return np.unique(np.concatenate((begins, ends, np.array([since_us]))))
