"""The kinds of tasks: who wants each done, which goes first, and how its person is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CALL = "call"
CALL_BACK = "call_back"
"""A call that the person asked for, by click-to-call."""
CHAT = "chat"
"""A chat that the person was invited to and asked for."""
FOLLOW_UP = "follow_up"
"""Serves somebody who waits to hear of us, as after a complaint."""
BY_TELEPHONE = 7
BY_CHAT = 9
"""Numbers of `Channel`."""
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What holds for all tasks of a kind."""

    name: str
    is_approach: bool = False
    """It is us who want something: it needs room for a contact, and no refusal."""
    precedence: int = 0
    """Those of a higher one go first, whatever their priority; the schema says the same."""
    promised_us: int = 0
    """Of what a person asks for: how soon somebody takes it, where no parameter says else."""
    channel: int = BY_TELEPHONE
    told: str = ""
    """Of what a person asks for: who is told, to connect them with the agent."""

    @property
    def was_asked_for(self) -> bool:
        """Whether the person asked for it, and waits: then it goes before all that we want."""
        return self.precedence > 0

    @property
    def address_setting(self) -> str:
        """The setting that names who is told."""
        return f"TOUCHPOINT_{self.name.upper()}_URL"


KINDS: Mapping[str, TaskKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            TaskKind(CALL, is_approach=True),
            TaskKind(CALL_BACK, precedence=2, promised_us=2 * _MINUTE_US, told="telephony"),
            TaskKind(
                CHAT, precedence=1, promised_us=_MINUTE_US, channel=BY_CHAT, told="chat system"
            ),
            TaskKind(FOLLOW_UP),
        )
    }
)
ASKED_FOR = tuple(kind for kind in KINDS.values() if kind.was_asked_for)
"""First to be done first."""


def kind_of(name: str) -> TaskKind:
    """Return what holds for tasks of a kind; of one that nobody knows, what does for a call."""
    return KINDS.get(name, KINDS[CALL])
