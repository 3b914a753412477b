"""Whose requests are refused first, as parts of the capacity that each may fill."""

from __future__ import annotations

from enum import Enum


class Priority(Enum):
    """How much is lost when a request is refused, the least first.

    What stays free for those above is what they find when they come at random: with a fifth of the
    load theirs, at twice what can be served, fewer than 1% of the agents' find nothing.
    """

    BATCH = "batch"
    """It can be sent later."""
    WEB = "web"
    """A page without recommendations is still a page."""
    IVR = "ivr"
    """Somebody waits on the line."""
    AGENT = "agent"
    """Somebody waits, and somebody waits with them."""

    @property
    def share(self) -> float:
        """The part of the limit, above 0 and at most 1, up to which it is admitted."""
        return _SHARES[self]


_SHARES = {Priority.BATCH: 0.2, Priority.WEB: 0.35, Priority.IVR: 0.55, Priority.AGENT: 1.0}
