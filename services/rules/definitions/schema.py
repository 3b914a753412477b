"""The definitions as JSON Schema, so that editors complete them while they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from services.rules.definitions.described import SCALAR, Schema, mapping_of
from services.rules.definitions.files import PARAMETER_NAME
from services.rules.definitions.sections import PARAMETERS, SECTIONS, SINGLE, Section
from shared.proto_comments import comment_of
from touchpoint.rules.v1.rules_pb2 import Bundle

_BUNDLE = Bundle.DESCRIPTOR
_WRITTEN: Mapping[str, str] = {
    "rules.examples": "Run as tests by check and apply: what is given, and what must come of it.",
    "contact_limits.limit": "So many within so long: `3 per 7d`.",
    "contact_limits.offer": "Only this offer.",
    "quiet_hours.from": "Time of day from which nobody is approached: `21:00`.",
    "quiet_hours.until": "Time of day until which nobody is approached: `08:00`.",
}
"""What is written otherwise than the bundle holds it."""


@lru_cache(1)
def definitions_schema() -> str:
    """Return the schema of a file of definitions, as JSON."""
    sections = {name: _section(name, section) for name, section in SECTIONS.items()}
    schema: Schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Touchpoint definitions",
        "type": "object",
        "properties": {PARAMETERS: _parameters(), **sections},
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False)


def _parameters() -> Schema:
    return {
        "description": _said(PARAMETERS),
        "type": "object",
        "propertyNames": {"pattern": f"^{PARAMETER_NAME}$"},
        "additionalProperties": SCALAR,
    }


def _section(name: str, section: Section) -> Schema:
    held = _BUNDLE.fields_by_name[name].message_type
    assert held is not None, f"{name} holds no messages"
    entry = mapping_of(section.fields, section.required, held.full_name)
    for field, schema in entry["properties"].items():
        if said := _WRITTEN.get(f"{name}.{field}"):
            entry["properties"][field] = {**schema, "description": said}
    if name in SINGLE:
        return {**entry, "description": _said(name)}
    return {"description": _said(name), "type": "array", "items": entry}


def _said(section: str) -> str:
    return comment_of(f"{_BUNDLE.full_name}.{section}")
