"""The sections of contact limits and quiet hours: how they are read, and what must hold of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import Entry, Read, list_of, one_of, parsed, text
from services.rules.domain.contact_limits import (
    MARKETING,
    TRANSACTIONAL,
    ContactLimit,
    ContactPolicy,
    CoolingOff,
    Direction,
    Per,
    QuietHours,
    Window,
    outbound_bits,
)
from services.rules.domain.counters import GROUP, POLICY
from services.rules.domain.local_time import Hours, cover_the_day, find_zone
from shared.conditions.values import Allowance, allowance, duration
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1 import rules_pb2 as pb

MOST = 50
"""Each limit is counted for each decision."""
COOLING_OFF = "cooling_off"
TIME_ZONE = "time_zone"
"""Parameters."""
_MICROSECOND = timedelta(microseconds=1)
_COOLING_OFF = re.compile(r"(\d{1,3}) declines? in (\S+) rest (\S+)", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_NAME = text(128)
_CHANNELS = list_of(one_of(Channel), 10)


def _minute(found: str) -> int:
    match = _CLOCK.fullmatch(found)
    if match is None:
        raise ValueError(f"{found!r} is no time of day; write 21:00")
    return int(match[1]) * 60 + int(match[2]) if match[1] else 0


def cooling_off(found: str) -> CoolingOff:
    """Return `3 declines in 30d rest 14d`; ValueError with a sentence for anything else."""
    match = _COOLING_OFF.fullmatch(found)
    if match is None:
        raise ValueError(f"{found!r} is no cooling-off; write 3 declines in 30d rest 14d")
    within, rest = duration(match[2]), duration(match[3])
    if not int(match[1]) or not within or not rest:
        raise ValueError(f"{found!r} needs a decline, a window and a rest")
    return CoolingOff(int(match[1]), within // _MICROSECOND, rest // _MICROSECOND)


LIMIT: Mapping[str, Read] = {
    "policy": _NAME,
    "limit": parsed(allowance),
    "name": _NAME,
    "per": one_of(pb.ContactScope),
    "channels": _CHANNELS,
    "direction": one_of(pb.ContactDirection),
    "kinds": list_of(one_of(OfferKind), 5),
    "offer": _NAME,
    "group": _NAME,
}
LIMIT_REQUIRED = ("policy", "limit")
QUIET: Mapping[str, Read] = {
    "from": parsed(_minute),
    "until": parsed(_minute),
    "channels": _CHANNELS,
}
QUIET_REQUIRED = ("from", "until")


def limit_of(
    policy: str, limit: Allowance, offer: str = "", channels: Sequence[int] = (), **more: Any
) -> pb.ContactLimit:
    """Return a limit as the bundle holds it."""
    made = pb.ContactLimit(
        policy=policy,
        at_most=limit.at_most,
        offer_id=offer,
        channels=[Channel.Value.ValueType(channel) for channel in channels],
        **more,
    )
    if limit.window:
        made.window = pb.ContactWindow.Value.Value(limit.window.upper())
    else:
        made.within.FromTimedelta(limit.within)
    return made


def quiet_of(channels: Sequence[int] = (), **of_day: int) -> pb.QuietHours:
    """Return quiet hours as the bundle holds them."""
    return pb.QuietHours(
        from_minute=of_day["from"],
        until_minute=of_day["until"],
        channels=[Channel.Value.ValueType(channel) for channel in channels],
    )


def check_contact_limits(
    limits: Sequence[Entry], offers: Sequence[Entry], problems: Problems
) -> None:
    """Note limits that mean nothing, and what is unknown in them and in offers."""
    for entry in limits[MOST:]:
        problems.add(entry.place, f"is one limit too many: at most {MOST} are allowed")
    known = [entry.values.get("offer_id", "") for entry in offers]
    groups = {_attributes(entry).get(GROUP, "") for entry in offers} - {""}
    for entry in limits:
        _check_limit(entry, known, groups, problems)
    policies = {entry.values.get("policy", "") for entry in limits} | {MARKETING, TRANSACTIONAL}
    for entry in offers:
        policy = _attributes(entry).get(POLICY, MARKETING)
        if policy not in policies:
            message = f"there is no policy {policy}{suggestion(policy, policies)}"
            problems.add(entry.where("attributes"), f"{POLICY}: {message}")


def check_quiet_hours(entries: Sequence[Entry], problems: Problems) -> None:
    """Note quiet hours that never end, or are on channels on which nobody is approached."""
    outbound = outbound_bits(decided=False)
    held: dict[int, list[Hours]] = {}
    for entry in entries:
        values = entry.values
        for channel in values.get("channels", ()):
            if not outbound >> channel & 1:
                name = Channel.Value.Name(channel)
                problems.add(entry.where("channels"), f"on {name} nobody is approached by us")
        if "from" not in values or "until" not in values:
            continue
        if values["from"] == values["until"]:
            problems.add(entry.where("until"), "quiet hours that end when they begin never end")
            continue
        hours = Hours(values["from"], values["until"])
        for channel in values.get("channels") or _channels(outbound):
            if cover_the_day(held.get(channel, ())):
                continue
            held.setdefault(channel, []).append(hours)
            if cover_the_day(held[channel]):
                name = Channel.Value.Name(Channel.Value.ValueType(channel))
                message = f"together with those before, quiet hours on {name} never end"
                problems.add(entry.place, message)


def contact_policy(bundle: pb.Bundle) -> ContactPolicy:
    """Return how often somebody may be approached, compiled; ValueError for a wrong parameter."""
    parameters = bundle.parameters
    zone = parameters.get(TIME_ZONE, "UTC")
    find_zone(zone)
    return ContactPolicy(
        tuple(_limit(limit) for limit in bundle.contact_limits),
        tuple(
            QuietHours(Hours(each.from_minute, each.until_minute), frozenset(each.channels))
            for each in bundle.quiet_hours
        ),
        cooling_off(parameters[COOLING_OFF]) if COOLING_OFF in parameters else None,
        zone,
    )


def _limit(limit: pb.ContactLimit) -> ContactLimit:
    return ContactLimit(
        policy=limit.policy,
        at_most=limit.at_most,
        within_us=limit.within.ToMicroseconds(),
        window=Window(limit.window),
        per=Per(limit.per),
        channels=frozenset(limit.channels),
        direction=Direction(limit.direction),
        kinds=frozenset(limit.kinds),
        offer_id=limit.offer_id,
        group=limit.group,
        name=limit.name,
    )


def _check_limit(
    entry: Entry, offers: Collection[str], groups: Collection[str], problems: Problems
) -> None:
    values = entry.values
    if values.get("policy") == TRANSACTIONAL:
        message = f"{TRANSACTIONAL} is counted, but never limited; name another policy"
        problems.add(entry.where("policy"), message)
    for name, known in (("offer", offers), ("group", groups)):
        wanted = values.get(name, "")
        if wanted and wanted not in known:
            message = f"there is no {name} {wanted} in these definitions"
            problems.add(entry.where(name), f"{message}{suggestion(wanted, known)}")
    for scope, name in ((Per.OFFER, "offer"), (Per.GROUP, "group")):
        if values.get("per") == scope and name in values:
            problems.add(entry.where("per"), f"one {name} is named already: leave out one of them")
    named = ContactLimit(
        "",
        1,
        channels=frozenset(values.get("channels", ())),
        direction=Direction(values.get("direction", 0)),
    )
    if not any(named.channel_bits):
        direction = named.direction.name.lower()
        problems.add(entry.where("channels"), f"none of these channels is {direction}")


def _attributes(entry: Entry) -> Mapping[str, str]:
    found: Mapping[str, str] = entry.values.get("attributes", {})
    return found


def _channels(bits: int) -> list[int]:
    return [channel for channel in Channel.Value.values() if bits >> channel & 1]


__all__ = [
    "COOLING_OFF",
    "LIMIT",
    "LIMIT_REQUIRED",
    "QUIET",
    "QUIET_REQUIRED",
    "TIME_ZONE",
    "check_contact_limits",
    "check_quiet_hours",
    "contact_policy",
    "cooling_off",
    "find_zone",
    "limit_of",
    "quiet_of",
]
