"""Which rules could remove an offer at all: looked up by its number, kept by bundle and channel.

Most rules remove few offers, and which ones may be the catalogue alone often tells. That changes
with its rows, and when an offer's time begins or ends, so it is worked out then and not for each
request. A rule that passes is asked in full; one that does not could remove none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from services.rules.domain.absences import absent
from services.rules.domain.catalogue import CatalogueColumns, kind_mask
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.definitions import Policy, Rule
from services.rules.domain.person import Numbers
from services.rules.domain.screening_plan import (
    BoundFrame,
    Fields,
    Known,
    Plan,
    columns_of,
    may_hold,
)
from shared.exchange import NO_EXCHANGE, Exchange

_WORD = 64
_AT_ONCE = 8192
"""So many offers are written at a time."""
_MOST_CHANGED = 4096
"""With more rows changed since the last request, all are written anew."""
_MOST_KEPT = 24
_NEVER_US = 1 << 62


def _nothing(channel: int) -> Fields:
    return {}


class Screen:
    """The rules of one bundle by offer, on one channel."""

    def __init__(
        self,
        plan: Plan,
        catalogue: CatalogueColumns,
        channel: int,
        fields: Fields,
        exchange: Exchange = NO_EXCHANGE,
    ) -> None:
        """Take the channel by its number, and what fields are worth for all on it."""
        self._exchange = exchange
        self._rates: npt.NDArray[np.float64] | None = None
        self._plan = plan
        self._catalogue = catalogue
        self._channel = channel
        self._fields = fields
        self._words = -(-len(plan.parts) // _WORD)
        self._bits = np.zeros((self._words, 0), np.uint64)
        """A bit for each part of the plan, by word and offer."""
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
        rates = self._exchange.rates(self._catalogue)
        if self._version != self._catalogue.version or self._rates is not rates:
            stale = np.arange(self._catalogue.size)
        elif not since_us <= now_us < until_us:
            stale = np.union1d(self._changed, self._rescheduled(now_us)).astype(np.int64)
        elif self._changed:
            stale = np.unique(self._changed)
        else:
            return
        self._write(stale, now_us)
        self._changed = []
        self._version, self._rates = self._catalogue.version, rates
        self._now_us, self._span_us = now_us, _span_us(self._catalogue, now_us)

    def passing(self, columns: CandidateColumns, rules: Sequence[Rule] | None = None) -> list[Rule]:
        """Return the rules that could remove one of the candidates, in their order.

        `rules` are told instead of the bundle's own, one for one, with the same conditions: those
        that an experiment puts into shadow or into force.
        """
        plan = self._plan
        found = np.bitwise_or.reduce(self._bits.take(columns.offer_nos, axis=1), axis=1)
        touched = np.unpackbits(found.view(np.uint8), bitorder="little")[plan.part_of]
        passing = touched.view(np.bool_) & plan.possible(absent(columns))
        rules = plan.rules if rules is None else rules
        return [rules[index] for index in passing.nonzero()[0].tolist()]

    def _write(self, offer_nos: Numbers, now_us: int) -> None:
        """Write the bits of these offers."""
        capacity = len(self._catalogue.kind)
        written = self._bits.shape[1]
        if written < capacity:
            self._bits = np.pad(self._bits, ((0, 0), (0, capacity - written)))
        for start in range(0, len(offer_nos), _AT_ONCE):
            some = offer_nos[start : start + _AT_ONCE]
            self._bits[:, some] = self._bits_of(some, now_us)

    def _bits_of(self, offer_nos: Numbers, now_us: int) -> npt.NDArray[np.uint64]:
        columns = columns_of(self._catalogue, offer_nos, self._moment(now_us))
        frame = BoundFrame(columns, self._fields)
        hits = np.zeros((len(offer_nos), self._words * _WORD), np.bool_)
        for index, part in enumerate(self._plan.parts):
            hits[:, index] = may_hold(part.bound, frame)
            if part.kinds:
                hits[:, index] &= kind_mask(part.kinds)[columns.kinds]
        return np.packbits(hits, axis=1, bitorder="little").view(np.uint64).T

    def _moment(self, now_us: int) -> Moment:
        return Moment(now_us, self._channel, exchange=self._exchange)

    def _rescheduled(self, now_us: int) -> Numbers:
        """Return the offers whose time began or ended between the last time and this."""
        first, last = sorted((self._now_us, now_us))
        changed = np.zeros(self._catalogue.size, np.bool_)
        for instants in _instants_us(self._catalogue):
            changed |= (first < instants) & (instants <= last)
        return np.flatnonzero(changed)


class Screens:
    """The screens of the bundles in use."""

    def __init__(
        self, catalogue: CatalogueColumns, fields_of: Callable[[int], Fields] = _nothing
    ) -> None:
        """`fields_of` returns what is the same for all requests on a channel: `request.channel`."""
        self._catalogue = catalogue
        self._fields_of = fields_of
        self._plans: dict[str, Plan] = {}
        self._known: Known = WeakKeyDictionary()
        self._kept: dict[tuple[str, int], Screen] = {}

    def prepare(self, policy: Policy) -> Plan:
        """Plan a bundle's screens, which takes long where its rules are new; in any thread."""
        plan = self._plans.get(policy.bundle_hash)
        if plan is None:
            names = frozenset(self._fields_of(0))
            plan = Plan(policy.rules, names, self._catalogue, self._known)
            _make_room(self._plans)
            self._plans[policy.bundle_hash] = plan
        return plan

    def of(self, policy: Policy, channel: int, now_us: int) -> Screen:
        """Return the screen of a bundle and channel, as the catalogue is and at this time."""
        key = policy.bundle_hash, channel
        screen = self._kept.get(key)
        if screen is None:
            _make_room(self._kept)
            screen = self._kept[key] = Screen(
                self.prepare(policy),
                self._catalogue,
                channel,
                self._fields_of(channel),
                policy.exchange,
            )
        screen.keep_up(now_us)
        return screen

    def note(self, offer_nos: Sequence[int]) -> None:
        """Take note of the rows that the catalogue's newest version changed."""
        for screen in self._kept.values():
            screen.note(offer_nos)


def _make_room(kept: dict[Any, Any]) -> None:
    """Drop the oldest where there are as many as are kept."""
    if len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]


def _instants_us(catalogue: CatalogueColumns) -> Sequence[npt.NDArray[np.int64]]:
    """Return when offers begin, and when they are over."""
    size = catalogue.size
    ends_us = catalogue.ends_us[:size]
    over_us = np.where(ends_us == 0, 0, ends_us + 1)
    return catalogue.starts_us[:size], catalogue.released_us[:size], over_us


def _span_us(catalogue: CatalogueColumns, now_us: int) -> tuple[int, int]:
    since_us, until_us = -_NEVER_US, _NEVER_US
    for instants in _instants_us(catalogue):
        gone = instants <= now_us
        since_us = max(since_us, int(instants.max(where=gone, initial=-_NEVER_US)))
        until_us = min(until_us, int(instants.min(where=~gone, initial=_NEVER_US)))
    return since_us, until_us
