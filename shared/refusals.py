"""Whether somebody refuses to be approached, or agreed to be: nothing passes over that."""

from __future__ import annotations

from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

TRANSACTIONAL = "transactional"
"""The purpose of what somebody has to be told: their order, their appointment."""


def refuses(snapshot: PersonSnapshot, purpose: str, channel: Channel.Value.ValueType) -> bool:
    """Say whether a person refused a purpose altogether, or on this channel."""
    refused = snapshot.refusals
    return purpose in refused or f"{purpose}:{Channel.Value.Name(channel)}" in refused


def may_be_written_to(
    snapshot: PersonSnapshot, purpose: str, channel: Channel.Value.ValueType
) -> bool:
    """Say whether a message of a purpose may be sent to a person on this channel.

    What is `transactional` may unless they refused it; all else needs their consent to the purpose,
    or to it on this channel, and no refusal.
    """
    if refuses(snapshot, purpose, channel):
        return False
    agreed = snapshot.consents
    asked = purpose, f"{purpose}:{Channel.Value.Name(channel)}"
    return purpose == TRANSACTIONAL or any(each in agreed for each in asked)
