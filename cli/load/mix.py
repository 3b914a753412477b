"""Which channels ask, and how much of the load is each one's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from touchpoint.client import channel as read_channel
from touchpoint.common.v1.vocabulary_pb2 import Channel

_PLACEMENTS: Mapping[Channel.Value.ValueType, str] = MappingProxyType(
    {
        Channel.WEB: "web.home.banner",
        Channel.EMAIL: "email.body",
        Channel.SMS: "sms.body",
        Channel.PUSH: "push.body",
        Channel.DIRECT_MAIL: "direct_mail.body",
        Channel.IVR: "ivr.menu",
        Channel.CALL_CENTER: "agent.prompt",
        Channel.STORE: "store.till",
    }
)
"""What a channel asks for unless told otherwise, of the shipped placements."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the load."""

    name: str
    channel: Channel.Value.ValueType
    placements: Sequence[str]
    share: float
    """Of all requests, above 0 and at most 1."""


def read_mix(text: str) -> Sequence[Part]:
    """Read `WEB=80,CALL_CENTER=20`, or `WEB:web.cart=1,…` with a placement; shares by weight.

    Raises ValueError for what is no mix.
    """
    weights: dict[str, float] = {}
    for said in text.split(","):
        name, _, number = (each.strip() for each in said.partition("="))
        if name in weights:
            raise ValueError(f"{name} stands twice in --mix")
        weights[name] = _weight(said, number)
    whole = sum(weights.values())
    return [_part(name, weight / whole) for name, weight in weights.items()]


def _weight(said: str, number: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not 0.0 < weight < math.inf:
        raise ValueError(f"{said!r}: say CHANNEL=WEIGHT with a weight above 0, such as WEB=80")
    return weight


def _part(name: str, share: float) -> Part:
    channel_name, _, placement = name.partition(":")
    channel = read_channel(channel_name)
    placement = placement or _PLACEMENTS.get(channel, "")
    if not placement:
        raise ValueError(f"{name} has no placement of its own: say {name}:PLACEMENT=WEIGHT")
    return Part(name, channel, [placement], share)
