"""What each section of the definitions holds: a table of its fields, named as in the protos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yaml.nodes import Node

from services.rules.definitions import (
    audiences,
    contacts,
    currencies,
    experiments,
    personas,
    questions,
    scenarios,
    slates,
    templates,
    terms,
    webhooks,
)
from services.rules.definitions.described import described_mapping
from services.rules.definitions.examples import EXAMPLES
from services.rules.definitions.reading import (
    MistakeError,
    Read,
    Reader,
    flag,
    list_of,
    number,
    one_of,
    parsed,
    proto_duration,
    proto_money,
    proto_time,
    read_entry,
    text,
    text_map,
    whole_number,
)
from shared.spoken import MOST_WORDS, markup_mistake, words
from touchpoint.common.v1.catalogue_pb2 import ChannelCreative, Creative
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode, RuleLevel, Source
from touchpoint.rules.v1.rules_pb2 import ContactMoment, RuleMode

_TEXTS = ("title", "text", "image_url", "link", "call_to_action", "ssml")
_KINDS = list_of(one_of(OfferKind), 5)


@dataclass(frozen=True, slots=True)
class Section:
    """One list of the definitions."""

    name_field: str
    """What names an entry, unique in the section; empty: entries have no name."""
    fields: Mapping[str, Read]
    required: tuple[str, ...]


_CREATIVE: Mapping[str, Read] = {name: text(4000) for name in _TEXTS}


@described_mapping(_CREATIVE, (), Creative.DESCRIPTOR.full_name)
def _creative(reader: Reader, node: Node) -> Creative:
    entry = read_entry(reader, node, _CREATIVE)
    return Creative(**(entry.values if entry else {}))


_CHANNEL_CREATIVE: Mapping[str, Read] = {"channel": one_of(Channel), "creative": _creative}


@described_mapping(
    _CHANNEL_CREATIVE, tuple(_CHANNEL_CREATIVE), ChannelCreative.DESCRIPTOR.full_name
)
def _channel_creative(reader: Reader, node: Node) -> ChannelCreative:
    entry = read_entry(reader, node, _CHANNEL_CREATIVE, tuple(_CHANNEL_CREATIVE))
    if entry is None or len(entry.values) < len(_CHANNEL_CREATIVE):
        raise MistakeError("needs a channel and a creative")
    creative = ChannelCreative(**entry.values)
    for field, reason in _unsaid(creative):
        message = f"{field}: {reason}"
        reader.problems.add(entry.where("creative"), message, warning=True)
    return creative


def _unsaid(special: ChannelCreative) -> Iterator[tuple[str, str]]:
    """Yield what is written to be said and will not be said as it is, by field."""
    found = special.creative
    count = words(found.text)
    if special.channel in (Channel.CALL_CENTER, Channel.IVR) and count > MOST_WORDS:
        yield "text", f"has {count} words; what is said is cut after {MOST_WORDS}"
    if special.channel == Channel.IVR and found.ssml and (reason := markup_mistake(found.ssml)):
        yield "ssml", f"{reason}; title and text are said instead"


_name = text(128)


_PLACEMENT = Section(
    "placement",
    {
        "placement": _name,
        "channel": one_of(Channel),
        "kinds": _KINDS,
        "limit": whole_number(1, 50),
        "deadline": parsed(proto_duration),
        "contact_moment": one_of(ContactMoment),
        "contact_kinds": _KINDS,
        "one_contact": flag,
        "default_offers": list_of(_name, 20),
    },
    ("placement", "channel", "kinds", "limit", "default_offers"),
)
_RULE = Section(
    "name",
    {
        "name": _name,
        "level": one_of(RuleLevel),
        "code": one_of(RemovalCode),
        "remove_when": text(4096),
        "kinds": _KINDS,
        "placements": list_of(_name, 50),
        "text": text(),
        "lever": number(0.001, 1000),
        "lever_when": text(4096),
        "examples": EXAMPLES,
        "mode": one_of(RuleMode),
        "texts": text_map,
    },
    ("name",),
)
_CONTACT_LIMIT = Section("", contacts.LIMIT, contacts.LIMIT_REQUIRED)
_QUIET_HOURS = Section("", contacts.QUIET, contacts.QUIET_REQUIRED)
_SLATE_RULE = Section("", slates.SLATE_RULE, slates.SLATE_RULE_REQUIRED)
_PIN = Section("", slates.PIN, slates.PIN_REQUIRED)
_PRIOR = Section(
    "",
    {
        "kind": one_of(OfferKind),
        "source": one_of(Source),
        "probability": number(0, 1),
    },
    ("kind", "probability"),
)
_OFFER = Section(
    "offer_id",
    {
        "offer_id": _name,
        "kind": one_of(OfferKind),
        "title": text(),
        "text": text(4000),
        "link": text(2000),
        "about_categories": list_of(text()),
        "about_items": list_of(_name),
        "channels": list_of(one_of(Channel), 10),
        "value": parsed(proto_money),
        "starts_time": parsed(proto_time),
        "ends_time": parsed(proto_time),
        "attributes": text_map,
        "lever": number(0.001, 1000),
        "channel_creatives": list_of(_channel_creative, 10),
        "is_default": flag,
        "is_journey_only": flag,
        **terms.FIELDS,
    },
    ("offer_id", "kind", "title"),
)

_SCENARIO = Section("scenario", scenarios.FIELDS, scenarios.REQUIRED)
_SEGMENT = Section("segment", audiences.SEGMENT, audiences.SEGMENT_REQUIRED)
_SCORE = Section("score", audiences.SCORE, audiences.SCORE_REQUIRED)
_QUESTION = Section("question", questions.FIELDS, questions.REQUIRED)
_WEBHOOK = Section("webhook", webhooks.FIELDS, webhooks.REQUIRED)
_TEMPLATE = Section("template", templates.FIELDS, templates.REQUIRED)
_SENDER = Section("sender", templates.SENDER, templates.SENDER_REQUIRED)
_PERSONA = Section("persona", personas.FIELDS, personas.REQUIRED)
_CURRENCIES = Section("", currencies.FIELDS, currencies.REQUIRED)

_EXPERIMENT = Section("experiment", experiments.FIELDS, experiments.REQUIRED)

PARAMETERS = "parameters"
"""A section that is a mapping of names that nobody gave: parameters by name."""

SECTIONS: Mapping[str, Section] = {
    "placements": _PLACEMENT,
    "rules": _RULE,
    "contact_limits": _CONTACT_LIMIT,
    "quiet_hours": _QUIET_HOURS,
    "offers": _OFFER,
    "slate_rules": _SLATE_RULE,
    "pins": _PIN,
    "priors": _PRIOR,
    "scenarios": _SCENARIO,
    "segments": _SEGMENT,
    "scores": _SCORE,
    "questions": _QUESTION,
    "webhooks": _WEBHOOK,
    "personas": _PERSONA,
    "currencies": _CURRENCIES,
    "experiments": _EXPERIMENT,
    "templates": _TEMPLATE,
    "senders": _SENDER,
}
"""Every section of entries."""
SINGLE = frozenset({"currencies"})
"""Those of them that are one entry, and no list."""
