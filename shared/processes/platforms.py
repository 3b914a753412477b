"""Refuses, in the first second, machines on which Touchpoint does not run."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import Self

SUPPORTED = (
    "Touchpoint runs on Linux x86-64 and arm64 (glibc 2.28 or newer), "
    "macOS 14 or newer on arm64, and WSL 2"
)
OLDEST_GLIBC = (2, 28)
OLDEST_MACOS = (14,)


class UnsupportedPlatformError(Exception):
    """Touchpoint cannot run here. Expected; nothing to mend."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What matters of a machine."""

    system: str
    machine: str
    libc: str
    """glibc's version, empty where there is none (musl)."""
    macos: str = ""

    @classmethod
    def current(cls) -> Self:
        return cls(sys.platform, platform.machine(), _glibc(), platform.mac_ver()[0])

    def supported(self) -> bool:
        if self.system == "linux":
            known = self.machine in {"x86_64", "aarch64", "arm64"}
            return known and _version(self.libc) >= OLDEST_GLIBC
        if self.system == "darwin":
            return self.machine == "arm64" and _version(self.macos) >= OLDEST_MACOS
        return False

    def __str__(self) -> str:
        libc = f" with glibc {self.libc}" if self.libc else " without glibc"
        detail = libc if self.system == "linux" else f" {self.macos}".rstrip()
        return f"{self.system} {self.machine}{detail}"


def platform_check(machine: Platform | None = None) -> None:
    """Raise `UnsupportedPlatformError`, with the sentence to show, on an unsupported machine."""
    here = machine or Platform.current()
    if not here.supported():
        raise UnsupportedPlatformError(f"{SUPPORTED}; this is {here}.")


def _glibc() -> str:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError, AttributeError):
        return ""
    return version if name == "glibc" else ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
