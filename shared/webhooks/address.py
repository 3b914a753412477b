"""Where a webhook may be sent: https to hosts that the operator listed, and nowhere else.

Whoever writes definitions chooses the URL, and this process can reach what they cannot
(OWASP API7:2023, server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

HTTPS_PORT = 443
_PORTS = {"https": HTTPS_PORT, "http": 80}
_LONGEST = 2_000
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class Host(NamedTuple):
    """A host that may be sent to."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


Hosts = frozenset[Host]


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that was read as this process will use it."""

    scheme: str
    host: str
    """Lower case; an IPv6 address without brackets."""
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """Return host and port as a request names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return _is_loopback(self.host)

    def refusal(self, hosts: Hosts, *, development: bool) -> str:
        """Return why nothing may be sent there, with what to do about it; empty: it may."""
        if self.scheme == "http":
            if development:
                return ""
            return "http is for trying out in development only; give it an https URL"
        if Host(self.host, self.port) in hosts:
            return ""
        listed = self.authority
        return f"{listed} is not among TOUCHPOINT_WEBHOOK_HOSTS; add it there if it is to be told"


def read_address(url: str) -> Address:
    """Read a URL strictly; raises ValueError with a sentence.

    What readers of URLs are known to read differently (credentials, backslashes, control
    characters, numbers that stand for addresses) is refused and not interpreted.
    """
    if len(url) > _LONGEST or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise ValueError(f"must be a URL of at most {_LONGEST} printable ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no URL; write https://host/path") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with https://")
    if "@" in parts.netloc:
        raise ValueError("must hold no user and no password: they would stand in logs")
    if parts.fragment:
        raise ValueError("must have no fragment: it would not be sent")
    host = _host(parts.hostname or "")
    if port == 0:
        raise ValueError("must have a port from 1 to 65535, or none")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https://; http is only for this very machine")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], target)


def read_hosts(text: str) -> Hosts:
    """Read a comma list of hosts, each with a port if that is not 443; raises ValueError."""
    found = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        if "://" in entry or "/" in entry:
            raise ValueError(f"{entry} must be a host such as crm.example.com, without a path")
        try:
            address = read_address(f"https://{entry}")
        except ValueError as error:
            raise ValueError(f"{entry} {error}") from None
        found.add(Host(address.host, address.port))
    return frozenset(found)


def _host(host: str) -> str:
    """Return a host in its one form: an address only as it is written usually."""
    host = host.lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    last = host.rsplit(".", 1)[-1]
    # An address in disguise, 127.1, 0x7f000001 or 2130706433: resolvers take all of them for one.
    disguised = last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last)
    if len(host) > 253 or disguised or not _NAME.fullmatch(host):
        raise ValueError("must name a host such as crm.example.com")
    return host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
