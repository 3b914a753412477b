"""Which rules could remove an offer at all: looked up by its number, kept by bundle and channel.

Most rules remove few offers, and which ones may be the catalogue alone often tells. That changes
with its rows, and when an offer's time begins or ends, so it is worked out then and not for each
request. A rule that passes is asked in full; one that does not could remove none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from services.rules.domain.catalogue import CatalogueColumns, kind_mask
from services.rules.domain.columns import ABSENCES, OF_CATALOGUE, CandidateColumns, Moment
from services.rules.domain.definitions import Policy, Rule
from services.rules.domain.person import Numbers
from services.rules.domain.values import Outcome, Term

_SCREENED = 64
"""So many rules are screened, a bit for each; those after them always pass."""
_ALWAYS = -1 << _SCREENED
_MOST_CHANGED = 4096
"""With more rows changed since the last request, all are written anew."""
_MOST_KEPT = 24
_NEVER_US = 1 << 62


Fields = Mapping[str, Any]
"""What fields of the variables are worth, by their name in conditions."""


def _nothing(channel: int) -> Fields:
    return {}


class VersionedCatalogue(CatalogueColumns, Protocol):
    """A catalogue that says when it changed."""

    version: int
    size: int


class Screen:
    """The rules of one bundle by offer, on one channel."""

    def __init__(
        self, policy: Policy, catalogue: VersionedCatalogue, channel: int, fields: Fields
    ) -> None:
        """Take the channel by its number, and what fields are worth for all on it."""
        self._rules = policy.rules
        self._catalogue = catalogue
        self._channel = channel
        self._fields = fields
        self._bounds = _bounds(policy.rules, OF_CATALOGUE | fields.keys())
        self._without: dict[tuple[str, ...], int] = {}
        self._bits = np.zeros(0, np.uint64)
        self._changed: list[int] = []
        self._version = -1
        self._now_us = 0
        self._span_us = (0, 0)
        """From when until before when the schedule of no offer changes."""

    def note(self, offer_nos: Sequence[int]) -> None:
        """Take note of the rows that the catalogue's newest version changed."""
        self._changed.extend(offer_nos)
        if len(self._changed) > _MOST_CHANGED:
            self._version = -1
        elif self._version >= 0:
            self._version = self._catalogue.version

    def keep_up(self, now_us: int) -> None:
        """Write anew what the catalogue or the time has changed."""
        since_us, until_us = self._span_us
        if self._version != self._catalogue.version:
            stale = np.arange(self._catalogue.size)
        elif not since_us <= now_us < until_us:
            stale = np.union1d(self._changed, self._rescheduled(now_us)).astype(np.int64)
        elif self._changed:
            stale = np.unique(self._changed)
        else:
            return
        self._write(stale, now_us)
        self._changed = []
        self._version = self._catalogue.version
        self._now_us, self._span_us = now_us, _span_us(self._catalogue, now_us)

    def passing(self, columns: CandidateColumns) -> list[Rule]:
        """Return the rules that could remove one of the candidates, in their order."""
        found = int(np.bitwise_or.reduce(self._bits[columns.offer_nos], initial=0))
        absent = columns.absent()
        possible = self._without.get(absent)
        if possible is None:
            possible = self._without[absent] = self._possible_without(absent)
        bits = found & possible | _ALWAYS
        return [rule for index, rule in enumerate(self._rules) if bits >> index & 1]

    def _write(self, offer_nos: Numbers, now_us: int) -> None:
        """Write the bits of these offers."""
        if len(self._bits) < len(self._catalogue.kind):
            self._bits = np.resize(self._bits, len(self._catalogue.kind))
        columns = CandidateColumns(
            self._catalogue, _unknown, offer_nos, Moment(now_us, self._channel)
        )
        bits = np.zeros(len(offer_nos), np.uint64)
        for index, (rule, bound) in enumerate(zip(self._rules, self._bounds, strict=False)):
            hits = np.broadcast_to(self._may_hold(bound, columns), bits.shape)
            if rule.kinds:
                hits = hits & kind_mask(rule.kinds)[columns.kinds]
            bits |= hits.astype(np.uint64) << np.uint64(index)
        self._bits[offer_nos] = bits

    def _may_hold(self, bound: Term | None, columns: CandidateColumns) -> Any:
        """Return whether, or for which offers, a rule may hold or fail."""
        if bound is None:
            return True
        return np.logical_or(*bound(_Frame(columns, self._fields), {}))

    def _rescheduled(self, now_us: int) -> Numbers:
        """Return the offers whose time began or ended between the last time and this."""
        first, last = sorted((self._now_us, now_us))
        changed = np.zeros(self._catalogue.size, np.bool_)
        for instants in _instants_us(self._catalogue):
            changed |= (first < instants) & (instants <= last)
        return np.flatnonzero(changed)

    def _possible_without(self, absent: Sequence[str]) -> int:
        """Return the bits of the rules that could hold where these columns hold for nobody."""
        names = frozenset().union(*(ABSENCES[each] for each in absent))
        columns = CandidateColumns(
            self._catalogue, _unknown, np.zeros(1, np.int64), Moment(0, self._channel)
        )
        return sum(
            int(np.any(self._may_hold(bound, columns))) << index
            for index, bound in enumerate(_bounds(self._rules, names))
        )


