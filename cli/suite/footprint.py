"""How much memory the suite's processes take."""

from __future__ import annotations

from pathlib import Path

import psutil


def memory_mb(pid: int, *, with_children: bool = True) -> float:
    """Return the resident memory of a process, and of all it has started, in megabytes (10^6).

    Where the system tells (Linux), pages that processes share are counted once: PostgreSQL's
    processes all map the same buffers.
    """
    try:
        root = psutil.Process(pid)
        family = [root, *(root.children(recursive=True) if with_children else ())]
    except psutil.Error:
        return 0.0
    return sum(_one_mb(process) for process in family)


def _one_mb(process: psutil.Process) -> float:
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        proportional = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
        return int(proportional.split()[1]) * 1024 / 1e6
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
