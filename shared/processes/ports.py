"""Finds free TCP ports on loopback."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
PRIVATE_PORTS = range(15000, 32000)
"""Below the ports that systems give to outgoing connections (32768 and up)."""
HIGHEST_PORT = 65535


class NoFreePortError(Exception):
    """Every port that could be used is taken. Expected; the machine's owner's to solve."""


@dataclass(frozen=True, slots=True)
class PortChoice:
    """The port to use, and whether it is the one that was wanted."""

    name: str
    wanted: int
    port: int

    @property
    def moved(self) -> bool:
        return self.port != self.wanted

    def __str__(self) -> str:
        if not self.moved:
            return f"{self.name} on port {self.port}"
        return f"port {self.wanted} for {self.name} is taken: using {self.port}"


def choose_port(name: str, wanted: int, taken: Collection[int] = ()) -> PortChoice:
    """Take the wanted port, or the next free one above it that is not in `taken`."""
    for port in range(wanted, HIGHEST_PORT + 1):
        if port not in taken and is_free(port):
            return PortChoice(name, wanted, port)
    raise NoFreePortError(f"no free port from {wanted} up for {name}")


def private_port(last: int | None = None, chance: random.Random | None = None) -> int:
    """Take the port used last if it is still free, else any free one outside common use."""
    for port in _candidates(last, chance or random.SystemRandom()):
        if is_free(port):
            return port
    raise NoFreePortError(f"no free port on {LOOPBACK}")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            return False
    return True


def _candidates(last: int | None, chance: random.Random) -> Iterator[int]:
    if last is not None:
        yield last
    yield from chance.sample(PRIVATE_PORTS, 1000)
