"""Why a word with a client is due, in words for whoever looks after them."""

from __future__ import annotations

from services.aggregator.domain.reasons import MINUTE_US, ago
from services.aggregator.domain.texts import has_phrase, phrase

_DAY_US = 24 * 60 * MINUTE_US
_BIRTHDAY = "BIRTHDAY"
_BUY_AGAIN = "BUY_AGAIN"


def word_due(code: str, time_us: int, item: str, now_us: int, locale: str = "") -> str:
    """Return one sentence; a code that nobody wrote words for is said in general."""
    if code == _BIRTHDAY:
        days = time_us // _DAY_US - now_us // _DAY_US
        key = {0: "due.BIRTHDAY.today", 1: "due.BIRTHDAY.tomorrow"}.get(days, "due.BIRTHDAY")
        return phrase(key, locale, days=days)
    key = f"due.{code}"
    if code == _BUY_AGAIN and item:
        key = "due.BUY_AGAIN.item"
    since = ago(max(0, now_us - time_us) // MINUTE_US, locale)
    return phrase(key if has_phrase(key) else "due.other", locale, ago=since, item=item)
