"""How much of the machine's CPU time others took while something was measured."""

from __future__ import annotations

import psutil

NOTABLE_SHARE = 0.02
"""From here on times and rates say as much about the neighbours as about the suite."""


class Neighbours:
    """Watches what the hypervisor gives to others, from when it is made."""

    def __init__(self) -> None:
        self._stolen_s, self._total_s = _cpu_s()

    def share(self) -> float:
        """Return their share of all CPU time since then, 0 to 1; 0 where nobody tells."""
        stolen_s, total_s = _cpu_s()
        elapsed_s = total_s - self._total_s
        return (stolen_s - self._stolen_s) / elapsed_s if elapsed_s else 0.0


def _cpu_s() -> tuple[float, float]:
    """Return the seconds stolen and all seconds of all cores; only Linux tells what is stolen."""
    times = psutil.cpu_times()
    return getattr(times, "steal", 0.0), sum(times)
