"""Finds free TCP ports on loopback, and keeps those that it gave from being given again."""

from __future__ import annotations

import fcntl
import functools
import os
import random
import socket
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

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
    """Take the port used last if it is still free, else any free one outside common use.

    A port is chosen some time before anybody listens there, so until this process ends no other
    is given the same one, and this one only gets it again as its last.
    """
    claims = _claims()
    if last is not None and is_free(last) and claims.claim(last):
        return last
    for port in (chance or random.SystemRandom()).sample(PRIVATE_PORTS, 1000):
        if port not in claims.own and is_free(port) and claims.claim(port):
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


@dataclass(slots=True)
class _Claims:
    """The ports that this process was given: it locks one byte of a common file for each.

    Such locks are gone with the process, however it ends, and no child inherits them.
    """

    file: int | None
    """Its descriptor; closing any other of the same file would give up every claim."""
    own: set[int] = field(default_factory=set)

    def claim(self, port: int) -> bool:
        """Take it before all other processes of this user; False if one of them has it."""
        if self.file is not None:
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError:
                return False
        self.own.add(port)
        return True


@functools.cache
def _claims() -> _Claims:
    path = Path(tempfile.gettempdir()) / f"touchpoint-ports-{os.getuid()}"
    try:
        return _Claims(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError:
        # Without a folder for temporary files, what listens is all that can be seen.
        return _Claims(None)
