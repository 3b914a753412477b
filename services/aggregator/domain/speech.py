"""What a machine reads out: Speech Synthesis Markup (W3C SSML 1.1) of at most 25 words."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from shared.spoken import markup_mistake, shortened

_mistake = lru_cache(1_000)(markup_mistake)
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, not even escaped (XML 1.0, 2.2): one of them, and nothing is read out."""


def speech(own: str, title: str, text: str) -> str:
    """Return markup to be read out: the offer's own, or one made of its title and text.

    Its own is left aside where it is no markup or has more words than anybody listens to.
    """
    if own and not _mistake(own):
        return own
    told = (_UNSPEAKABLE.sub(" ", part).strip() for part in (title.rstrip("."), text))
    said = shortened(". ".join(part for part in told if part))
    return f"<speak>{escape(said)}</speak>"
