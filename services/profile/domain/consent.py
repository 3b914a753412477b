"""What a person agreed to: per purpose and channel, said by whom, when, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import NamedTuple

from services.profile.domain.event import Event

MARKETING = "marketing"
SHARING = "sharing"
"""Giving data of the person to others: a purpose of its own, and refused until it is granted."""
PROFILING = "profiling"
"""Being learned from by what somebody is; refused only where it is said."""
CONSENT_TYPES = frozenset({"consent", "subscribe", "unsubscribe"})
NEVER = 2**62
"""An end that does not come."""
MAX_PURPOSES = 64

CHANNELS: Mapping[int, str] = MappingProxyType(
    {
        1: "WEB",
        2: "APP",
        3: "PUSH",
        4: "EMAIL",
        5: "SMS",
        6: "DIRECT_MAIL",
        7: "CALL_CENTER",
        8: "IVR",
        9: "CHAT",
        10: "STORE",
    }
)
"""Numbers and names of the vocabulary's `Channel`."""
_SUBSCRIBED_BY_ITSELF = frozenset({3, 4, 5, 6, 7})
_NAMES = frozenset(CHANNELS.values())
_GRANTING = frozenset({"true", "1", "yes", "granted"})
_REFUSING = frozenset({"false", "0", "no", "refused", "revoked"})
_PURPOSE = re.compile(r"[^\W_][\w.-]{0,63}")
_SOURCE = re.compile(r"[^\W_][\w .:/#-]{0,63}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_DAY = timedelta(days=1)


class Consent(NamedTuple):
    """The latest word on one purpose.

    Of two words the greater counts: the later one, at the same moment the refusal, and of two
    grants that which ends first.
    """

    time_us: int
    refused: bool
    until_us: int = NEVER
    """A grant counts before it."""
    source: str = ""
    """Where it was said: as told, else the channel."""

    @property
    def rank(self) -> tuple[int, bool, int, str]:
        return self.time_us, self.refused, -self.until_us, self.source

    def stands(self, now_us: int) -> bool:
        """Say whether this grants something now."""
        return not self.refused and now_us < self.until_us


Consents = dict[str, Consent]
"""By purpose, `marketing`, or by purpose and channel, `marketing:EMAIL`."""


def say(consents: Consents, purpose: str, consent: Consent) -> None:
    """Note a word unless a greater one is known."""
    known = consents.get(purpose)
    if known is None or consent.rank > known.rank:
        consents[purpose] = consent


def merge(into: Consents, other: Consents) -> None:
    for purpose, consent in other.items():
        say(into, purpose, consent)


def prune(consents: Consents) -> None:
    """Keep refusals before grants, then the newest: what is forgotten was never granted."""
    if len(consents) > MAX_PURPOSES:

        def importance(purpose: str) -> tuple[bool, int, str]:
            consent = consents[purpose]
            return consent.refused, consent.time_us, purpose

        for purpose in sorted(consents, key=importance, reverse=True)[MAX_PURPOSES:]:
            del consents[purpose]


def agrees(consents: Consents, purpose: str, now_us: int, channel: str = "") -> bool:
    """Say whether a purpose is consented to now, on a channel if one is named.

    A refusal is never outranked: that of a purpose holds on all channels, that of a channel there.
    Silence is no consent, and neither is a grant that has ended.
    """
    names = [purpose, f"{purpose}:{channel}"] if channel else [purpose]
    said = [consents[name] for name in names if name in consents]
    return not any(word.refused for word in said) and any(word.stands(now_us) for word in said)


def standing(consents: Consents, now_us: int) -> tuple[list[str], list[str]]:
    """Return the purposes consented to now and those refused, each by name."""
    said = sorted(consents.items())
    granted = [purpose for purpose, consent in said if consent.stands(now_us)]
    return granted, [purpose for purpose, consent in said if consent.refused]


def read(event: Event) -> tuple[str, Consent]:
    """Return what an event says about which purpose; what cannot be read is taken as a refusal."""
    details = event.details
    refused, until_us = refuses(event.type, details), NEVER
    if "expires" in details and not refused:
        try:
            until_us = end_us(details["expires"])
        except ValueError:
            refused = True
    source = details.get("source") or CHANNELS.get(event.channel, "")
    return _purpose(event), Consent(event.time_us, refused, until_us, source)


def refuses(event_type: str, details: Mapping[str, str]) -> bool:
    """Return whether an event of those types denies something or takes it back."""
    if event_type == "consent":
        return details.get("granted", "true").lower() not in _GRANTING
    return event_type == "unsubscribe"


def _purpose(event: Event) -> str:
    """Return what is agreed to: as said, else by the channel of a subscription, else marketing."""
    said, channel = event.details.get("purpose"), event.details.get("channel", "").upper()
    if not said and not channel and event.type != "consent":
        channel = CHANNELS[event.channel] if event.channel in _SUBSCRIBED_BY_ITSELF else ""
    purpose = said or MARKETING
    return f"{purpose}:{channel}" if channel and ":" not in purpose else purpose


def mistakes(event: Event) -> list[str]:
    """Return what is wrong with an event about consent, as sentences that begin with the field."""
    details = event.details
    found = [
        *_wrong_purpose(details.get("purpose", ""), details.get("channel", "").upper()),
        *_wrong_grant(event.type, details.get("granted", "").lower()),
        *_wrong_end(event),
    ]
    source = details.get("source", "")
    if source and not _SOURCE.fullmatch(source):
        found.append(
            "attributes.source: must be 1 to 64 letters, digits, spaces or any of . : / # _ -"
        )
    return found


def _wrong_purpose(said: str, channel: str) -> list[str]:
    purpose, colon, its_channel = said.partition(":")
    found = []
    if said and not _PURPOSE.fullmatch(purpose):
        found.append("attributes.purpose: must be 1 to 64 letters, digits, dots, dashes or _")
    named = ", ".join(CHANNELS.values())
    if colon and its_channel not in _NAMES:
        found.append(f"attributes.purpose: after the colon must stand one of {named}")
    if channel and channel not in _NAMES:
        found.append(f"attributes.channel: must be one of {named}")
    if colon and channel and channel != its_channel:
        found.append("attributes.channel: contradicts the channel in attributes.purpose")
    return found


def _wrong_grant(event_type: str, granted: str) -> list[str]:
    if not granted:
        return []
    if granted not in _GRANTING | _REFUSING:
        return ["attributes.granted: must be true or false"]
    meant = {"subscribe": _GRANTING, "unsubscribe": _REFUSING}.get(event_type)
    if meant is not None and granted not in meant:
        return [f"attributes.granted: contradicts the type {event_type}"]
    return []


def _wrong_end(event: Event) -> list[str]:
    said = event.details.get("expires", "")
    if not said:
        return []
    refuses = event.details.get("granted", "").lower() in _REFUSING
    if refuses or event.type == "unsubscribe":
        return ["attributes.expires: a refusal does not end; leave it out"]
    try:
        ends_us = end_us(said)
    except ValueError as error:
        return [f"attributes.expires: {error}"]
    if ends_us <= event.time_us:
        return ["attributes.expires: lies before the time of the event"]
    return []


def end_us(text: str) -> int:
    """Read a moment of RFC 3339, or a day, which counts to its end in UTC; raises ValueError."""
    try:
        if len(text) == len("2027-01-31"):
            moment = datetime.combine(date.fromisoformat(text), time(), UTC) + _A_DAY
        else:
            moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError("must be a day such as 2027-01-31, or a moment with its zone") from None
    return (moment - _EPOCH) // timedelta(microseconds=1)
