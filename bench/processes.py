"""CPU time and memory of whole process trees."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import psutil

from cli.suite.footprint import memory_mb


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """Some processes and everything that they start."""

    roots: Sequence[psutil.Process]

    @classmethod
    def of(cls, pids: Sequence[int]) -> Self:
        """Return the trees under these pids; raises psutil.NoSuchProcess."""
        return cls([psutil.Process(pid) for pid in pids])

    @classmethod
    def of_children(cls, but: Collection[psutil.Process] = ()) -> Self:
        """Return everything this process has started so far, without itself and without some."""
        return cls([child for child in psutil.Process().children() if child not in but])

    def cpu_s(self) -> float:
        """Return the CPU seconds used so far, by those that have ended too."""
        total = 0.0
        for process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                # A child that has ended lives on in the children's time of its parent.
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def resident_mb(self) -> float:
        """Return the resident memory in MB of 10^6 bytes, shared pages counted once."""
        return sum(memory_mb(root.pid) for root in self.roots)

    def _all(self) -> Iterator[psutil.Process]:
        for root in self.roots:
            yield root
            with contextlib.suppress(psutil.NoSuchProcess):
                yield from root.children(recursive=True)
