"""Charts of results as SVG that stands in a page and takes its colours from there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import accumulate

from cli.showing.results import words
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.results_pb2 import (
    MeasureDifference,
    OfferResult,
    ResultConclusion,
    Results,
)

_WIDTH = 900
_ROW = 26
_NAMES, _LABELS = 290, 200
"""Room for what stands left and right of a chart."""
_WIDEST = 1.0
"""Lifts beyond this share are cut off, with the interval's end left open."""
_CLASSES = {ResultConclusion.BETTER: "better", ResultConclusion.WORSE: "worse"}
_HIGH, _FOOT = 260, 30
_STAMP = {True: "%d %b %H:%M", False: "%d %b"}
_DAY_US = 86_400_000_000


def css_class(found: MeasureDifference) -> str:
    """Return how a difference is coloured."""
    return _CLASSES.get(found.conclusion, "unclear")


def lifts(results: Results, control: Arm.Value.ValueType) -> str:
    """Draw the lift of each measure with its interval; empty where none is known."""
    rows = [
        (measure, found)
        for measure in results.measures
        if (found := words.against(measure, control)) and found.HasField("lift")
    ]
    if not rows:
        return ""
    ends = [abs(end) for _, found in rows for end in (found.lift_low, found.lift_high)]
    reach = min(_WIDEST, max(0.05, *ends))
    height = _ROW * len(rows) + _FOOT

    def at(share: float) -> float:
        cut = max(-reach, min(reach, share))
        return _NAMES + (cut / reach + 1.0) / 2.0 * (_WIDTH - _NAMES - _LABELS)

    parts = [_line(at(0.0), 0, at(0.0), height - _FOOT, "line")]
    for place, (measure, found) in enumerate(rows):
        y = _ROW * place + _ROW / 2
        style = css_class(found)
        parts.append(_text(0, y + 4, measure.title))
        parts.append(_line(at(found.lift_low), y, at(found.lift_high), y, style, width=3))
        parts.append(f'<circle cx="{at(found.lift):.1f}" cy="{y}" r="5" class="{style}"/>')
        told = f"{found.lift:+.0%} ({found.lift_low:+.0%} to {found.lift_high:+.0%})"
        parts.append(_text(_WIDTH - _LABELS + 15, y + 4, told))
    parts += [
        _text(at(share), height - 10, f"{share:+.0%}", "soft", anchor="middle")
        for share in (-reach, 0.0, reach)
    ]
    return _svg(height, parts, f"Lift against {words.arm_name(control)} by measure")


def worth(offers: Sequence[OfferResult], currency: str) -> str:
    """Draw what offers are worth per 1,000 showings, with intervals."""
    if not offers:
        return ""
    ends = [end for offer in offers for end in (offer.low, offer.high, offer.worth_per_1000, 0.0)]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    height = _ROW * len(offers)

    def at(amount: float) -> float:
        return _NAMES + (amount - low) / span * (_WIDTH - _NAMES - _LABELS)

    parts = [_line(at(0.0), 0, at(0.0), height, "line")]
    for place, offer in enumerate(offers):
        y = _ROW * place + _ROW / 2
        left, right = sorted((at(0.0), at(offer.worth_per_1000)))
        style = "bar loss" if offer.worth_per_1000 < 0.0 else "bar"
        parts.append(_text(0, y + 4, _short(offer.title or offer.offer_id)))
        parts.append(
            f'<rect x="{left:.1f}" y="{y - 8}" width="{max(right - left, 1.0):.1f}" height="16"'
            f' class="{style}"/>'
        )
        if offer.low or offer.high:
            parts.append(_line(at(offer.low), y, at(offer.high), y, "unclear", width=2))
        told = f"{words.money(offer.worth_per_1000, currency)}, {offer.accepted / offer.shown:.1%}"
        parts.append(_text(_WIDTH - _LABELS + 15, y + 4, told))
    return _svg(height, parts, "Worth per 1,000 showings by offer")


def over_time(results: Results) -> str:
    """Draw the contribution per customer so far, an arm a line; empty for a single moment."""
    people = {told.arm: told.people for told in results.arms}
    lines: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for point in results.points:
        share = point.contribution / people.get(point.arm, 1)
        lines[point.arm].append((point.time.ToMicroseconds(), share))
    moments = sorted({moment for line in lines.values() for moment, _ in line})
    if len(moments) < 3:
        return ""
    sums = {arm: _so_far(dict(line), moments) for arm, line in sorted(lines.items())}
    return _svg(_HIGH + _FOOT, _curves(moments, sums, results.currency), "Contribution so far")


def _so_far(by_moment: Mapping[int, float], moments: Sequence[int]) -> list[float]:
    return list(accumulate(by_moment.get(moment, 0.0) for moment in moments))


def _curves(
    moments: Sequence[int], sums: Mapping[int, Sequence[float]], currency: str
) -> list[str]:
    ends = [value for line in sums.values() for value in line]
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0

    def x_of(place: int) -> float:
        return 80 + place / (len(moments) - 1) * (_WIDTH - 80 - 130)

    def y_of(value: float) -> float:
        return 10 + (1.0 - (value - low) / span) * (_HIGH - 20)

    parts = [_line(80, y_of(v), _WIDTH - 130, y_of(v), "line") for v in (low, high)]
    parts += [_text(72, y_of(v) + 4, words.money(v, ""), "soft", anchor="end") for v in (low, high)]
    for arm, line in sums.items():
        path = " ".join(f"{x_of(at):.1f},{y_of(value):.1f}" for at, value in enumerate(line))
        name = words.arm_name(arm)  # type: ignore[arg-type]
        parts.append(
            f'<polyline points="{path}" fill="none" stroke-width="2.5" class="arm-{name}"/>'
        )
    parts += _names(sums, y_of, currency)
    stamp = _STAMP[moments[-1] - moments[0] < 2 * _DAY_US]
    for place, anchor in ((0, "start"), (len(moments) - 1, "end")):
        told = datetime.fromtimestamp(moments[place] / 1e6, UTC).strftime(stamp)
        parts.append(_text(x_of(place), _HIGH + 18, told, "soft", anchor=anchor))
    return parts


def _names(sums: Mapping[int, Sequence[float]], y_of: object, currency: str) -> list[str]:
    """Name each line at its end, one below the other where they end alike."""
    told, last = [], -100.0
    for arm, line in sorted(sums.items(), key=lambda item: -item[1][-1]):
        y = max(y_of(line[-1]) + 4, last + 15)  # type: ignore[operator]
        name = words.arm_name(arm)  # type: ignore[arg-type]
        told.append(_text(_WIDTH - 122, y, f"{name} {words.money(line[-1], '')}"))
        last = y
    return told


def _short(text: str) -> str:
    most = 34
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _line(x1: float, y1: float, x2: float, y2: float, style: str, width: int = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{width}"'
        f' class="{style}"/>'
    )


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    told = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{told}>{escape(text)}</text>'


def _svg(height: float, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
