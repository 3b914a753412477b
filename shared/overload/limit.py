"""How many requests may be under way at once: the algorithm alone, without a gate or a clock."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Protocol

from shared.overload.floors import Floors

LEAST = 4.0
"""Fewer would leave processors idle between one step and the next, and nothing to learn from: of
these, pages fill two."""
_WINDOW_S = 0.1
_SAMPLES = 5
"""A window with fewer goes on, for at most a second."""
_LONGEST_WINDOW_S = 1.0
_QUANTILE = 0.9
"""Of the slowdowns in a window: a tenth of callers in need is enough."""
_IN_A_ROW = 4
"""Windows that have to be too slow: a burst or a stall shows in one, a queue in all."""
_IN_USE = 0.5
_EAGERNESS, _UNUSED_EAGERNESS = 2.0, 0.3
_ALL, _MANY = 0.9, 0.5
"""Of those who waited in vain, and of all, whom a peer keeps waiting that is itself at fault."""
_SHARPEST = 0.5
"""What a window leaves of the limit at the least."""
_LITTLE = 2
"""With so few beside it, a request takes as long as it takes."""

PART = 0.3
"""Of its time that a request may take without anybody having to be refused."""
NEVER_TOO_LONG_S = 0.02
"""Whatever the deadline: callers who leave a millisecond may not take the capacity of others."""
ALWAYS_TOO_LONG_S = 0.5
"""Whatever the deadline, unless it takes as long with nothing beside it."""
_TIMES_FLOOR, _USUAL_PART = 2.0, 0.6
"""As long may it take as twice its floor, up to so much of its time."""
_JUST_ABOVE_FLOOR, _MOST_PART = 1.2, 0.85
"""Or as a little more than its floor: what is slow by itself does not get quicker by refusing."""


@dataclass(frozen=True, slots=True)
class Work:
    """What became of one request that was admitted."""

    kind: str
    """What takes about as long as its like: the rpc."""
    took_s: float
    budget_s: float
    """What its caller left it when it was admitted."""
    beside: int = 0
    """How many others were under way when it began."""
    silent: tuple[str, ...] = ()
    """The peers that it waited for in vain."""
    silence_s: float = 0.0
    """How long."""
    was_refused: bool = False
    """Whether a peer refused it a part of what it was to do."""


class Limit(Protocol):
    """An algorithm in the place of Netflix's `Limit` (concurrency-limits): told, and then asked."""

    @property
    def value(self) -> float:
        """How many may be under way at once."""

    def began(self, fullness: float) -> None:
        """Note one that was admitted, and how full its room is with it: 1 is full."""

    def refused(self) -> None:
        """Note one for which there was no room."""

    def ended(self, work: Work, now: float) -> None:
        """Note one that was answered, or ended late."""


@dataclass(slots=True)
class FixedLimit:
    """The same for ever."""

    value: float

    def began(self, fullness: float) -> None:
        """Learn nothing."""

    def refused(self) -> None:
        """Learn nothing."""

    def ended(self, work: Work, now: float) -> None:
        """Learn nothing."""


