"""Taking a port to listen on: the one asked for, or the next free one for a mere default."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import grpc
import grpc.aio

from shared.config import WEB_PORT, WELL_KNOWN_PORTS
from shared.logging import get_logger
from shared.setting_types import Listen

log = get_logger(__name__)

_TRIES = 100
_ALIVE = (
    ("SO_KEEPALIVE", socket.SOL_SOCKET, 1),
    ("TCP_KEEPIDLE", socket.IPPROTO_TCP, 30),
    ("TCP_KEEPINTVL", socket.IPPROTO_TCP, 10),
    ("TCP_KEEPCNT", socket.IPPROTO_TCP, 3),
    ("TCP_USER_TIMEOUT", socket.IPPROTO_TCP, 60_000),
)
"""A peer that vanished without a word is noticed after a minute; connections inherit it."""


class PortTakenError(Exception):
    """Another process listens there already."""


def take_grpc_port(
    server: grpc.aio.Server, wanted: Listen, credentials: grpc.ServerCredentials | None = None
) -> Listen:
    """Bind a gRPC server and return where it listens; raises PortTakenError.

    With credentials it speaks TLS there, and nothing else.
    """
    for port in _candidates(wanted):
        host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
        try:
            bound = _bound(server, f"{host}:{port}", credentials)
        except RuntimeError:
            continue
        return _told(wanted, bound)
    raise PortTakenError(f"{wanted} is taken")


def _bound(
    server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials | None
) -> int:
    if credentials is None:
        return int(server.add_insecure_port(address))
    return int(server.add_secure_port(address, credentials))


def take_socket(wanted: Listen) -> tuple[socket.socket, Listen]:
    """Bind a TCP socket and return it with its address; raises PortTakenError."""
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    for port in _candidates(wanted):
        taken = socket.socket(family, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for name, level, value in _ALIVE:
            if hasattr(socket, name):  # macOS lacks some
                taken.setsockopt(level, getattr(socket, name), value)
        try:
            taken.bind((wanted.host, port))
            taken.listen(1024)
        except OSError as error:
            taken.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        return taken, _told(wanted, taken.getsockname()[1])
    raise PortTakenError(f"{wanted} is taken")


def _candidates(wanted: Listen) -> Iterator[int]:
    yield wanted.port
    if wanted.is_default:
        reserved = {*WELL_KNOWN_PORTS.values(), WEB_PORT}
        following = range(wanted.port + 1, wanted.port + 1 + _TRIES)
        yield from (port for port in following if port not in reserved)


def _told(wanted: Listen, port: int) -> Listen:
    if wanted.port not in {0, port}:
        log.warning("port_taken", wanted=wanted.port, using=port)
    return Listen(wanted.host, port)
