"""Languages as callers name them (BCP 47), and which of several words somebody is told."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
KNOWN = frozenset(_CODES.split())
"""ISO 639-1. Languages of three letters (ISO 639-3: `yue`, `fil`) are some 7,900 and not listed."""
OWN_LANGUAGE = "words.language"
"""The parameter that says in which language offers' and items' own words are."""
TAG = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?", re.ASCII)
"""A language, with a country or without."""


def mistake(tag: str) -> str:
    """Say why this names no language; empty: it does."""
    if not TAG.fullmatch(tag):
        return f"must be a language such as de or de-AT, is {tag!r}"
    language = tag.partition("-")[0]
    if len(language) == 2 and language not in KNOWN:
        return f"{language!r} is no language of ISO 639-1"
    return ""


def nearest(locale: str, languages: Iterable[str]) -> str:
    """Return which of these is for a locale such as `de-AT`: itself, else `de`; empty: none.

    That is the lookup of RFC 4647, 3.4, whatever case the locale is written in.
    """
    known = {language.casefold(): language for language in languages}
    wanted = locale.replace("_", "-").casefold()
    while wanted:
        if wanted in known:
            return known[wanted]
        wanted = wanted.rpartition("-")[0]
    return ""
