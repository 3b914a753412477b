"""The words of an offer: by channel, and in the caller's language where it has some in it."""

from __future__ import annotations

from services.aggregator.domain.speech import speech
from services.aggregator.domain.texts import LANGUAGES, PLAIN, language_of
from services.aggregator.domain.vocabulary import Channel
from shared.languages import nearest
from touchpoint.aggregator.v1.aggregator_pb2 import Creative as Shown
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow, Creative, PromisedTerms, Words

_FIELDS = ("title", "text", "image_url", "link", "call_to_action")
_NONE = Words()

Offered = CatalogueRow | PromisedTerms
"""An offer as it is, or on the terms on which it was promised."""


def title_of(found: Offered, locale: str) -> str:
    """Return its readable name."""
    return _in_language(found.creative, locale).title or found.title


def shown(found: Offered, channel: int, locale: str, own_language: str = PLAIN) -> Shown:
    """Return what is shown of it on a channel; an IVR always gets something to say.

    Words for the channel go before words for all of them in the same language, and those before
    words in no language of the caller's; `language` says which they are. A machine reads those out
    in `own_language`.
    """
    general = found.creative
    own = _made_for(found, channel) or general
    words = _in_language(own, locale)
    theirs = words if own is general else _in_language(general, locale)
    language = words.language or theirs.language
    told = Shown(language=language)
    for field in _FIELDS:
        said = getattr(own, field)
        instead = getattr(theirs, field) if said or field == "title" else ""
        setattr(told, field, getattr(words, field) or instead or said)
    told.title = told.title or found.title
    # What is to be read out in another language than the title and text would be heard as one.
    told.ssml = words.ssml or theirs.ssml if language else own.ssml
    if channel == Channel.IVR:
        told.ssml = speech(told.ssml, told.title, told.text, language or own_language)
    return told


def script(found: Offered, locale: str) -> tuple[str, str]:
    """Return what it gives an agent to say, with its language; empty: nothing of its own.

    Nothing either where it gives no script in the language of the caller but a title, round which
    our own words are in that language.
    """
    own = _made_for(found, Channel.CALL_CENTER)
    words, theirs = _in_language(own or _NO_SCRIPT, locale), _in_language(found.creative, locale)
    if words.text:
        return words.text, words.language
    if own is None or (theirs.title and language_of(locale) in LANGUAGES):
        return "", theirs.language if theirs.title else ""
    return own.text, ""


def _made_for(found: Offered, channel: int) -> Creative | None:
    made_for = (each.creative for each in found.channel_creatives if each.channel == channel)
    return next(made_for, None)


def _in_language(creative: Creative, locale: str) -> Words:
    """Return the words in the language of a locale; empty ones where there are none."""
    if not locale or not creative.words:
        return _NONE
    found = nearest(locale, (each.language for each in creative.words))
    return next((each for each in creative.words if each.language == found), _NONE)


_NO_SCRIPT = Creative()
