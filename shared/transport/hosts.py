"""Takes requests that are made out to this machine only, where anybody on it may do everything."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from shared.call import REQUEST_ID
from shared.errors import PermissionDenied
from shared.transport.asgi import App, Receive, Scope, Send, header, refuse
from shared.transport.routes import request_id_of

_HERE = "localhost"


def only_here(app: App, allowed_origins: Collection[str]) -> App:
    """Refuse what is made out to a name that is neither this machine's nor of an allowed origin.

    A page of anybody's may have its own name led to 127.0.0.1 (DNS rebinding) and is then of the
    same origin as what answers there: a browser lets it read everything, and only the name that it
    asked for gives it away. Where there are keys they keep it out.
    """
    names = {_name(origin.partition("://")[2]) for origin in allowed_origins}

    async def here(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        name = _name(header(scope, "host"))
        if is_here(name) or name in names:
            await app(scope, receive, send)
            return
        told = PermissionDenied(
            f"without keys only this machine is served by its own name, and not {name[:200]}: "
            "name it in TOUCHPOINT_ALLOWED_ORIGINS, or make a key (`touchpoint keys new`)",
            reason="HOST",
        )
        await refuse(send, told, request_id_of(header(scope, REQUEST_ID)))

    return here


def is_here(name: str) -> bool:
    """Say whether a host name can only be this machine's or an address; what names none is old."""
    if not name or name == _HERE or name.endswith(f".{_HERE}"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Return a host without its port, in lower case: `[::1]:7480` is `::1`."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")