class Screens:
    """The screens of the bundles in use."""

    def __init__(
        self, catalogue: VersionedCatalogue, fields_of: Callable[[int], Fields] = _nothing
    ) -> None:
        """`fields_of` returns what is the same for all requests on a channel: `request.channel`."""
        self._catalogue = catalogue
        self._fields_of = fields_of
        self._kept: dict[tuple[str, int], Screen] = {}

    def of(self, policy: Policy, channel: int, now_us: int) -> Screen:
        """Return the screen of a bundle and channel, as the catalogue is and at this time."""
        key = policy.bundle_hash, channel
        screen = self._kept.get(key)
        if screen is None:
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            screen = self._kept[key] = Screen(
                policy, self._catalogue, channel, self._fields_of(channel)
            )
        screen.keep_up(now_us)
        return screen

    def note(self, offer_nos: Sequence[int]) -> None:
        """Take note of the rows that the catalogue's newest version changed."""
        for screen in self._kept.values():
            screen.note(offer_nos)


class _Frame:
    """A frame of columns and known fields, which is all that a bound reads."""

    def __init__(self, columns: CandidateColumns, fields: Fields) -> None:
        self.size = len(columns)
        self._columns = columns
        self._fields = fields

    def column(self, name: str) -> Any:
        return self._columns[name]

    def field(self, name: str) -> Any:
        return self._fields[name]

    def scalar(self, program: Any) -> Outcome:
        raise KeyError("a bound has no such part")


def _bounds(rules: Sequence[Rule], known: frozenset[str]) -> list[Term | None]:
    """Return for each rule that is screened what bounds it where only these columns are known."""
    return [
        rule.remove_when.bound(known) if rule.remove_when and not rule.lever_when else None
        for rule in rules[:_SCREENED]
    ]


def _instants_us(catalogue: VersionedCatalogue) -> Sequence[npt.NDArray[np.int64]]:
    """Return when offers begin, and when they are over."""
    size = catalogue.size
    ends_us = catalogue.ends_us[:size]
    over_us = np.where(ends_us == 0, 0, ends_us + 1)
    return catalogue.starts_us[:size], catalogue.released_us[:size], over_us


def _span_us(catalogue: VersionedCatalogue, now_us: int) -> tuple[int, int]:
    since_us, until_us = -_NEVER_US, _NEVER_US
    for instants in _instants_us(catalogue):
        gone = instants <= now_us
        since_us = max(since_us, int(instants.max(where=gone, initial=-_NEVER_US)))
        until_us = min(until_us, int(instants.min(where=~gone, initial=_NEVER_US)))
    return since_us, until_us


def _unknown(offer_no: int) -> Mapping[str, str]:
    raise KeyError(offer_no)
