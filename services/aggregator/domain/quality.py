"""How much is asked for: fewer candidates and sources while steps come near the end of their time.

An answer made of fewer candidates is better than one for which a step did not answer, so that the
edge asks for less before anything breaks, and for everything again when there is room (the quality
factor of Twitter's product-mixer, with the dead band and the doubling wait of a circuit breaker).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable

from services.aggregator.domain.steps import Outcome, Step, StepRecord

LEVELS = (1.0, 0.8, 0.64, 0.5, 0.4, 0.32, 0.25)
"""What the quality may be. A step to the next moves what it costs by at most 1.28 times."""
TIGHT, EASY = 0.8, 0.6
"""Parts of its time that a step takes. EASY × 1.28 is below TIGHT: what costs as much as is asked
for cannot be easy at one level and tight at the one above, so it comes to rest between them."""

_WINDOW_S = 0.2
_LONGEST_WINDOW_S = 2.0
_ENOUGH = 32
"""Decisions are judged by windows: so long, and so many, unless fewer come in the longest."""
_FEWEST_TIGHT = 5
_PRESSED_SHARE, _CALM_SHARE, _EASY_SHARE = 0.15, 0.05, 0.8
"""A window is pressed by so many tight decisions; calm, and easy, by so few and so many."""
_HOLD_S, _LONGEST_HOLD_S = 1.0, 16.0
"""How long the quality stays where it fell; twice as long whenever it fell again soon after it
rose, up to the latter."""
_NEXT_S = 0.5
_PROBATION_S = 4.0
"""Within this after it rose, a fall says that it rose too early."""
_PATIENCE_S = 30.0
"""So much longer it waits to rise where windows are calm and not easy: it may fit all the same."""
_FORGOTTEN_S = 10.0
"""Without a decision for so long nothing is known any more."""

ELASTIC = frozenset({Step.RETRIEVAL, Step.CHECK, Step.RANK, Step.COMMIT})
"""Steps that have less to do when less is asked for."""
_SPENT = frozenset({Outcome.OK, Outcome.MODEL_STALE})
_PRESSED = frozenset({Outcome.TIMEOUT, Outcome.OVERLOADED, Outcome.NO_BUDGET})

Load = Callable[[], float]
"""Tells the part of the room for pages that is taken, from 0; at 1 they are refused."""


def no_load() -> float:
    return 0.0


Changed = Callable[[float, float], None]
"""Hears the quality as it is from now on, and of decisions of up to how many seconds."""


def unheard(_quality: float, _up_to_s: float) -> None:
    """Tell nobody."""


def used(records: Iterable[StepRecord]) -> float | None:
    """Return the largest part of its time that a step of a decision took, 1 for one that was late.

    None where there was nothing to learn: a service that is gone is not in want of time.
    """
    parts = [_part(record) for record in records if record.step in ELASTIC]
    return max((part for part in parts if part is not None), default=None)


def _part(record: StepRecord) -> float | None:
    if record.outcome in _PRESSED:
        return 1.0
    return record.spent_s / record.budget_s if record.outcome in _SPENT else None


class QualityControl:
    """The quality of decisions of about one length; `now_s` is monotonic."""

    def __init__(self) -> None:
        self._forget(-math.inf)

    def quality(self, now_s: float) -> float:
        """Return the part of the candidates and sources to ask for, one of LEVELS."""
        self._judge(now_s)
        return LEVELS[self._level]

    def note(self, part: float, now_s: float) -> None:
        """Hear the part of its time that a decision's slowest step took."""
        self._judge(now_s)
        self._noted_s = now_s
        self._count += 1
        self._tight += part >= TIGHT
        self._easy += part <= EASY

    def _forget(self, now_s: float) -> None:
        self._level = 0
        self._hold_s, self._not_before_s = _HOLD_S, now_s
        self._rose_s: float | None = None
        self._noted_s = now_s
        self._open_window(now_s)

    def _open_window(self, now_s: float) -> None:
        self._opened_s = now_s
        self._count = self._tight = self._easy = 0

    def _judge(self, now_s: float) -> None:
        """Close the window if it has seen enough, and go by it."""
        open_s = now_s - self._opened_s
        if now_s - self._noted_s >= _FORGOTTEN_S:
            self._forget(now_s)
            return
        if open_s < _WINDOW_S or (self._count < _ENOUGH and open_s < _LONGEST_WINDOW_S):
            return
        if self._rose_s is not None and now_s - self._rose_s > _PROBATION_S:
            self._hold_s, self._rose_s = _HOLD_S, None
        if self._tight >= max(_FEWEST_TIGHT, _PRESSED_SHARE * self._count):
            self._fall(now_s)
        elif self._level and self._may_rise(now_s):
            self._level -= 1
            self._rose_s, self._not_before_s = now_s, now_s + _NEXT_S
        self._open_window(now_s)

    def _fall(self, now_s: float) -> None:
        if self._rose_s is not None:
            self._hold_s, self._rose_s = min(2.0 * self._hold_s, _LONGEST_HOLD_S), None
        self._level = min(self._level + 1, len(LEVELS) - 1)
        self._not_before_s = now_s + self._hold_s

    def _may_rise(self, now_s: float) -> bool:
        if self._tight > _CALM_SHARE * self._count:
            return False
        is_easy = self._easy >= _EASY_SHARE * self._count
        return now_s >= self._not_before_s + (0.0 if is_easy else _PATIENCE_S)


_BANDS_S = (0.02, 0.04, 0.08, 0.16, 1.0)


class Qualities:
    """A quality for each length of decisions: up to 20, 40, 80 and 160 ms, and beyond.

    Whoever asks with a deadline that is too short for everybody gets fewer candidates; those with
    more time are not made to share in that.
    """

    def __init__(self, changed: Changed = unheard) -> None:
        self._load: Load = no_load
        self._changed = changed
        self._controls = tuple(QualityControl() for _ in _BANDS_S)
        self._told = [LEVELS[0] for _ in _BANDS_S]

    def hear_load(self, load: Load) -> None:
        """Go from now on also by how full the house is: less is asked for before it refuses."""
        self._load = load

    def quality(self, budget_s: float, now_s: float) -> float:
        """Return the part of the candidates and sources that a decision is to ask for."""
        band = _band(budget_s)
        quality = self._controls[band].quality(now_s)
        if quality != self._told[band]:
            self._told[band] = quality
            self._changed(quality, _BANDS_S[band])
        return quality

    def note(self, budget_s: float, records: Iterable[StepRecord], now_s: float) -> None:
        """Hear how the steps of a decision that had `budget_s` ended."""
        part = used(records)
        if part is not None:
            self._controls[_band(budget_s)].note(max(part, self._load()), now_s)


def _band(budget_s: float) -> int:
    return bisect_left(_BANDS_S, budget_s, hi=len(_BANDS_S) - 1)
