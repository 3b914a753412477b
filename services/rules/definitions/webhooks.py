"""The section of webhooks: receivers outside of the house, told of persons who agreed to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from yaml.nodes import Node

from services.rules.definitions.described import named, takes
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    list_of,
    text,
    word_of,
)
from shared.privacy import KINDS
from shared.webhooks import read_address

MOST = 16
"""Each is a reader of the log."""
ALL = "*"
_MOST_NAMED = 50
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


@named(_NAME.pattern)
def _name(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _NAME.fullmatch(found):
        raise MistakeError(f"must be a name in lower_snake_case, is {found!r}")
    return found


@named(rf"{_NAME.pattern}|\*")
def _event_type(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if found != ALL and not _NAME.fullmatch(found):
        raise MistakeError(f"must be a type of event in lower_snake_case, or *, is {found!r}")
    return found


@takes(type="string")
def _url(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    try:
        read_address(found)
    except ValueError as error:
        raise MistakeError(str(error)) from None
    return found


FIELDS: Mapping[str, Read] = {
    "webhook": _name,
    "url": _url,
    "events": list_of(_event_type, _MOST_NAMED),
    "segments": list_of(text(128), _MOST_NAMED),
    "identities": list_of(word_of(KINDS), len(KINDS)),
}
REQUIRED = ("webhook", "url")


def check_webhooks(webhooks: list[Entry], segments: Collection[str], problems: Problems) -> None:
    """Note what is wrong with webhooks beyond their single fields."""
    for entry in webhooks[MOST:]:
        problems.add(entry.place, f"is one webhook too many: at most {MOST} are allowed")
    for entry in webhooks:
        events = entry.values.get("events", [])
        told = (entry.nodes[name] for name in ("events", "segments") if name in entry.nodes)
        if not any(node.value for node in told):
            problems.add(entry.place, "a webhook needs events or segments to tell of")
        if ALL in events and len(events) > 1:
            problems.add(entry.where("events"), "* stands alone: it is every type already")
        for name in entry.values.get("segments", []):
            if name not in segments:
                message = f"there is no segment {name}{suggestion(name, segments)}"
                problems.add(entry.where("segments"), message)
