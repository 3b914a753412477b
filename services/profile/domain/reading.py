"""Reads a state as of a moment: what deciding needs to know of a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from services.profile.domain import aversions, complaints
from services.profile.domain.aversions import Aversion, Kind
from services.profile.domain.event import DAY_US, MINUTE_US, SEPARATOR
from services.profile.domain.latest import Word
from services.profile.domain.orders import spending
from services.profile.domain.owned import Ownership
from services.profile.domain.state import LOCALE, TIME_ZONE, State

NAME = "name"
MAX_AFFINITIES = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLDEST = 130
_NEVER_US = 2**63
_NO_WORD = Word(0, False)


@dataclass(frozen=True, slots=True)
class Tiers:
    """Contributions over 12 months, millionths, from which a person is of a tier."""

    top_micros: int
    high_micros: int
    medium_micros: int

    def tier(self, contribution_micros: int, *, bought: bool) -> str:
        """Return `top`, `high`, `medium` or `low`; `new` before the first order."""
        if not bought:
            return "new"
        if contribution_micros >= self.top_micros:
            return "top"
        if contribution_micros >= self.high_micros:
            return "high"
        return "medium" if contribution_micros >= self.medium_micros else "low"


NO_TIERS = Tiers(2**62, 2**62, 2**62)
"""Before the first computation nobody stands out."""


class Traits(NamedTuple):
    """What events add up to."""

    recency_days: float
    """-1: never bought."""
    frequency: int
    monetary_micros: int
    contribution_micros: int
    contribution_is_sales: bool
    value_tier: str
    tenure_days: float
    """Since the first order that is still known, up to 400; -1: none is."""
    promotion_share: float
    price_sensitivity: float
    return_share: float
    complaints: int


def traits(state: State, now_us: int, tiers: Tiers) -> Traits:
    spent = spending(state.orders, now_us)
    bought = state.last_purchase_us > 0
    return Traits(
        max(0.0, (now_us - state.last_purchase_us) / DAY_US) if bought else -1.0,
        spent.orders,
        spent.monetary_micros,
        spent.contribution_micros,
        spent.cost_unknown,
        tiers.tier(spent.contribution_micros, bought=bought),
        float(max(0, now_us // DAY_US - spent.first_day)) if spent.first_day else -1.0,
        spent.promotion_share,
        spent.price_sensitivity,
        spent.return_share,
        complaints.within_a_year(state.complaints, now_us),
    )


def standing_declines(state: State) -> list[tuple[int, int, int]]:
    """Return (offer, family, time) of what stands declined, newest first.

    Buying the item, or another of its family, after the decline takes it back.
    """
    if not state.declines:
        return []
    owned = state.owned
    found = []
    for (offer_no, family_no), (time_us, declined) in state.declines.items():
        bought = owned.get(family_no)
        if declined and (bought is None or bought.last_minute <= time_us // MINUTE_US):
            found.append((time_us, offer_no, family_no))
    found.sort(reverse=True)
    return [(offer_no, family_no, time_us) for time_us, offer_no, family_no in found]


def liked(
    affinities: Sequence[tuple[str, float]], disliked: Sequence[str]
) -> list[tuple[str, float]]:
    """Return the affinities without those that were disliked, or that lie below one of them."""
    if not disliked:
        return list(affinities)
    unwanted = tuple(subject + SEPARATOR for subject in disliked)
    return [(s, share) for s, share in affinities if not (s + SEPARATOR).startswith(unwanted)]


def soft_dislikes(state: State, kind: Kind, now_us: int) -> list[Aversion]:
    """Return what declines, returns and ignoring speak against, strongest first.

    What is disliked in so many words is left out: that is no matter of more or less.
    """
    if not state.aversions:
        return []
    words, taken_us = _opinions(state, kind)

    def counts_from_us(subject: str) -> int:
        said_us, disliked = words(subject)
        return _NEVER_US if disliked else max(said_us, taken_us(subject))

    return aversions.soft_dislikes(state.aversions, kind, counts_from_us, now_us)


def _opinions(state: State, kind: Kind) -> tuple[Callable[[str], Word], Callable[[str], int]]:
    """Return what looks up the latest word on a subject, and when it was last bought or accepted.

    A purchase is known to the minute; what follows it within that minute is the later word.
    """
    if kind is Kind.FAMILY:
        families, owned = state.disliked_families, state.owned
        answers = sorted(
            (no, word.time_us) for (_, no), word in state.declines.items() if not word.yes
        )
        accepted_us = dict(answers)  # of each family the latest
        return (
            lambda subject: families.get(int(subject), _NO_WORD),
            lambda subject: max(
                _last_us(owned.get(int(subject))), accepted_us.get(int(subject), 0)
            ),
        )
    if kind is Kind.CATEGORY:
        categories, bought = state.disliked_categories, state.bought_categories
        return (
            lambda subject: categories.get(subject, _NO_WORD),
            lambda subject: _last_us(bought.get(subject)),
        )
    brands, minutes = state.disliked_brands, state.bought_brands
    return (
        lambda subject: brands.get(subject, _NO_WORD),
        lambda subject: minutes.get(subject, 0) * MINUTE_US,
    )


def _last_us(ownership: Ownership | None) -> int:
    return 0 if ownership is None else ownership.last_minute * MINUTE_US


def attribute(state: State, name: str) -> str:
    return state.attributes.get(name, (0, ""))[1]


def own_attributes(state: State) -> dict[str, str]:
    """Return the caller's attributes, those left out that have a field of their own."""
    return {
        name: value
        for name, (_, value) in state.attributes.items()
        if value and name not in (LOCALE, TIME_ZONE)
    }


def age(state: State, now_us: int) -> int:
    """Return years out of `birth_date`, `birth_year` or `age`; 0 where none says it."""
    born = attribute(state, "birth_date") or attribute(state, "birth_year")
    try:
        years = _years_since(born, now_us) if born else int(attribute(state, "age") or 0)
    except ValueError:
        return 0
    return years if 0 < years <= _OLDEST else 0


def _years_since(born: str, now_us: int) -> int:
    """Return whole years since a date, or between a year and this one; raises ValueError."""
    today = (_EPOCH + timedelta(microseconds=now_us)).date()
    if len(born) == 4:
        return today.year - int(born)
    day = date.fromisoformat(born)
    is_ahead = (today.month, today.day) < (day.month, day.day)
    return today.year - day.year - is_ahead


def standing_token(version: int, freeing_seqs: Sequence[int]) -> int:
    """Return a number of 63 bits that changes with each freeing event and change of the set."""
    text = f"{version}:{sum(freeing_seqs)}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1
