"""What a machine reads out: Speech Synthesis Markup (W3C SSML 1.1) of at most 25 words."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from xml.etree import ElementTree

from services.aggregator.domain.spoken import MOST_WORDS, shortened, words

_REMEMBERED = 1_000


def speech(own: str, title: str, text: str) -> str:
    """Return markup to be read out: the offer's own, or one made of its title and text.

    Its own is left aside where it is no markup or has more words than anybody listens to.
    """
    if own and _can_be_said(own):
        return own
    said = shortened(". ".join(part for part in (title.rstrip("."), text) if part))
    return f"<speak>{escape(said)}</speak>"


@lru_cache(_REMEMBERED)
def _can_be_said(markup: str) -> bool:
    """Say whether a text is one whole `speak` element of few enough words."""
    try:
        root = ElementTree.fromstring(markup)  # noqa: S314 ours, and expat bounds what it expands
    except ElementTree.ParseError:
        return False
    return root.tag.rpartition("}")[2] == "speak" and 0 < words(spoken_text(root)) <= MOST_WORDS


def spoken_text(root: ElementTree.Element) -> str:
    """Return the words of markup, without the markup."""
    return " ".join(root.itertext())
