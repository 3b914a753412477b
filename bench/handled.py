"""How long a service itself took for its answers, as its log tells."""

from __future__ import annotations

import re
from pathlib import Path


class HandledTimes:
    """Reads from a service's log how long each answer of one rpc took, from its arrival on."""

    def __init__(self, log: Path, method: str) -> None:
        """Begin where the log ends now, if there is one."""
        self._log = log
        self._answered = re.compile(rb'"method":"[^"]*/%s".*?"took_ms":([\d.]+)' % method.encode())
        self._read = log.stat().st_size if log.exists() else 0

    def since_last(self) -> list[float]:
        """Return the milliseconds of each answer since the last call, ascending."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        self._read += len(lines)
        return sorted(float(found) for found in self._answered.findall(lines))
