"""Why something is recommended, in words made of the evidence that its source gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.aggregator.domain.texts import (
    LANGUAGES,
    PLAIN,
    has_phrase,
    language_of,
    phrase,
)
from services.aggregator.domain.vocabulary import EvidenceKind, RemovalCode, Source, name_of

MINUTE_US = 60_000_000
MANY = 3
"""Bought less often than this, nothing is called popular."""
_HOUR = 60
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_MONTH = 30 * _DAY
_YEAR = 365 * _DAY


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of why a candidate was proposed; empty and 0 mean unknown."""

    source: int
    item: str = ""
    """Title of the item that the evidence speaks of."""
    category: str = ""
    """Path of the category that the source speaks of."""
    count: int = 0
    total: int = 0
    """What the count is out of."""
    minutes_ago: int = -1
    """Since the person last bought it; negative: unknown."""
    relationship: str = ""
    occasion: str = ""
    kind: int = 0
    """What is said of the item, as EvidenceKind."""
    text: str = ""
    """The sentence that a plug-in gives, what is lacking of what was asked for, or an interest."""


def reason_text(evidence: Evidence, locale: str = "") -> str:
    """Return one sentence: the most telling that the evidence supports.

    What is written for the kind of the evidence comes before what is written for the source.
    """
    if evidence.text and evidence.source == Source.EXTERNAL:
        return evidence.text
    name = name_of(Source, evidence.source)
    name = name if name in _DETAILS_OF else Source.OFFER.name
    kind = name_of(EvidenceKind, evidence.kind) if evidence.kind else ""
    for detail, key in (*_DETAILS_OF_KIND.get(f"{name}.{kind}", ()), *_DETAILS_OF[name]):
        if _supports(detail, evidence):
            return phrase(key, locale, **_FACTS_OF[detail](evidence, locale))
    return phrase(name, locale)


_DETAILS = (
    *("all", "lacking", "of_those", "share", "of", "rising", "lately", "ago", "sold", "count"),
    *("interest", "item", "relationship", "occasion", "category"),
)
"""From the most to the least telling."""


def _details(name: str) -> list[tuple[str, str]]:
    """Return the details that sentences are written for, each with the key of its sentence."""
    keys = ((detail, f"{name}.{detail}") for detail in _DETAILS)
    return [(detail, key) for detail, key in keys if has_phrase(key)]


_DETAILS_OF: Mapping[str, Sequence[tuple[str, str]]] = {
    source.name: _details(source.name) for source in Source if has_phrase(source.name)
}
_DETAILS_OF_KIND: Mapping[str, Sequence[tuple[str, str]]] = {
    f"{source.name}.{kind.name}": found
    for source in Source
    for kind in EvidenceKind
    if (found := _details(f"{source.name}.{kind.name}"))
}


def _supports(detail: str, evidence: Evidence) -> bool:
    match detail:
        case "share" | "of_those":
            return bool(evidence.item) and 0 < evidence.count <= evidence.total
        case "rising":
            return 0 < evidence.total < evidence.count
        case "lately":
            return evidence.count > 0
        case "lacking":
            return bool(evidence.text) and 0 < evidence.count < evidence.total
        case "of":
            return 0 < evidence.count <= evidence.total
        case "interest":
            return bool(evidence.text)
        case "all":
            return 0 < evidence.count == evidence.total
        case "ago":
            return evidence.count > 0 and evidence.minutes_ago >= 0
        case "sold":
            return evidence.count >= MANY and bool(evidence.category)
        case _:
            return bool(getattr(evidence, detail))


Facts = Callable[[Evidence, str], dict[str, object]]
_FACTS_OF: Mapping[str, Facts] = {
    "share": lambda found, _: {
        "item": found.item,
        "percent": round(100 * found.count / found.total),
    },
    "of_those": lambda found, _: {
        "item": found.item,
        "count": found.count,
        "total": found.total,
    },
    "lacking": lambda found, _: {
        "count": found.count,
        "total": found.total,
        "missing": found.text,
    },
    "of": lambda found, _: {"count": found.count, "total": found.total},
    "all": lambda found, _: {"total": found.total},
    "ago": lambda found, locale: {
        "times": times(found.count, locale),
        "ago": ago(found.minutes_ago, locale),
    },
    "rising": lambda found, _: {"count": found.count, "usual": found.total},
    "lately": lambda found, _: {"count": found.count},
    "sold": lambda found, _: {"category": leaf(found.category)},
    "count": lambda found, locale: {
        "count": found.count,
        "times": times(found.count, locale),
    },
    "interest": lambda found, _: {"interest": found.text},
    "item": lambda found, _: {"item": found.item},
    "relationship": lambda found, _: {"relationship": found.relationship},
    "occasion": lambda found, _: {"occasion": found.occasion},
    "category": lambda found, _: {"category": leaf(found.category)},
}


def leaf(category: str) -> str:
    """Return the last name of a category path: `Computers > PCs` is `PCs`."""
    return category.rpartition(" > ")[2]


def times(count: int, locale: str = "") -> str:
    """Say how often: `once`, `twice`, `4 times`."""
    key = {1: "times.one", 2: "times.two"}.get(count, "times.many")
    return phrase(key, locale, count=count)


def ago(minutes: int, locale: str = "") -> str:
    """Say how long ago, in the largest unit of which there are at least two."""
    if minutes < 10:
        return phrase("ago.now", locale)
    if minutes < _HOUR:
        return phrase("ago.minutes", locale, count=minutes)
    if minutes < 2 * _HOUR:
        return phrase("ago.hour", locale)
    if minutes < _DAY:
        return phrase("ago.hours", locale, count=minutes // _HOUR)
    return _days_ago(minutes, locale)


def _days_ago(minutes: int, locale: str) -> str:
    if minutes < 2 * _DAY:
        return phrase("ago.day", locale)
    if minutes < 2 * _WEEK:
        return phrase("ago.days", locale, count=minutes // _DAY)
    if minutes < 2 * _MONTH:
        return phrase("ago.weeks", locale, count=minutes // _WEEK)
    if minutes < _YEAR:
        return phrase("ago.months", locale, count=minutes // _MONTH)
    return phrase("ago.year", locale)


def removal_text(code: int, locale: str = "") -> str:
    """Return why something was not offered, in words an agent can read aloud."""
    return phrase(f"removed.{name_of(RemovalCode, code)}", locale)


def rule_text(own: Mapping[str, str], code: int, locale: str = "") -> str:
    """Return why a rule removed something, in the language of a locale.

    `own` has the rule's own sentences by language. Where it has none in this language its code's
    goes before a sentence in another; only of a language that nobody speaks here the plain one.
    """
    language = language_of(locale)
    if language not in own and language not in LANGUAGES:
        language = PLAIN
    return own[language] if language in own else removal_text(code, locale)
