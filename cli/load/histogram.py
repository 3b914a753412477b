"""Draws how long callers waited, on a logarithmic axis, by what they got."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cli.drawing.lettering import width
from cli.drawing.shapes import (
    ACCENT,
    BACK,
    FAINT,
    INK,
    RULE,
    WARNING,
    Box,
    Curve,
    Picture,
    Shape,
    Words,
)
from cli.load.deadlines import Verdict, judge
from cli.load.outcome import Outcome

COLOURS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.IN_TIME: ACCENT,
        Verdict.DEGRADED: "#7fb7c9",
        Verdict.SHED: RULE,
        Verdict.LATE: BACK,
        Verdict.ERROR: WARNING,
    }
)
"""In the order in which they stand upon each other."""
_PER_DECADE = 20
"""Bars from 1 ms to 10 ms."""
_WIDTH, _HEIGHT = 760.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 24.0, 76.0, 44.0
_SIZE = 11.0
_LEAST_MS = 0.1


@dataclass(frozen=True, slots=True)
class Bin:
    """Requests whose callers waited longer than `from_ms` and at most `to_ms`."""

    from_ms: float
    to_ms: float
    counts: Mapping[Verdict, int]


def binned(outcomes: Sequence[Outcome], deadline_s: float) -> Sequence[Bin]:
    """Return the bins from the shortest wait to the longest; one of them ends at the deadline."""
    counts: dict[int, Counter[Verdict]] = {}
    for outcome in outcomes:
        place = _place(outcome.latency_s, deadline_s)
        counts.setdefault(place, Counter())[judge(outcome, deadline_s)] += 1
    places = range(min(counts, default=0), max(counts, default=-1) + 1)
    return [Bin(*_bounds_ms(place, deadline_s), counts.get(place, Counter())) for place in places]


def _place(latency_s: float, deadline_s: float) -> int:
    """Return the bin of a wait: 0 is the last one within the deadline."""
    if latency_s <= deadline_s:
        over = max(latency_s, _LEAST_MS / 1000) / deadline_s
        return min(math.ceil(math.log10(over) * _PER_DECADE), 0)
    return max(math.ceil(math.log10(latency_s / deadline_s) * _PER_DECADE), 1)


def _bounds_ms(place: int, deadline_s: float) -> tuple[float, float]:
    return (
        deadline_s * 1000 * 10 ** ((place - 1) / _PER_DECADE),
        deadline_s * 1000 * 10 ** (place / _PER_DECADE),
    )


def pictured(bins: Sequence[Bin], deadline_s: float, title: str) -> Picture:
    """Return the bars, the deadline as a line, and what the colours mean."""
    scale = Scale.over(bins, deadline_s * 1000)
    bars = [shape for each in bins for shape in _bar(each, scale)]
    shapes = (*_heading(bins, title), *_axes(scale), *bars, *_deadline(scale, deadline_s * 1000))
    return Picture(_WIDTH, _HEIGHT, title, tuple(shapes))


@dataclass(frozen=True, slots=True)
class Scale:
    """Where waits and counts lie in the picture."""

    from_ms: float
    to_ms: float
    most: int

    @classmethod
    def over(cls, bins: Sequence[Bin], deadline_ms: float) -> Scale:
        """Reach over all bins and the deadline, with a little room on both sides."""
        return cls(
            min([deadline_ms / 2, *(each.from_ms for each in bins[:1])]),
            max([deadline_ms * 2, *(each.to_ms for each in bins[-1:])]),
            max((sum(each.counts.values()) for each in bins), default=1),
        )

    def x(self, wait_ms: float) -> float:
        part = math.log(wait_ms / self.from_ms) / math.log(self.to_ms / self.from_ms)
        return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)

    def y(self, count: float) -> float:
        return _HEIGHT - _BOTTOM - count / self.most * (_HEIGHT - _TOP - _BOTTOM)


def _bar(each: Bin, scale: Scale) -> list[Shape]:
    found: list[Shape] = []
    below = 0
    x, wide = scale.x(each.from_ms), scale.x(each.to_ms) - scale.x(each.from_ms)
    for verdict, colour in COLOURS.items():
        count = each.counts.get(verdict, 0)
        if count:
            top = scale.y(below + count)
            hint = f"{count} {_word(verdict)}, {each.from_ms:.3g} to {each.to_ms:.3g} ms"
            high = scale.y(below) - top
            found.append(Box(x, top, wide, high, radius=0, line="", fill=colour, hint=hint))
            below += count
    return found


def _heading(bins: Sequence[Bin], title: str) -> list[Shape]:
    counts = sum((Counter(each.counts) for each in bins), Counter())
    found: list[Shape] = [Words(_LEFT, 22, title, 13, is_bold=True)]
    x = _LEFT
    for verdict, colour in COLOURS.items():
        if counts[verdict]:
            words = f"{_word(verdict)} {counts[verdict]}"
            found += [
                Box(x, 33, 10, 10, radius=0, line="", fill=colour),
                Words(x + 15, 42, words, _SIZE),
            ]
            x += 35 + width(words, _SIZE)
    return found


def _axes(scale: Scale) -> list[Shape]:
    ground = scale.y(0)
    line = Curve(((_LEFT, ground), (_WIDTH - _RIGHT, ground)), line=INK, is_smooth=False)
    found: list[Shape] = [line]
    for wait_ms in _ticks(scale):
        x = scale.x(wait_ms)
        found += [
            Curve(((x, ground), (x, ground + 4)), line=FAINT, is_smooth=False),
            Words(x, ground + 17, f"{wait_ms:g}", _SIZE, fill=FAINT, is_centred=True),
        ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    told = "ms from when the request was due"
    found.append(Words(middle, _HEIGHT - 8, told, _SIZE, fill=FAINT, is_centred=True))
    most = f"{scale.most}"
    left = _LEFT - 8 - width(most, _SIZE)
    return [*found, Words(left, scale.y(scale.most) + 4, most, _SIZE, fill=FAINT)]


def _ticks(scale: Scale) -> list[float]:
    powers = range(math.floor(math.log10(scale.from_ms)), math.ceil(math.log10(scale.to_ms)) + 1)
    each = (step * 10.0**power for power in powers for step in (1, 2, 5))
    return [wait_ms for wait_ms in each if scale.from_ms <= wait_ms <= scale.to_ms]


def _deadline(scale: Scale, deadline_ms: float) -> list[Shape]:
    x = scale.x(deadline_ms)
    line = Curve(((x, _TOP - 16), (x, scale.y(0))), line=WARNING, weight=1.4, is_smooth=False)
    told = f"deadline {deadline_ms:g} ms"
    wide = width(told, _SIZE)
    left = x + 4 if x + 4 + wide < _WIDTH else x - 4 - wide
    words = Words(left, _TOP - 8, told, _SIZE, fill=WARNING)
    return [line, words]


def _word(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")
