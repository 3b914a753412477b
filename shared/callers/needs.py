"""Which scope each rpc needs that is not of the edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.binding import Binding
from shared.callers.scopes import SCOPES, service_scope

_CLOCK: Mapping[str, str] = {
    "/touchpoint.common.v1.ClockService/GetClock": "clock:read",
    "/touchpoint.common.v1.ClockService/MoveClock": "clock:move",
}


def inner_needs(service: str, bindings: Iterable[Binding]) -> dict[str, str]:
    """Return the needs of all rpcs of a service behind the edge: its one scope; and the clock's.

    The edge says itself what each of its rpcs needs.
    """
    scope = service_scope(service)
    if scope not in SCOPES:
        return dict(_CLOCK)
    methods = (rpc.method for binding in bindings for rpc in binding.rpcs)
    return {**dict.fromkeys(methods, scope), **_CLOCK}
