"""How much can be said in one breath, by somebody or by a machine that reads markup out."""

from __future__ import annotations

import re
from xml.etree import ElementTree

MOST_WORDS = 25
"""Of a line that somebody says, or that a machine reads out."""
_BY_TWO = (
    r"\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
"""Han, Kana, Bopomofo."""
_BY_FOUR = r"\u0e00-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
"""Thai, Lao, Tibetan, Burmese, Khmer."""
_SIGNS = r"[^\w\s]*"
"""Punctuation, and the marks that belong to the letter before them."""
_UNSPACED = re.compile(rf"(?=\w)[{_BY_TWO}{_BY_FOUR}]")
_WORD = re.compile(
    rf"{_SIGNS}(?:(?:(?=\w)[{_BY_TWO}]{_SIGNS}){{1,2}}|(?:(?=\w)[{_BY_FOUR}]{_SIGNS}){{1,4}})"
    rf"|(?:[^\s{_BY_TWO}{_BY_FOUR}]|[^\w\s])+"
)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")


def words(text: str) -> int:
    """Count the words of a text: whatever stands between blanks.

    Scripts that are written without blanks have a word in every two letters begun (Chinese,
    Japanese) or four (Thai, Lao, Tibetan, Burmese, Khmer), which take about as long to say; vowel
    signs and tones go with their letter.
    """
    # To split takes a tenth of the time, and most texts are of other scripts.
    return len(_WORD.findall(text) if _UNSPACED.search(text) else text.split())


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, each with the sign that ends it."""
    return [said for said in _SENTENCE_ENDS.split(text) if said]


def shortened(text: str, most: int = MOST_WORDS) -> str:
    """Return as many whole sentences as fit; where the first does not, its first words."""
    if words(text) <= max(1, most):
        return text
    first_left_out = list(_WORD.finditer(text))[max(1, most)]
    room = text[: first_left_out.start()]
    ends = [found.start() for found in _SENTENCE_ENDS.finditer(room)]
    if ends:
        return room[: ends[-1]]
    return " ".join(room.split()).rstrip(" ,;:–-、，；：…") + "…"


def markup_mistake(markup: str) -> str:
    """Say why Speech Synthesis Markup (W3C SSML 1.1) is not read out; empty: it is."""
    try:
        root = ElementTree.fromstring(markup)  # noqa: S314 ours, and expat bounds what it expands
    except ElementTree.ParseError:
        return "is no markup"
    if root.tag.rpartition("}")[2] != "speak":
        return "must be one speak element"
    count = words(" ".join(root.itertext()))
    if not count:
        return "has nothing to say"
    return f"has {count} words, at most {MOST_WORDS} are read out" if count > MOST_WORDS else ""
