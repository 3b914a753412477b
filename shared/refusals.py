"""Whether somebody refuses to be approached, which no limit and no agent may pass over."""

from __future__ import annotations

from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel


def refuses(snapshot: PersonSnapshot, purpose: str, channel: Channel.Value.ValueType) -> bool:
    """Say whether a person refused a purpose altogether, or on this channel."""
    refused = snapshot.refusals
    return purpose in refused or f"{purpose}:{Channel.Value.Name(channel)}" in refused