@dataclass(slots=True)
class AdaptiveLimit:
    """As many as are answered well within their deadlines.

    Every tenth of a second the slowdown of what ended is looked at: the time taken over the time
    that it may take, which goes by its deadline and by its own floor (`fitting_s`).
    Below 1 the limit rises by up to its root, as Netflix's gradient does, and slowly while it is
    not in use, so that an overload of long ago refuses nobody. Above 1 it falls in proportion, but
    not before four such windows in a row. One that is not in use then, while all are slow that have
    some beside them, comes down to where it would be, which refuses nobody: callers who leave at
    their deadlines keep too much work from ever filling a limit that is far too high.
    """

    most: float
    least: float = LEAST
    floors: Floors = field(default_factory=Floors)
    value: float = field(init=False)
    _slowdowns: list[float] = field(default_factory=list, init=False)
    _excused: list[float] = field(default_factory=list, init=False)
    """The same without what was waited for one silent peer."""
    _silent: Counter[tuple[str, ...]] = field(default_factory=Counter, init=False)
    """How many of them waited in vain, by the peers that they waited for."""
    _latest: deque[float] = field(default_factory=lambda: deque(maxlen=_IN_A_ROW), init=False)
    """The slowdown of the latest windows."""
    _began: float = field(default=-math.inf, init=False)
    _fullest: float = field(default=0.0, init=False)
    """What was filled of a room in this window."""
    _crowded: int = field(default=0, init=False)
    """How many of this window had more than a few beside them."""

    def __post_init__(self) -> None:
        self.least = min(self.least, self.most)
        self.value = self.most

    def began(self, fullness: float) -> None:
        """Note how far the limit is in use."""
        self._fullest = max(self._fullest, fullness)

    def refused(self) -> None:
        """Note that the limit is in use."""
        self._fullest = 1.0

    def ended(self, work: Work, now: float) -> None:
        """Learn from one, and move the limit when a window is over."""
        if work.was_refused and work.took_s < self.fitting_s(work.kind, work.budget_s):
            return  # It was quick for want of an answer: what is served takes longer.
        if work.beside <= _LITTLE:
            self.floors.note(work.kind, work.took_s)
        else:
            self._crowded += 1
        fitting_s = self.fitting_s(work.kind, work.budget_s)
        self._slowdowns.append(work.took_s / fitting_s)
        self._excused.append((work.took_s - work.silence_s) / fitting_s)
        if work.silent:
            self._silent[work.silent] += 1
        if self._began == -math.inf:
            self._began = now
        lasted_s = now - self._began
        if lasted_s < _WINDOW_S:
            return
        if len(self._slowdowns) >= _SAMPLES or lasted_s >= _LONGEST_WINDOW_S:
            self._move(now)

    def fitting_s(self, kind: str, budget_s: float) -> float:
        """Return how long one may take without anybody having to be refused."""
        floor_s = self.floors.of(kind)
        usual_s = min(floor_s * _TIMES_FLOOR, budget_s * _USUAL_PART)
        least_s = min(floor_s * _JUST_ABOVE_FLOOR, budget_s * _MOST_PART)
        wanted_s = min(budget_s * PART, ALWAYS_TOO_LONG_S)
        return max(usual_s, least_s, wanted_s, NEVER_TOO_LONG_S)

    def _move(self, now: float) -> None:
        slowdowns = sorted(self._excused if self._is_one_silent() else self._slowdowns)
        slowdown = slowdowns[math.ceil(_QUANTILE * len(slowdowns)) - 1]
        is_used = self._fullest >= _IN_USE
        is_crowded = self._crowded * 2 >= len(slowdowns)
        self._latest.append(slowdown if is_used or is_crowded else 0.0)
        low = min(self._latest)
        if low > 1.0 and len(self._latest) == _IN_A_ROW:
            wanted = 1.0 / low if is_used else self._fullest / _IN_USE
            self._set(self.value * max(_SHARPEST, wanted))
            # What ends next was admitted before: two windows more, until this one shows.
            self._latest.popleft()
            self._latest.popleft()
        elif slowdown < 1.0:
            eagerness = _EAGERNESS if is_used else _UNUSED_EAGERNESS
            self._set(self.value + math.sqrt(self.value) * min(1.0, eagerness * (1.0 - slowdown)))
        self._began, self._fullest, self._crowded = now, 0.0, 0
        self._slowdowns.clear()
        self._excused.clear()
        self._silent.clear()

    def _is_one_silent(self) -> bool:
        """Say whether one peer is at fault: where there is too much to do, all are late in turn."""
        most = max(self._silent.values(), default=0)
        return most >= max(_ALL * self._silent.total(), _MANY * len(self._slowdowns))

    def _set(self, value: float) -> None:
        self.value = min(max(value, self.least), self.most)
