"""The kinds of values that settings take, and how each is read from text."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

Parse = Callable[[str], Any]
"""Turns text into a value; raises ValueError with a sentence about what it wants."""


class Mode(Enum):
    """Whether time may be moved and a key may be made up."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on; only a default one may give way to the next free port."""

    host: str
    port: int
    is_default: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def is_loopback(self) -> bool:
        """Say whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def listen(text: str) -> Listen:
    """Parse `host:port`; port 0 asks for any free one."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be host:port with a port from 0 to 65535")
    return Listen(host.strip("[]") if host.count(":") else host, int(port))


def targets(text: str) -> tuple[str, ...]:
    """Parse a comma list of `host:port`."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise ValueError("must name at least one host:port")
    for target in found:
        if listen(target).port == 0:
            raise ValueError(f"{target} has no port")
    return found


def url(*schemes: str) -> Parse:
    """Return a parser that demands one of the schemes."""
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)

    def parse(text: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must begin with {wanted}")
        return text

    return parse


def key_bytes(text: str) -> bytes:
    """Parse a key of at least 32 bytes written in hexadecimal."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise ValueError("must be hexadecimal") from None
    if len(key) < 32:
        raise ValueError("must have at least 32 bytes (64 hexadecimal digits)")
    return key


def names(text: str) -> frozenset[str]:
    """Parse a comma list of names; `*` stands for all."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def number_of(what: str) -> Parse:
    """Return a parser of how many there may be, where none at all can be meant."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()):
            raise ValueError(f"must be a whole number of {what}, 0 for none")
        return int(text)

    return parse


def _boolean(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be true or false")


def _positive(kind: Callable[[str], Any], wanted: str) -> Parse:
    """Return a parser of how much of something there may be: nothing at all is never meant."""

    def parse(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            raise ValueError(f"must be {wanted}") from None
        if not 0 < number < math.inf:
            raise ValueError(f"must be {wanted} above 0")
        return number

    return parse


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise ValueError("must be development or production") from None


BY_ANNOTATION: Mapping[str, Parse] = {
    "str": str,
    "int": _positive(int, "a whole number"),
    "float": _positive(float, "a number"),
    "bool": _boolean,
    "Path": Path,
    "Mode": _mode,
}
