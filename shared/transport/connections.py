"""How many connections a port holds at once; the rest is closed before anything is read of it."""

from __future__ import annotations

import resource

_MOST = 4096
_SHARE = 3
"""A process has two ports at the most, and needs files for more than those."""


def most_connections() -> int:
    """Return how many one port holds: a third of the files that may be open, at most 4,096."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else min(_MOST, files // _SHARE)


def most_of_one_peer() -> int:
    """Return how many of them one address may have, so that it shuts nobody else out."""
    return max(1, most_connections() // 2)
