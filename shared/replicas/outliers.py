"""Which replicas are out of rotation, because they fail or stay silent while others answer.

After Envoy's outlier detection (consecutive failures, success rate, a longest share of ejected
hosts), but judged with every call instead of every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Limits:
    """When a replica goes out, and for how long."""

    in_a_row: int = 4
    """Calls that failed or are late, without one that was answered in between."""
    share: float = 0.3
    """Of its calls in the last second that failed or were much too slow; at least …"""
    calls: int = 10
    """… of so many, of its own and of the others together …"""
    times_the_others: float = 3.0
    """… and so many times their share, because what all suffer from is nobody's fault."""
    window_s: float = 0.5
    """Half of what counts as the last second."""
    first_s: float = 1.0
    longest_s: float = 30.0
    """How long it is out: the first time, and in the end; twice as long with every time."""


@dataclass(slots=True)
class _Standing:
    """What is known of one replica."""

    in_a_row: int = 0
    row_since: float = _NEVER
    answered: float = _NEVER
    """When it last answered anything."""
    out_until: float = _NEVER
    was_silent: bool = False
    """It went out because nothing came from it, so that an answer ends that."""
    times: int = 0
    """How often it went out without having been well in between."""
    window: float = _NEVER
    calls: list[int] = field(default_factory=lambda: [0, 0])
    bad: list[int] = field(default_factory=lambda: [0, 0])
    """In the window before, and in the one that runs."""

    def count(self, now: float, window_s: float, *, bad: bool) -> None:
        self.roll(now, window_s)
        self.calls[1] += 1
        self.bad[1] += bad

    def roll(self, now: float, window_s: float) -> None:
        passed = now - self.window
        if passed < window_s:
            return
        follows = passed < 2 * window_s
        self.calls = [self.calls[1] if follows else 0, 0]
        self.bad = [self.bad[1] if follows else 0, 0]
        self.window = now


class Outliers(Generic[Key]):
    """Judges replicas by their calls; never takes out more than half of them."""

    def __init__(
        self, limits: Limits | None = None, on_out: Callable[[Key, float], None] | None = None
    ) -> None:
        """Take whom to tell of a replica that goes out, and for how many seconds."""
        self._limits = limits or Limits()
        self._on_out = on_out
        self._standings: dict[Key, _Standing] = {}

    def of(self, replicas: Collection[Key]) -> None:
        """Judge these from now on; what is known of those that stay is kept."""
        self._standings = {key: self._standings.get(key) or _Standing() for key in replicas}

    def is_out(self, replica: Key, now: float) -> bool:
        """Say whether a replica is to be left alone."""
        found = self._standings.get(replica)
        return found is not None and now < found.out_until

    def late(self, replica: Key, now: float) -> None:
        """Count a call that takes longer than usual; tell `answered` or `missed` of its end."""
        self._bad_in_a_row(replica, now, silent=True)

    def answered(self, replica: Key, now: float, *, slowly: bool = False) -> None:
        """Count an answer, also one that refuses."""
        found = self._standings.get(replica)
        if found is None:
            return
        found.answered = now
        if now < found.out_until and not found.was_silent:
            return
        if not slowly and now - found.out_until > self._out_s(found.times):
            found.times = 0
        found.in_a_row, found.was_silent = 0, False
        found.out_until = min(found.out_until, now)
        found.count(now, self._limits.window_s, bad=slowly)
        if slowly:
            self._judge_share(replica, found, now)

    def failed(self, replica: Key, now: float, *, was_late: bool = False) -> None:
        """Count a call that came to nothing by the replica's fault, `was_late` if told before."""
        self.missed(replica, now)
        if not was_late:
            self._bad_in_a_row(replica, now, silent=False)

    def missed(self, replica: Key, now: float) -> None:
        """Count a late call that was not answered at all before its time was over."""
        found = self._standings.get(replica)
        if found is not None:
            found.count(now, self._limits.window_s, bad=True)
            self._judge_share(replica, found, now)

    def _bad_in_a_row(self, replica: Key, now: float, *, silent: bool) -> None:
        found = self._standings.get(replica)
        if found is None or now < found.out_until:
            return
        if found.in_a_row == 0:
            found.row_since = now
        found.in_a_row += 1
        if found.in_a_row >= self._limits.in_a_row and self._others_answered(found):
            self._take_out(replica, found, now, silent=silent)

    def _others_answered(self, found: _Standing) -> bool:
        others = (each for each in self._standings.values() if each is not found)
        return any(each.answered >= found.row_since for each in others)

    def _judge_share(self, replica: Key, found: _Standing, now: float) -> None:
        limits = self._limits
        if now < found.out_until or sum(found.calls) < limits.calls:
            return
        others = [each for key, each in self._standings.items() if key != replica]
        for each in others:
            each.roll(now, limits.window_s)
        others_calls = sum(sum(each.calls) for each in others)
        if others_calls < limits.calls:
            return
        share = sum(found.bad) / sum(found.calls)
        others_share = sum(sum(each.bad) for each in others) / others_calls
        if share >= limits.share and share >= limits.times_the_others * others_share:
            self._take_out(replica, found, now, silent=False)

    def _take_out(self, replica: Key, found: _Standing, now: float, *, silent: bool) -> None:
        out = sum(now < each.out_until for each in self._standings.values())
        if 2 * (out + 1) > len(self._standings):
            return
        found.times += 1
        found.out_until = now + self._out_s(found.times)
        found.was_silent = silent
        # When it is back, one more that fails takes it out again.
        found.in_a_row, found.row_since = self._limits.in_a_row - 1, now
        if self._on_out is not None:
            self._on_out(replica, found.out_until - now)

    def _out_s(self, times: int) -> float:
        if not times:
            return 0.0
        return min(self._limits.longest_s, self._limits.first_s * 2.0 ** min(times - 1, 20))
