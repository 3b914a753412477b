"""Whom to tell of an offer: the best few of many, and why the others are not told. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple


class Way(NamedTuple):
    """A way to tell somebody: a channel, and the placement of it whose rules hold."""

    channel: int
    """Number of `Channel`."""
    placement: str


class Reason(NamedTuple):
    """Why somebody is not told."""

    code: str
    rule: str = ""
    """The rule or limit; empty: the code says it."""


class Prospect(NamedTuple):
    """Somebody who may be told, with what is expected of it; amounts in the home currency.

    In their natural order the best is the greatest, and no two are equal.
    """

    expected_value: float
    """Acceptance probability x value x lever."""
    contribution_micros: int
    """Of equal expected values the higher one goes first."""
    person_id: str
    acceptance_probability: float
    channel: int
    why: str = ""
    """Why by that channel, in words; empty: there was one only."""
    is_later: bool = False
    """Told when quiet hours are over."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What telling people costs, in the home currency."""

    of_contact: Mapping[int, float] = field(default_factory=dict)
    """By number of `Channel`; of those that are not here it is not known."""
    of_acceptance: float = 0.0


@dataclass(slots=True)
class Estimate:
    """What is expected of telling some people."""

    people: int = 0
    acceptances: float = 0.0
    value: float = 0.0
    cost: float = 0.0
    cost_is_partial: bool = False
    later: int = 0

    def add(self, who: Prospect, prices: Prices) -> None:
        """Count somebody in."""
        self.people += 1
        self.acceptances += who.acceptance_probability
        self.value += who.expected_value
        self.cost += who.acceptance_probability * prices.of_acceptance
        self.cost += prices.of_contact.get(who.channel, 0.0)
        self.cost_is_partial |= who.channel not in prices.of_contact
        self.later += who.is_later


def narrowed(
    ways: Sequence[Way], obstacle: Callable[[Way], Reason | None]
) -> Sequence[Way] | Reason:
    """Return the ways that nothing is in; of none left what is in the first one."""
    found = [(way, obstacle(way)) for way in ways]
    left = [way for way, reason in found if reason is None]
    first = next((reason for _, reason in found if reason is not None), None)
    return left if left or first is None else first


def estimated(people: Iterable[Prospect], prices: Prices) -> Estimate:
    """Return what is expected of telling all of them."""
    estimate = Estimate()
    for who in people:
        estimate.add(who, prices)
    return estimate


_NO_LIMITS: Mapping[int, tuple[int, Reason]] = MappingProxyType({})


class Gathering:
    """Keeps the best of those it is shown, and counts the others by reason.

    Its memory grows with the limits and the reasons, not with the people.
    """

    def __init__(
        self, limit: int, prices: Prices, most_on: Mapping[int, tuple[int, Reason]] = _NO_LIMITS
    ) -> None:
        """Take how many are kept, and of channels how many can be told by each at most.

        The best of those can; the others fall out for the reason beside.
        """
        self.looked_at = 0
        self._limit = limit
        self._prices = prices
        self._most_on = most_on
        self._unlimited = Estimate()
        self._best: list[Prospect] = []
        self._best_on: dict[int, list[Prospect]] = {channel: [] for channel in most_on}
        self._fell_out = Counter[Reason]()

    @property
    def of_all(self) -> Estimate:
        """What is expected of telling everybody who may be told."""
        estimate = replace(self._unlimited)
        for who in chain.from_iterable(self._best_on.values()):
            estimate.add(who, self._prices)
        return estimate

    def add(self, found: Prospect | Reason) -> None:
        """Take what was found of one person."""
        self.looked_at += 1
        if isinstance(found, Reason):
            self._fell_out[found] += 1
            return
        if found.channel in self._most_on:
            most, reason = self._most_on[found.channel]
            if _pushed_out(self._best_on[found.channel], found, most):
                self._fell_out[reason] += 1
            return
        self._unlimited.add(found, self._prices)
        _pushed_out(self._best, found, self._limit)

    def best(self) -> Sequence[Prospect]:
        """Return them, the best first; the order they were shown in makes no difference."""
        kept = chain(self._best, *self._best_on.values())
        return sorted(kept, reverse=True)[: self._limit]

    def fell_out(self) -> Sequence[tuple[Reason, int]]:
        """Return each reason with its people, the most frequent first, then by name."""
        return sorted(self._fell_out.items(), key=lambda found: (-found[1], found[0]))


def _pushed_out(kept: list[Prospect], who: Prospect, most: int) -> bool:
    """Keep somebody among the best; say whether there are too many, so that the worst is gone."""
    if len(kept) < most:
        heapq.heappush(kept, who)
        return False
    heapq.heappushpop(kept, who)
    return True
