"""What a report may tell of whom something was shown to, and when, in words of business people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.bands import banded, between
from services.ranker.domain.design import top
from services.ranker.domain.encoding import MOST_CHARACTERISTICS
from services.ranker.domain.hashing import text_hash
from services.ranker.domain.situation import Situation

CHANNELS: Final = (
    *("", "WEB", "APP", "PUSH", "EMAIL", "SMS", "DIRECT_MAIL"),
    *("CALL_CENTER", "IVR", "CHAT", "STORE"),
)
"""By their number in the contract."""
KNOWN_AS: Final = ("nobody", "visitor", "claimed", "verified")
"""Assurance, likewise."""
WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday"),
    *("Friday", "Saturday", "Sunday"),
)
HOURS: Final = (6, 12, 18)
TIMES_OF_DAY: Final = (
    *("night (0 to 6 h)", "morning (6 to 12 h)"),
    *("afternoon (12 to 18 h)", "evening (18 to 24 h)"),
)
AGES: Final = (18, 26, 36, 46, 56, 66)
AGE_BANDS: Final = (
    "under 18",
    "18 to 25",
    "26 to 35",
    "36 to 45",
    "46 to 55",
    "56 to 65",
    "over 65",
)
RECENCIES: Final = (0, 1, 7, 30, 90, 365)
LAST_PURCHASES: Final = (
    *("never", "within a day", "within 7 days", "within 30 days"),
    *("within 90 days", "within a year", "over a year ago"),
)
_SENSITIVITIES = (0.2, 0.5)
_SENSITIVITY_BANDS = ("low", "medium", "high")
_LONGEST = 60
"""Characters of a value; a longer one is prose, and prose tells one person from another."""
_MOST_SEGMENTS = 10
_MOST_ATTRIBUTES = 16
_MOST_TOLD = 6


def characteristics(situation: Situation) -> list[str]:
    """Return what is known, each as `name=value`, at most `MOST_CHARACTERISTICS`.

    Of segments and attributes the first by name are taken, so that it is always the same ones.
    """
    found = [f"{name}={value}" for name, value in _own(situation) if value]
    found += [f"segment={name}" for name in situation.segments[:_MOST_SEGMENTS]]
    found += _callers("attr", situation.attributes[:_MOST_ATTRIBUTES])
    found += _callers("context", situation.told[:_MOST_TOLD])
    return found[:MOST_CHARACTERISTICS]


def hashes(texts: Iterable[str]) -> NDArray[np.uint32]:
    """Return how a row of the learning log holds them, ascending, each once."""
    return np.array(sorted({text_hash(text) for text in texts}), np.uint32)


def _own(situation: Situation) -> Iterator[tuple[str, str]]:
    """Yield what is known of everybody, or nothing for it."""
    yield "channel", _named(CHANNELS, situation.channel)
    if situation.hour >= 0:
        yield "time_of_day", between(situation.hour, HOURS, TIMES_OF_DAY)
        yield "weekday", _named(WEEKDAYS, situation.weekday)
    yield "cart", "filled" if situation.has_cart else "empty"
    yield "looking_at", top(situation.category_in_mind)
    yield "gift", "yes" if situation.is_gift else ""
    yield "known_as", _named(KNOWN_AS, situation.assurance)
    if not situation.assurance:
        return
    yield "hesitating", "yes" if situation.is_hesitating else "no"
    yield "value_tier", situation.value_tier
    yield "last_purchase", between(situation.recency_days, RECENCIES, LAST_PURCHASES)
    yield "likes_category", top(situation.categories.top)
    yield "likes_brand", situation.brands.top
    yield "persona", situation.persona
    if situation.age:
        yield "age", between(situation.age, AGES, AGE_BANDS)
    if situation.price_sensitivity >= 0:
        sensitivity = situation.price_sensitivity
        yield "price_sensitivity", between(sensitivity, _SENSITIVITIES, _SENSITIVITY_BANDS)


def _callers(whose: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield the caller's own: numbers in bands, and no prose."""
    for text in texts:
        name, _, value = text.partition("=")
        if 0 < len(value) <= _LONGEST:
            yield f"{whose}.{name}={banded(value)}"


def _named(names: Sequence[str], number: int) -> str:
    return names[number] if 0 <= number < len(names) else ""
