"""Where the replicas of a service are: as listed, or as DNS says at the moment."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from shared.logging import get_logger
from shared.setting_types import Listen, listen

log = get_logger(__name__)

Resolve = Callable[[str, int], Awaitable[Collection[str]]]
"""Returns the IP addresses of a host; raises OSError."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One of them, as gRPC takes it."""

    target: str
    """`ipv4:10.0.0.1:7403`; `dns:///host:port` as long as it is not known where that is."""
    authority: str
    """`host:port` as it was listed: a certificate is for that name."""

    @property
    def is_name(self) -> bool:
        """Whether gRPC has to look it up, because that is not done yet."""
        return self.target.startswith("dns:")


async def by_dns(host: str, port: int) -> Collection[str]:
    """Ask the system's resolver; of a host with addresses of both kinds only IPv4 is taken.

    Otherwise each of its processes would count as two replicas.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    four = {str(sockaddr[0]) for family, *_, sockaddr in found if family is socket.AF_INET}
    return four or {str(sockaddr[0]) for *_, sockaddr in found}


class Addresses:
    """The addresses of one service; names are to be looked up again now and then."""

    def __init__(self, targets: Sequence[str], resolve: Resolve = by_dns) -> None:
        listed = [listen(target) for target in targets]
        self._listed = [_with_ip(each) for each in listed]
        self._resolve = resolve
        self._known: dict[Listen, list[Address]] = {}

    @property
    def have_names(self) -> bool:
        """Whether DNS has a say."""
        return any(not _is_ip(each.host) for each in self._listed)

    def known(self) -> list[Address]:
        """Return each address once, in a fixed order."""
        found = (self._of(each) for each in self._listed)
        return list(dict.fromkeys(address for some in found for address in some))

    async def look_up(self) -> None:
        """Ask for each name; what cannot be resolved now stays as it was."""
        for each in self._listed:
            if _is_ip(each.host):
                continue
            try:
                hosts = await self._resolve(each.host, each.port)
            except (OSError, UnicodeError) as error:  # the latter of what can be no name
                log.warning("name_not_resolved", name=str(each), why=str(error))
                continue
            if hosts:
                self._known[each] = sorted(_address(host, each) for host in hosts)

    def _of(self, listed: Listen) -> list[Address]:
        if _is_ip(listed.host):
            return [_address(listed.host, listed)]
        unknown = Address(f"dns:///{_pair(listed.host, listed.port)}", str(listed))
        return self._known.get(listed) or [unknown]


def _with_ip(listed: Listen) -> Listen:
    return Listen("127.0.0.1", listed.port) if listed.host == "localhost" else listed


def _address(host: str, listed: Listen) -> Address:
    version = ipaddress.ip_address(host.partition("%")[0]).version
    return Address(f"ipv{version}:{_pair(host, listed.port)}", _pair(listed.host, listed.port))


def _pair(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
