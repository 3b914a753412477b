"""What is shown of an offer, in its own words and in other languages: how it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from yaml.nodes import Node

from services.rules.definitions.described import described, described_mapping, named, schema_of
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    list_of,
    one_of,
    read_entry,
    text,
)
from services.rules.definitions.stages import part
from shared.languages import TAG, mistake
from shared.spoken import MOST_WORDS, markup_mistake, words
from touchpoint.common.v1.catalogue_pb2 import ChannelCreative, Creative, Words
from touchpoint.common.v1.vocabulary_pb2 import Channel

_TEXTS = ("title", "text", "image_url", "link", "call_to_action", "ssml")
_TRANSLATED = ("title", "text", "call_to_action")
"""What is read or heard; pictures and links may be the same in every language."""
_MOST_LANGUAGES = 50


@named(TAG.pattern)
def language_tag(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if wrong := mistake(found):
        raise MistakeError(wrong)
    return found


_EACH = list_of(
    part(Words, {"language": language_tag, **{name: text(4000) for name in _TEXTS}}, ("language",)),
    _MOST_LANGUAGES,
)


@described(lambda: schema_of(_EACH))
def words_of(reader: Reader, node: Node) -> list[Words]:
    """Read words in other languages, each language once."""
    found: list[Words] = _EACH(reader, node)
    told = [each.language for each in found]
    for twice in sorted({each for each in told if told.count(each) > 1}):
        reader.mistake(node, f"{twice} is there twice")
    return sorted(found, key=lambda each: each.language)


_CREATIVE: Mapping[str, Read] = {**{name: text(4000) for name in _TEXTS}, "words": words_of}


@described_mapping(_CREATIVE, (), Creative.DESCRIPTOR.full_name)
def _creative(reader: Reader, node: Node) -> Creative:
    entry = read_entry(reader, node, _CREATIVE)
    return Creative(**(entry.values if entry else {}))


_CHANNEL_CREATIVE: Mapping[str, Read] = {"channel": one_of(Channel), "creative": _creative}


@described_mapping(
    _CHANNEL_CREATIVE, tuple(_CHANNEL_CREATIVE), ChannelCreative.DESCRIPTOR.full_name
)
def channel_creative(reader: Reader, node: Node) -> ChannelCreative:
    entry = read_entry(reader, node, _CHANNEL_CREATIVE, tuple(_CHANNEL_CREATIVE))
    if entry is None or len(entry.values) < len(_CHANNEL_CREATIVE):
        raise MistakeError("needs a channel and a creative")
    creative = ChannelCreative(**entry.values)
    for message in (*_unsaid(creative), *_untold(creative.creative)):
        reader.problems.add(entry.where("creative"), message, warning=True)
    return creative


def check_words(offer: Entry, problems: Problems) -> None:
    """Warn of words of an offer that will not be said as they are, or that a language lacks."""
    values = offer.values
    own = Creative(
        title=values.get("title", ""),
        text=values.get("text", ""),
        call_to_action=values.get("attributes", {}).get("call_to_action", ""),
        words=values.get("words", ()),
    )
    for each in own.words:
        if each.ssml and (reason := markup_mistake(each.ssml)):
            message = f"words {each.language}: ssml: {reason}; title and text are said instead"
            problems.add(offer.where("words"), message, warning=True)
    for message in _untold(own):
        problems.add(offer.where("words"), message, warning=True)


def _unsaid(special: ChannelCreative) -> Iterator[str]:
    """Yield what is written to be said and will not be said as it is, by field."""
    yield from _too_long(special.channel, special.creative, "")
    for each in special.creative.words:
        yield from _too_long(special.channel, each, f"words {each.language}: ")


def _too_long(channel: int, found: Creative | Words, where: str) -> Iterator[str]:
    count = words(found.text)
    if channel in (Channel.CALL_CENTER, Channel.IVR) and count > MOST_WORDS:
        yield f"{where}text: has {count} words; what is said is cut after {MOST_WORDS}"
    if channel == Channel.IVR and found.ssml and (reason := markup_mistake(found.ssml)):
        yield f"{where}ssml: {reason}; title and text are said instead"


def _untold(own: Creative) -> Iterator[str]:
    """Yield what stays in the offer's own words for those who speak another language."""
    for each in own.words:
        for field in _TRANSLATED:
            if getattr(own, field) and not getattr(each, field):
                yield f"words {each.language}: {field}: there is none; the offer's own is shown"
