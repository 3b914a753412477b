"""What can go wrong with an embedded engine, said in sentences for the person at the terminal."""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 12


class EngineError(Exception):
    """An engine cannot be had. Expected; the machine's owner's to solve."""


class AlreadyRunningError(EngineError):
    """The same home is in use by a living process."""


class MissingWheelError(EngineError):
    """The package that brings the engine's program is not installed for this platform."""


def tail(log: Path, start: int = 0) -> str:
    """Return the last lines of a log written since byte `start`, indented; empty if none."""
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "".join(f"\n  {line}" for line in lines[-LOG_TAIL_LINES:])


def why(text: str) -> str:
    """Translate what an engine wrote before it died into a cause, if it is a known one."""
    for sign, cause in _KNOWN_CAUSES.items():
        if sign in text:
            return cause
    return ""


_KNOWN_CAUSES = {
    "No space left on device": ": the disk is full",
    "Disk quota exceeded": ": the disk quota is used up",
    "Read-only file system": ": the folder is read-only",
    "Address already in use": ": its port was taken in that moment",
    "address already in use": ": its port was taken in that moment",
    "could not create shared memory segment": ": the system has no shared memory left",
    "Cannot allocate memory": ": the machine is out of memory",
    "incompatible with server": ": its data belongs to another major version",
}
