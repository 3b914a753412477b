"""The stages of a scenario: how each is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from services.rules.definitions.described import (
    described,
    described_mapping,
    explained,
    named,
    schema_of,
)
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
    read_entry,
    text,
    text_map,
    whole_number,
    word_of,
)
from shared.conditions.values import share
from shared.languages import TAG, mistake
from shared.spoken import MOST_WORDS, words
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source
from touchpoint.rules.v1.rules_pb2 import Proposal, Stage, TaskOrder
from touchpoint.rules.v1.scenarios_pb2 import LocalTime, Outbound, Reaction, Way

CALL = "call"
TASK_KINDS = (CALL, "call_back", "chat", "follow_up")
MOST_STAGES = 50
BEST = "best"
_SPELT = ("channel", "channels")
"""Both name the channels of a message."""
_BEST_OF = (Channel.EMAIL, Channel.SMS, Channel.PUSH)
_NO_MESSAGES = frozenset(("WEB", "APP", "IVR", "CHAT", "STORE"))
"""Channels on which somebody has to be there, or to call; of calls the task is written beside."""
_NO_SOURCES = frozenset(("OFFER", "JOURNEY", "DEFAULT", "EXTERNAL"))
"""Sources that are no own search of retrieval's for items."""
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def part(
    made: type[Any],
    fields: Mapping[str, Read],
    required: tuple[str, ...] = (),
    spelt: Mapping[str, str] = MappingProxyType({}),
) -> Read:
    """Read a mapping within an entry into a message of its own; some names may be spelt so."""

    @described_mapping(fields, required, made.DESCRIPTOR.full_name)
    def read(reader: Reader, node: Node) -> Any:
        entry = read_entry(reader, node, fields, required)
        if entry is None or any(name not in entry.values for name in required):
            raise MistakeError("is not complete")
        return made(**{spelt.get(name, name): value for name, value in entry.values.items()})

    return read


