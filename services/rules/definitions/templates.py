"""The sections of templates and senders: how entries are read, and what must hold of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yaml.nodes import Node, ScalarNode

from services.rules.definitions.described import described, named, schema_of
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import Entry, MistakeError, Read, Reader, list_of, text
from services.rules.definitions.stage_places import Places, Step
from services.rules.definitions.stages import MESSAGE_CHANNEL, MESSAGE_CHANNELS, part
from services.rules.definitions.words import language_tag
from shared.templates import (
    SPARSE_SAMPLE,
    WHOLE_SAMPLE,
    LiquidText,
    TemplateError,
    Wording,
    compile_text,
    languages_of,
    too_long,
    wording_for,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.templates_pb2 import Template, TemplateVariant

HOUSE = "house"
"""The sender that is nobody in particular."""
_MOST_VARIANTS = 50
_ADDRESS = re.compile(r"[^\s@<>\"(),:;]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_AS_HTML = (Channel.EMAIL, Channel.DIRECT_MAIL)
_WITH_SUBJECT = (Channel.EMAIL,)
_TEXTS = ("subject", "text", "html")


@named(_ADDRESS.pattern)
def _address(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _ADDRESS.fullmatch(found):
        raise MistakeError(f"must be an e-mail address, is {found!r}")
    return found


@described(lambda: {"anyOf": [schema_of(MESSAGE_CHANNEL), schema_of(MESSAGE_CHANNELS)]})
def _channels(reader: Reader, node: Node) -> list[int]:
    """Read one channel, or several."""
    if isinstance(node, ScalarNode):
        return [MESSAGE_CHANNEL(reader, node)]
    found = list(MESSAGE_CHANNELS(reader, node))
    if not found:
        raise MistakeError("must name a channel")
    return found


_WORDS: Mapping[str, Read] = {
    "language": language_tag,
    "channels": _channels,
    "subject": text(1000),
    "text": text(20_000),
    "html": text(200_000),
}
FIELDS: Mapping[str, Read] = {
    "template": text(128),
    "title": text(),
    **_WORDS,
    "variants": list_of(part(TemplateVariant, _WORDS, ("text",)), _MOST_VARIANTS),
}
REQUIRED = ("template", "channels", "text")
SENDER: Mapping[str, Read] = {"sender": text(128), "name": text(128), "address": _address}
SENDER_REQUIRED = ("sender", "name")

_Found = tuple[tuple[Step, ...], str]


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """A template as stages that send it need to know it."""

    channels: frozenset[int]
    tells_offers: bool
    """Some wording of it does."""


def check_template(entry: Entry, problems: Problems, *, has_house: bool) -> None:
    """Note what is wrong with a template: where it stands in its texts, and how they come out."""
    if any(name not in entry.values for name in REQUIRED):
        return  # told already
    template, places = Template(**entry.values), Places(entry)
    for where, message in _shape(template):
        problems.add(places.of(*where), message)
    compiled = _compiled(template, places, problems)
    for way, found in compiled.items():
        if not has_house and found.reads & {"house", "sender"}:
            message = f"{way[-1]}: who the house is must be said: add `sender: {HOUSE}` to senders"
            problems.add(places.of(*way), message)
    _try_out(template, compiled, places, problems)


def known_template(entry: Entry) -> KnownTemplate:
    """Return what stages need to know of a template; whatever is wrong in it is told elsewhere."""
    values = entry.values
    words = [values.get(name, "") for name in _TEXTS]
    words += [getattr(each, name) for each in values.get("variants", ()) for name in _TEXTS]
    return KnownTemplate(
        channels=frozenset(values.get("channels", ())),
        tells_offers=any(_reads_offers(found) for found in words if found),
    )


def _reads_offers(found: str) -> bool:
    try:
        return "offers" in compile_text(found).reads
    except TemplateError:
        return False


def _shape(template: Template) -> Iterator[_Found]:
    """Tell what is wrong with which wordings there are."""
    seen = set[tuple[str, int]]()
    for place, variant in enumerate(template.variants):
        where: tuple[Step, ...] = ("variants", place)
        if not (variant.language or variant.channels):
            yield where, "a variant needs a language or channels: else it is the template itself"
        for other in set(variant.channels).difference(template.channels):
            yield (*where, "channels"), f"the template is not sent on {Channel.Value.Name(other)}"
        meant = {(variant.language, channel) for channel in (*variant.channels,) or (0,)}
        if meant & seen:
            yield where, "there is a variant for the same language and channel already"
        seen |= meant
    told: set[_Found] = set()
    for channel, wording in _wordings(template):
        for found in _lacking(template, channel, wording):
            if found not in told:
                told.add(found)
                yield found


def _lacking(template: Template, channel: int, wording: Wording) -> Iterator[_Found]:
    where = _way(wording)
    if channel in _WITH_SUBJECT and not wording.subject:
        yield where, "an e-mail needs a subject"
    has_html = bool(template.html) or any(each.html for each in template.variants)
    if channel in _AS_HTML and has_html and not wording.html:
        yield where, "has no html, though others of this template have"


def _wordings(template: Template) -> Iterator[tuple[int, Wording]]:
    """Yield what may be sent, channel by channel and language by language."""
    for channel in dict.fromkeys(template.channels):
        for language in languages_of(template):
            yield channel, wording_for(template, channel, language)


def _way(wording: Wording) -> tuple[Step, ...]:
    return () if wording.is_own else ("variants", wording.place)


_Compiled = Mapping[tuple[Step, ...], LiquidText]


def _compiled(template: Template, places: Places, problems: Problems) -> _Compiled:
    """Compile every text; returns those that can be used, by the way to each."""
    found: dict[tuple[Step, ...], LiquidText] = {}
    written: list[tuple[tuple[Step, ...], Template | TemplateVariant]] = [((), template)]
    written += [(("variants", place), each) for place, each in enumerate(template.variants)]
    for where, words in written:
        for name in _TEXTS:
            source = getattr(words, name)
            if source:
                way = (*where, name)
                try:
                    found[way] = compile_text(source, is_html=name == "html")
                except TemplateError as error:
                    places.note(problems, error, *way)
    return found


def _try_out(template: Template, compiled: _Compiled, places: Places, problems: Problems) -> None:
    """Put every text together with samples: with all that can be known, and with the least."""
    whole: dict[tuple[Step, ...], str] = {}
    for way, found in compiled.items():
        try:
            whole[way] = found.filled_in(WHOLE_SAMPLE)
        except TemplateError as error:
            places.note(problems, error, *way)
            continue
        try:
            found.filled_in(SPARSE_SAMPLE)
        except TemplateError as error:
            message = f"{way[-1]}: {error.message} of everybody: ask with `if`, or give a `default`"
            problems.add(places.within(error.line, error.column, *way), message, warning=True)
    told: set[tuple[tuple[Step, ...], str]] = set()
    for channel, wording in _wordings(template):
        where = _way(wording)
        subject, said = (whole.get((*where, name), "") for name in ("subject", "text"))
        message = too_long(channel, subject, said)
        name = "subject" if "subject" in message else "text"
        if message and (where, message) not in told:
            told.add((where, message))
            problems.add(places.of(*where, name), f"with a sample {message}")
