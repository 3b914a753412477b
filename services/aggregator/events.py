"""What one tracked event must hold; each stands or falls by itself."""

from __future__ import annotations

import re
from collections.abc import Container

from services.aggregator.domain.vocabulary import Channel
from services.aggregator.validation import MAX_ID, MAX_IDENTITIES, MAX_QUANTITY, money_mistakes
from touchpoint.common.v1.event_pb2 import Event

AHEAD_US = 10 * 60 * 1_000_000
"""How far an event's time may lie ahead of ours: clocks of devices are off."""
_LAST_SECOND = 253_402_300_799  # the year 9999: what a Timestamp may hold
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_CHANNELS = frozenset(int(channel) for channel in Channel)
_LONGEST = (
    ("session_id", MAX_ID),
    ("order_id", MAX_ID),
    ("item_id", MAX_ID),
    ("offer_id", MAX_ID),
    ("decision_id", MAX_ID),
    ("query", 512),
    ("page", 512),
)
MAX_DURATION_S = 30 * 86_400.0


def mistakes(event: Event, now_us: int, placements: Container[str]) -> list[str]:
    """Return all that is wrong with an event but for the values of its identities.

    Each is a sentence that begins with the field. Written out rather than declared: at 6,000
    events a second every look-up counts.
    """
    found: list[str] = []
    if not 1 <= len(event.event_id) <= MAX_ID:
        found.append(f"event_id: must have 1 to {MAX_ID} characters")
    if not _TYPE.fullmatch(event.type):
        found.append("type: must be 1 to 64 characters in lower_snake_case")
    if not 1 <= len(event.identities) <= MAX_IDENTITIES:
        found.append(f"identities: must be 1 to {MAX_IDENTITIES}")
    if event.channel not in _CHANNELS:
        found.append(f"channel: has the unknown value {event.channel}")
    if event.placement and event.placement not in placements:
        found.append("placement: the definitions have none of that name")
    found.extend(_time_mistakes(event, now_us))
    found.extend(_number_mistakes(event))
    found.extend(
        f"{name}: has more than {most} characters"
        for name, most in _LONGEST
        if len(getattr(event, name)) > most
    )
    if event.HasField("attributes") and len(event.attributes.fields) > 32:
        found.append("attributes: has more than 32 keys")
    return found


def _time_mistakes(event: Event, now_us: int) -> list[str]:
    if not event.HasField("time"):
        return ["time: must not be empty"]
    seconds, nanos = event.time.seconds, event.time.nanos
    if not (0 <= seconds <= _LAST_SECOND and 0 <= nanos < 1_000_000_000):
        return ["time: must lie between the years 1970 and 9999"]
    if seconds * 1_000_000 + nanos // 1_000 > now_us + AHEAD_US:
        return ["time: lies more than 10 minutes ahead"]
    return []


def _number_mistakes(event: Event) -> list[str]:
    found = []
    # Written so that NaN fails too.
    if not 0 <= event.quantity <= MAX_QUANTITY:
        found.append(f"quantity: is {event.quantity:g}, must be from 0 to {MAX_QUANTITY:g}")
    if not 0 <= event.duration_s <= MAX_DURATION_S:
        found.append(f"duration_s: is {event.duration_s:g}, must be from 0 to {MAX_DURATION_S:g}")
    if event.HasField("value"):
        found.extend(f"value.{field}: {what}" for field, what in money_mistakes(event.value))
    return found
