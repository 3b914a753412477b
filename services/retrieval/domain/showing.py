"""What may be shown on a channel, from one moment to the next at which that changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed

_MOST_NARROWED = 16
"""Each holds a few bytes an offer."""
_MOST_STALE = 10_000
"""Families that changed; more are faster looked up all together."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What may be found of one index."""

    family_nos: NDArray[np.uint32]
    is_ascending: bool
    allowed: Allowed
    seen: int
    """How many of the changes were taken in."""


Suits = Callable[[slice | NDArray[np.int64]], NDArray[np.bool_]]
"""Says of offers, or of all from number 0 to the end of a slice that are known, which are left."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a narrowing leaves, to be made of another showing in a thread."""

    key: Hashable
    suits: Suits
    mask: NDArray[np.bool_]
    indexes: Sequence[NDArray[np.uint32]]


@dataclass(slots=True)
class _Narrowed:
    """What is left for requests that want less."""

    suits: Suits
    showing: Showing
    stale: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=list)
    """Offers that changed since it was asked for, and their families."""
    is_used: bool = True
    """Asked for since all of it was made."""


class Showing:
    """A mask over all offers, and what it comes to for the rows of each index.

    It holds until the next moment at which anything begins or ends, so that it is made a few times
    a day and not for each request; each further thing is made when it is first asked for. Offers
    that change meanwhile are put in by `change`; threads may ask for rows meanwhile.
    """

    is_lasting = True
    """Kept from one request to the next: what was found may be remembered with it."""

    __slots__ = (
        "__weakref__",
        "_asked",
        "_changes",
        "_listed",
        "_narrowed",
        "_of_family",
        "_rows",
        "mask",
    )

    def __init__(self, mask: NDArray[np.bool_], of_family: NDArray[np.int64]) -> None:
        """Take a mask by offer number, and by family number the one of it that is to be had."""
        self.mask = mask
        self._of_family = of_family
        self._rows: dict[int, _Rows] = {}
        """By identity of the families that rows stand for: two models have two indexes."""
        self._asked: set[int] = set()
        self._changes: list[NDArray[np.int64]] = []
        """Families that changed, in the order in which they did."""
        self._listed: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        """By category what is ranked, and where in it that stands which may be shown."""
        self._narrowed: dict[Hashable, _Narrowed] = {}
        """The last asked for comes last."""

    def copied(self) -> Showing:
        """Return another that is changed by itself; what was looked up need not be again."""
        copy = Showing(self.mask.copy(), self._of_family)
        copy._rows.update(self._rows)
        copy._asked.update(self._asked)
        copy._changes.extend(self._changes)
        copy._listed.update(self._listed)
        for key, held in self._narrowed.items():
            narrowed = replace(held, showing=held.showing.copied(), stale=held.stale.copy())
            copy._narrowed[key] = narrowed
        return copy

    def rows_allowed(self, family_nos: NDArray[np.uint32]) -> Allowed:
        """Return which rows of an index stand for a family that may be shown.

        `family_nos` says by row which family it stands for, and must be the same array each time.
        Costs milliseconds for a million rows the first time.
        """
        self._asked.add(id(family_nos))
        held = self._rows.get(id(family_nos))
        if held is None:
            held = self._rows[id(family_nos)] = self._made(family_nos)
        elif held.seen < len(self._changes):
            held = self._rows[id(family_nos)] = self._renewed(held)
        return held.allowed

    def indexes(self) -> list[NDArray[np.uint32]]:
        """Return the families of each index that was asked for since `make_ready`."""
        rows = list(self._rows.items())  # at one moment: others ask meanwhile
        return [held.family_nos for key, held in rows if key in self._asked]

    def make_ready(self, indexes: Iterable[NDArray[np.uint32]], left: Iterable[Left] = ()) -> None:
        """Look up beforehand what will likely be asked for."""
        for family_nos in indexes:
            self._rows[id(family_nos)] = self._made(family_nos)
        for each in left:
            made = self._narrowed[each.key] = self._left(each.suits, each.mask)
            made.showing.make_ready(each.indexes)
            made.is_used = False

    def change(
        self,
        offer_nos: NDArray[np.int64],
        shown: NDArray[np.bool_],
        family_nos: NDArray[np.int64],
    ) -> None:
        """Say of some offers whether they may be shown now, and whose families they are."""
        if (shown & ~self.mask[offer_nos]).any():
            self._listed.clear()  # what comes in has a place in it; what goes is passed over
        self.mask[offer_nos] = shown
        self._changes.append(family_nos)
        for each in self._narrowed.values():
            each.stale.append((offer_nos, family_nos))

    @property
    def size(self) -> int:
        """One more than the highest number that it knows; it has room for offers to come."""
        return len(self.mask)

    def shows(self, offer_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which offers may be shown."""
        shown: NDArray[np.bool_] = self.mask[offer_nos]
        return shown

    def representatives(self, family_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return which item of each family is to be had, 0 for none."""
        if len(family_nos) and int(family_nos.max()) >= len(self._of_family):
            family_nos = family_nos * (family_nos < len(self._of_family))
        return self._of_family.take(family_nos)

    def shows_families(self, family_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return of which families one may be shown; for a few of them, costs microseconds."""
        shown: NDArray[np.bool_] = self.mask.take(self.representatives(family_nos))
        return shown

    def listed(self, category_no: int, ranked: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Return what `look_through` found of a category of a shelf; None: it was not asked."""
        held = self._listed.get(category_no)
        return held[1] if held is not None and held[0] is ranked else None

    def look_through(
        self, category_no: int, ranked: NDArray[np.int64], places: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return which places of a category may be shown: milliseconds for a million, once."""
        seen = len(self._changes)
        found: NDArray[np.int64] = places[self.mask[ranked[places]]]
        if seen == len(self._changes):
            self._listed[category_no] = ranked, found
        return found

    def narrowed(self, key: Hashable, suits: Suits) -> Showing:
        """Return what also suits; made when the key was not lately, and kept up with changes."""
        found = self._narrowed.pop(key, None)
        if found is None:
            if len(self._narrowed) >= _MOST_NARROWED:
                del self._narrowed[next(iter(self._narrowed))]
            found = self._left(suits, suits(slice(0, len(self.mask))))
        elif found.stale:
            nos, families = map(np.concatenate, zip(*found.stale, strict=True))
            found.showing.change(nos, self.mask[nos] & suits(nos), families)
            found.stale.clear()
        found.is_used = True
        self._narrowed[key] = found
        return found.showing

    def narrowings(self) -> list[tuple[Hashable, Suits, Showing]]:
        """Return what `narrowed` was asked for, and what it came to."""
        used = [(key, held) for key, held in self._narrowed.items() if held.is_used]
        return [(key, held.suits, held.showing) for key, held in used]

    def _left(self, suits: Suits, left: NDArray[np.bool_]) -> _Narrowed:
        mask = np.zeros(len(self.mask), np.bool_)
        left = left[: len(mask)]
        np.logical_and(self.mask[: len(left)], left, out=mask[: len(left)])
        return _Narrowed(suits, Showing(mask, self._of_family))

    def _made(self, family_nos: NDArray[np.uint32]) -> _Rows:
        seen = len(self._changes)  # before anything is looked up: what comes meanwhile is not seen
        is_ascending = bool((family_nos[1:] > family_nos[:-1]).all())
        return _Rows(family_nos, is_ascending, Allowed.of(self.shows_families(family_nos)), seen)

    def _renewed(self, held: _Rows) -> _Rows:
        """Look only the families up that changed: there is one row of each at the most."""
        seen = len(self._changes)
        # Numbers of another width would have all rows converted.
        families = np.unique(np.concatenate(self._changes[held.seen : seen]))
        families = families.astype(held.family_nos.dtype)
        if not held.is_ascending or len(families) > _MOST_STALE:
            return self._made(held.family_nos)
        places = held.family_nos.searchsorted(families)
        places = places[places < len(held.family_nos)]
        shown = self.shows_families(held.family_nos[places])
        return replace(held, allowed=held.allowed.changed(places, shown), seen=seen)
