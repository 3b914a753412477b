"""What a caller may be allowed to do: scopes such as `offers:read` or `offers:read:WEB`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from touchpoint.common.v1.vocabulary_pb2 import Channel

PUBLIC = "public"
"""In place of a scope: whoever comes may call it, without a key."""
EVERYTHING = "*"
"""Every scope; for administrators' keys."""

LINK, EXPORT, REACH = "identities:link", "persons:export", "persons:reach"
_INNER = ("profile", "retrieval", "rules", "ranker", "scenario")


class ScopeError(ValueError):
    """A scope cannot be given; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one scope stands for."""

    allows: str
    by_channel: bool = False
    """Whether it may be narrowed to a channel: `offers:read:WEB`."""
    for_browsers: bool = False
    """Whether a key that stands in a page may have it."""


def service_scope(service: str) -> str:
    """Return the scope of all rpcs of a service behind the edge."""
    return f"service:{service}"


SCOPES: Mapping[str, Kind] = {
    "offers:read": Kind("Recommend", by_channel=True, for_browsers=True),
    "events:write": Kind("Track", by_channel=True, for_browsers=True),
    "visitors:issue": Kind("NewVisitor", for_browsers=True),
    "questions:ask": Kind("NextQuestion", by_channel=True, for_browsers=True),
    "customers:read": Kind("GetCustomerView, WatchCustomer"),
    "decisions:read": Kind("ExplainDecision"),
    "tasks:work": Kind(
        "SetAgentStatus, WatchTasks, ClaimTask, CompleteTask, SnoozeTask",
    ),
    "contacts:reserve": Kind("ReserveContact, ReleaseContact", by_channel=True),
    "relationships:write": Kind("SetRelationship, EndRelationship"),
    "clients:read": Kind("ListClients"),
    "preferences:read": Kind("GetPreferences"),
    "clock:read": Kind("GetClock of every service"),
    "clock:move": Kind("MoveClock of every service"),
    LINK: Kind("`login` events link identities", for_browsers=True),
    EXPORT: Kind("all that is kept of a person, and who read it"),
    REACH: Kind("deciding for persons by their id, and their addresses"),
    **{
        service_scope(name): Kind(f"all rpcs of {name}, which trusts whoever may call it")
        for name in _INNER
    },
}
CHANNELS: Mapping[str, int] = {
    name: number for name, number in Channel.Value.items() if number != Channel.UNSPECIFIED
}
_EVERY_CHANNEL = frozenset(CHANNELS.values())


@dataclass(frozen=True, slots=True)
class Grants:
    """The scopes of one caller."""

    by_scope: Mapping[str, frozenset[int]]
    """Scope to the numbers of the channels that it holds for."""
    everything: bool = False

    def allow(self, scope: str, channel: int | None = None) -> bool:
        """Say whether a scope is held: on a channel, on all (0), or on any at all (None)."""
        if self.everything:
            return True
        channels = self.by_scope.get(scope, frozenset())
        if channel is None:
            return bool(channels)
        return channel in channels if channel else channels == _EVERY_CHANNEL

    def within(self, other: Grants) -> Grants:
        """Return what both allow."""
        if self.everything:
            return other
        if other.everything:
            return self
        both = {
            scope: channels & other.by_scope[scope]
            for scope, channels in self.by_scope.items()
            if scope in other.by_scope
        }
        return Grants({scope: channels for scope, channels in both.items() if channels})


NOTHING = Grants({})


def grants_of(texts: Iterable[str], *, is_browser: bool = False) -> Grants:
    """Read scopes; raises ScopeError for the first that is none or that a browser may not have."""
    found: dict[str, frozenset[int]] = {}
    for text in texts:
        if text == EVERYTHING and not is_browser:
            return Grants({}, everything=True)
        scope, channels = _parsed(text)
        if is_browser and (scope not in SCOPES or not SCOPES[scope].for_browsers):
            raise ScopeError(f"{text!r} is not for browsers: everybody can read a page's key")
        found[scope] = found.get(scope, frozenset()) | channels
    return Grants(found)


def _parsed(text: str) -> tuple[str, frozenset[int]]:
    if text in SCOPES:
        return text, _EVERY_CHANNEL
    scope, _, channel = text.rpartition(":")
    if scope not in SCOPES:
        raise ScopeError(f"{text!r} is no scope; there are {', '.join(SCOPES)}")
    if not SCOPES[scope].by_channel:
        raise ScopeError(f"{text!r}: {scope} is not given by channel")
    if channel not in CHANNELS:
        raise ScopeError(f"{text!r}: {channel!r} is no channel; there are {', '.join(CHANNELS)}")
    return scope, frozenset({CHANNELS[channel]})
