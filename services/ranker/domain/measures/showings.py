"""What was shown, clicked, accepted and turned down, over all arms, by the one definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import (
    ANSWERING,
    CREDITED,
    DAY_US,
    PRODUCT,
    is_acceptance,
)
from services.ranker.domain.measures.log import TYPES, Deeds, Flags, Places, Wholes, are, paired

_KINDS = 8
_AT_ONCE = 200_000
"""Pairs of events and places that are looked at at once, so that memory stays bounded."""
_FAR = np.iinfo(np.int64).max
_ACCEPTS = np.array(
    [[is_acceptance(kind, name) for name in TYPES] for kind in range(_KINDS)], np.bool_
)
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Showings:
    """What became of each place, as columns of the same order and length as the places."""

    shown_us: Wholes
    """When it was first seen; -1: it was not."""
    is_clicked: Flags
    is_declined: Flags
    is_accepted: Flags
    credited: Rows
    """Of each deed the place that it is credited to; -1: none. What is paid with a purchase that
    redeems a promotion goes to what showed its item, else to what showed the promotion."""
    accepted_by: Rows
    """The first deed that accepted what the place shows; -1: none did."""

    @property
    def is_shown(self) -> Flags:
        shown: Flags = self.shown_us >= 0
        return shown


def showings_of(places: Places, deeds: Deeds) -> Showings:
    """Join what people did with what was shown to them.

    An event names a place when it says its decision and offer (or another variant of it), and no
    other placement; an opened mail names all that stands in it. A place is seen when it is first
    named, or at once where the placement says so. What accepts is credited once: to what it names,
    else to the last showing before it to any person of the set, on any channel.
    """
    count = len(places.decision)
    shown_us = np.where(places.is_seen, places.time_us, _FAR)
    clicked, declined = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    named = np.full(len(deeds.time_us), -1)
    for deed, place in _named(places, deeds):
        seen_us = np.maximum(deeds.time_us[deed], places.time_us[place])
        np.minimum.at(shown_us, place, seen_us)
        clicked[place[are(deeds.type[deed], "click", "email_click")]] = True
        declined[place[are(deeds.type[deed], "decline")]] = True
        named[deed] = place
    shown_us[shown_us == _FAR] = -1
    credited, accepted_by = _accepted(places, deeds, shown_us, named)
    return Showings(shown_us, clicked, declined, accepted_by >= 0, credited, accepted_by)


def _named(places: Places, deeds: Deeds) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of deeds and the places that they name, some at a time."""
    answering = are(deeds.type, *(ANSWERING | CREDITED)) & (deeds.decision >= 0)
    for deed, place in _pairs(np.flatnonzero(answering), deeds.decision, places.decision):
        same = (deeds.customer[deed] == places.customer[place]) & (
            (deeds.placement[deed] < 0) | (deeds.placement[deed] == places.placement[place])
        )
        opens = same & are(deeds.type[deed], "email_open") & (deeds.offer_no[deed] == 0)
        yield deed[opens], place[opens]
        exact = deeds.offer_no[deed] == places.offer_no[place]
        about = same & (deeds.offer_no[deed] > 0)
        about &= exact | (deeds.family_no[deed] == places.family_no[place])
        deed, place, exact = deed[about], place[about], exact[about]
        best = np.lexsort((place, ~exact, deed))
        yield _first_of_each(deed[best], place[best])


def _accepted(places: Places, deeds: Deeds, shown_us: Wholes, named: Rows) -> tuple[Rows, Rows]:
    """Return the place that each deed is credited to, and of each place what accepted it first."""
    accepted_by = np.full(len(shown_us), _FAR)
    credited = np.full(len(deeds.time_us), -1)
    takes = np.flatnonzero(are(deeds.type, *CREDITED))
    redeems = takes[deeds.promotion_no[takes] > 0]
    for deed, place in _credits(places, deeds, shown_us, redeems, deeds.promotion_no, None):
        np.minimum.at(accepted_by, place, deed)
        credited[deed] = place
    for deed, place in _credits(places, deeds, shown_us, takes, deeds.family_no, named):
        np.minimum.at(accepted_by, place, deed)
        credited[deed] = place
    accepted_by[accepted_by == _FAR] = -1
    return credited, accepted_by


def _credits(
    places: Places,
    deeds: Deeds,
    shown_us: Wholes,
    takes: Rows,
    family_no: Wholes,
    named: Rows | None,
) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of deeds that accept a family and the one place each is credited to."""
    # One number per customer and family, the same for deeds and places.
    seen = np.flatnonzero(shown_us >= 0)
    subject = paired(
        np.concatenate([places.customer[seen], deeds.customer[takes]]),
        np.concatenate([places.family_no[seen], family_no[takes]]),
    )
    by_subject = np.argsort(subject[: len(seen)], kind="stable")
    seen, of_places = seen[by_subject], subject[: len(seen)][by_subject]
    for row, at in _pairs(np.arange(len(takes)), subject[len(seen) :], of_places):
        deed, place = takes[row], seen[at]
        names = np.zeros(len(deed), np.bool_) if named is None else named[deed] == place
        # Who names what was shown answers after seeing it, whatever a device takes for the time.
        shown = shown_us[place]
        time_us = np.where(names, np.maximum(deeds.time_us[deed], shown), deeds.time_us[deed])
        limit_us = np.where(places.ends_us[place] > 0, places.ends_us[place], _FAR)
        limit_us = np.where(places.kind[place] == PRODUCT, shown + DAY_US, limit_us)
        fits = (time_us >= shown) & (time_us <= limit_us)
        fits &= _ACCEPTS[places.kind[place], deeds.type[deed]]
        deed, place, names, shown = deed[fits], place[fits], names[fits], shown[fits]
        best = np.lexsort((place, -shown, ~names, deed))
        yield _first_of_each(deed[best], place[best])


def _pairs(
    rows: Rows, key_of_row: Wholes | Rows, keys: Wholes | Rows
) -> Iterator[tuple[Rows, Rows]]:
    """Yield all pairs of rows and of places in sorted `keys` that have the same key, in slices.

    All pairs of a row are in one slice. One person may click thousands of showings thousands of
    times: it is the pairs of a slice that are bounded, and not its rows.
    """
    low, high = (np.searchsorted(keys, key_of_row[rows], side) for side in ("left", "right"))
    is_paired = high > low
    rows, low, counts = rows[is_paired], low[is_paired], (high - low)[is_paired]
    ends = np.cumsum(counts)
    start = 0
    while start < len(rows):
        before = ends[start] - counts[start]
        end = max(start + 1, int(np.searchsorted(ends, before + _AT_ONCE, "right")))
        sizes = counts[start:end]
        offsets = np.arange(ends[end - 1] - before) - np.repeat(ends[start:end] - sizes, sizes)
        offsets += before
        yield np.repeat(rows[start:end], sizes), np.repeat(low[start:end], sizes) + offsets
        start = end


def _first_of_each(deed: Rows, place: Rows) -> tuple[Rows, Rows]:
    first = np.ones(len(deed), np.bool_)
    first[1:] = deed[1:] != deed[:-1]
    return deed[first], place[first]
