"""The channels of messages: what they are called, and whom each reaches."""

from __future__ import annotations

from collections.abc import Mapping

from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

MARKETING = "marketing"
"""The purpose of whatever names none."""
_REACHED_BY: Mapping[int, str] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    Channel.CALL_CENTER: "phone",
    Channel.PUSH: "customer",
    Channel.DIRECT_MAIL: "customer",
}
"""Channel to the kind of identity by which it reaches somebody."""
KINDS_THAT_REACH = tuple(sorted(set(_REACHED_BY.values())))
"""Who has all of these is reached on every channel."""


def channel_name(channel: int) -> str:
    """Return the name of a channel by its number."""
    return Channel.Value.Name(channel)  # type: ignore[arg-type]


def is_reached(person: PersonSnapshot, channel: int) -> bool:
    """Say whether anything leads to a person on a channel; of other channels nobody here can say.

    Whether it leads to nobody else is found out when a message is written.
    """
    kind = _REACHED_BY.get(channel)
    return kind is None or kind in person.identity_kinds
