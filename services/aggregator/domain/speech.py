"""What a machine reads out: Speech Synthesis Markup (W3C SSML 1.1) of at most 25 words."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from xml.parsers import expat

from shared.spoken import markup_mistake, shortened

_NAMESPACE = "http://www.w3.org/2001/10/synthesis"
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, not even escaped (XML 1.0, 2.2): one of them, and nothing is read out."""


def speech(own: str, title: str, text: str, language: str) -> str:
    """Return markup to be read out: the offer's own, or one made of its title and text.

    Its own is left aside where it is no markup or has more words than anybody listens to.
    `language` is that of all three, BCP 47: by it a voice is chosen.
    """
    if own and (whole := _whole(own, language)):
        return whole
    told = (_UNSPEAKABLE.sub(" ", part).strip() for part in (title.rstrip("."), text))
    said = shortened(". ".join(part for part in told if part))
    return f"<speak{_written(_required(language))}>{escape(said)}</speak>"


@lru_cache(1_000)
def _whole(own: str, language: str) -> str:
    """Return an offer's own markup with what it lacks of its root; empty: it is not read out."""
    if markup_mistake(own):
        return ""
    at, name, given = _root(own)
    lacking = {key: value for key, value in _required(language).items() if key not in given}
    if ":" in name:
        lacking.pop("xmlns", None)
    markup = own.encode()
    return (markup[:at] + _written(lacking).encode() + markup[at:]).decode()


def _root(markup: str) -> tuple[int, str, dict[str, str]]:
    """Return where the name of the root ends, in bytes of UTF-8, with it and its attributes."""
    found: list[tuple[int, str, dict[str, str]]] = []

    def begins(name: str, attributes: dict[str, str]) -> None:
        parser.StartElementHandler = None
        found.append((parser.CurrentByteIndex + len(f"<{name}".encode()), name, attributes))

    parser = expat.ParserCreate()
    parser.StartElementHandler = begins
    parser.Parse(markup, True)
    return found[0]


def _required(language: str) -> dict[str, str]:
    """Return the attributes that SSML 1.1 requires of its root (2.1 and 3.1.1)."""
    return {"version": "1.1", "xmlns": _NAMESPACE, "xml:lang": language}


def _written(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
