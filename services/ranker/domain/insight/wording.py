"""Findings in sentences."""

from __future__ import annotations

from typing import Final

from services.ranker.domain.insight.study import Followed, Trend

_CHANGES: Final = {
    Trend.GROWING: "; lately more so",
    Trend.FADING: "; lately less so",
}


def sentence(followed: Followed) -> str:
    """Return what a value does: `accepted 2.3 times as often (1.9 to 2.7)`."""
    times = followed.effect.times_as_often
    interval = f"{times.low:.2g} to {times.high:.2g}"
    said = f"accepted {times.value:.2g} times as often as by others ({interval})"
    if not followed.effect.is_clear:
        said += ", which may be chance"
    return said + _CHANGES.get(followed.trend, "")