@named(_EVENT_TYPE.pattern)
def event_type(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _EVENT_TYPE.fullmatch(found):
        raise MistakeError(f"must be a type of event in lower_snake_case, is {found!r}")
    return found


@named(_WORD.pattern)
def word(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _WORD.fullmatch(found):
        raise MistakeError(f"must be a word in lower_snake_case, is {found!r}")
    return found


@named(_TIME_OF_DAY.pattern)
def _time_of_day(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _TIME_OF_DAY.fullmatch(found):
        raise MistakeError(f"must be a time of day such as 10:00, is {found!r}")
    return found


NAME = text(128)
CONDITION = text(4096)
TYPES = list_of(event_type, 20)
MESSAGE_CHANNEL = one_of(Channel, without=_NO_MESSAGES)
MESSAGE_CHANNELS = list_of(MESSAGE_CHANNEL, 10)


@described(
    lambda: {"anyOf": [schema_of(MESSAGE_CHANNEL), {"enum": [BEST]}, schema_of(MESSAGE_CHANNELS)]}
)
def _channels(reader: Reader, node: Node) -> list[int]:
    """Read one channel, several, or `best`: whichever of the direct ones is best."""
    if not isinstance(node, ScalarNode):
        found = list(MESSAGE_CHANNELS(reader, node))
        if not found:
            raise MistakeError("must name a channel")
        return found
    if reader.text(node) == BEST:
        return list(_BEST_OF)
    return [MESSAGE_CHANNEL(reader, node)]


_WAY_FIELDS: Mapping[str, Read] = {
    "condition": CONDITION,
    "share": parsed(share),
    "to": NAME,
    "as": word,
}
_WAY = part(Way, _WAY_FIELDS, ("to",))
_WAYS = list_of(_WAY, 20)


@described(lambda: {"anyOf": [schema_of(NAME), schema_of(_WAYS)]})
def _ways(reader: Reader, node: Node) -> list[Way]:
    """Read the stage that comes next, or the ways of which the first that applies is taken."""
    if isinstance(node, ScalarNode):
        return [Way(to=NAME(reader, node))]
    return list(_WAYS(reader, node))


_SCRIPT = text(4000)


@described(lambda: schema_of(_SCRIPT))
def _script(reader: Reader, node: Node) -> str:
    """Read what an agent says in one breath."""
    found: str = _SCRIPT(reader, node)
    if wrong := _too_long(found):
        raise MistakeError(wrong)
    return found


def _too_long(script: str) -> str:
    count = words(script)
    return f"has {count} words; agents say at most {MOST_WORDS}" if count > MOST_WORDS else ""


@described(
    lambda: {
        "type": "object",
        "propertyNames": {"pattern": f"^({TAG.pattern})$"},
        "additionalProperties": schema_of(_SCRIPT),
        "maxProperties": 32,
    }
)
def _scripts(reader: Reader, node: Node) -> dict[str, str]:
    """Read what an agent says in one breath, by language."""
    found: dict[str, str] = {}
    for language, said in text_map(reader, node).items():
        if wrong := mistake(language) or _too_long(said):
            raise MistakeError(f"{language}: {wrong}")
        found[language] = said
    return found


PROPOSAL = part(
    Proposal,
    {
        "offer": NAME,
        "offers": list_of(NAME, 20),
        "source": one_of(Source, without=_NO_SOURCES),
        "most": whole_number(1, 20),
        "its_item": flag,
        "placements": list_of(NAME, 50),
        "lever": number(0.001, 1000),
    },
)
TASK = part(
    TaskOrder,
    {
        "kind": word_of(TASK_KINDS),
        "reason": text(),
        "script": explained(f"What the agent says, at most {MOST_WORDS} words.", _script),
        "scripts": _scripts,
        "offers": list_of(NAME, 20),
        "proposed": flag,
        "skills": list_of(NAME, 20),
        "priority": whole_number(-1000, 1000),
    },
    ("kind", "reason", "script"),
)
_CHANNELS = explained(
    "A channel, several of which the best is taken, or `best`: of all direct ones, and of calls"
    " where a `task` stands beside.",
    _channels,
)
_SEND = part(
    Outbound,
    {
        "channels": _CHANNELS,
        "channel": _CHANNELS,
        "template": NAME,
        "placement": NAME,
        "limit": whole_number(1, 50),
        "offers": list_of(NAME, 20),
        "purpose": word,
        "from_own_contact": flag,
    },
    ("template",),
    spelt={"channel": "channels"},
)


@described(lambda: {**schema_of(_SEND), "anyOf": [{"required": [each]} for each in _SPELT]})
def _message(reader: Reader, node: Node) -> Outbound:
    """Read a message, whose channels are written as `channel` or as `channels`."""
    written = [key for key, _ in _items(node) if key.value in _SPELT]
    if len(written) != 1:
        both = f"{' and '.join(_SPELT)} are one: write one of them"
        raise MistakeError(both if written else f"{_SPELT[0]} is missing")
    found: Outbound = _SEND(reader, node)
    return found


SEND = _message
UNTIL = part(
    LocalTime,
    {"at": _time_of_day, "working_day": flag, "after": parsed(proto_duration)},
    ("at",),
)
REACTION = part(Reaction, {"on": TYPES, "where": CONDITION, "to": NAME, "as": word}, ("on", "to"))
FIELDS: Mapping[str, Read] = {
    "stage": NAME,
    "propose": PROPOSAL,
    "task": TASK,
    "send": SEND,
    "set": text_map,
    "note": text(1000),
    "condition": CONDITION,
    "otherwise": NAME,
    "lasts": parsed(proto_duration),
    "until": UNTIL,
    "on": list_of(REACTION, 20),
    "answers": text_map,
    "next": _ways,
}
_STAGE = part(Stage, FIELDS, ("stage",))


@described(lambda: schema_of(_STAGE))
def _whole_stage(reader: Reader, node: Node) -> Stage:
    """Read a stage; `best` is of calls, too, where it has the task for one."""
    found: Stage = _STAGE(reader, node)
    if found.HasField("task") and _is_best(reader, node):
        found.send.channels.append(Channel.CALL_CENTER)
    return found


STAGE = _whole_stage


def _is_best(reader: Reader, node: Node) -> bool:
    """Say whether the message of a stage is sent on whichever channel is best."""
    sends = [value for key, value in _items(node) if key.value == "send"]
    said = [value for send in sends for key, value in _items(send) if key.value in _SPELT]
    return any(isinstance(each, ScalarNode) and reader.text(each) == BEST for each in said)


def _items(node: Node) -> list[tuple[Node, Node]]:
    return node.value if isinstance(node, MappingNode) else []
