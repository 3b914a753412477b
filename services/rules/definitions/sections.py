"""What each section of the definitions holds: a table of its fields, named as in the protos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from services.rules.definitions.examples import EXAMPLES
from services.rules.definitions.reading import (
    Read,
    flag,
    list_of,
    number,
    one_of,
    parsed,
    proto_duration,
    proto_money,
    proto_time,
    text,
    text_map,
    whole_number,
)
from services.rules.definitions.words import channel_creative, words_of
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode, RuleLevel, Source
from touchpoint.rules.v1.rules_pb2 import ContactMoment, RuleMode

_KINDS = list_of(one_of(OfferKind), 5)


@dataclass(frozen=True, slots=True)
class Section:
    """One list of the definitions."""

    name_field: str
    """What names an entry, unique in the section; empty: entries have no name."""
    fields: Mapping[str, Read]
    required: tuple[str, ...]


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
        "words": words_of,
        "channel_creatives": list_of(channel_creative, 10),
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
