"""Which parts of a person are made at each moment: all others only where somebody reads them."""

from __future__ import annotations

ALWAYS = frozenset({"cart", "attributes"})
"""What journeys take over as they begin, and the time zone."""
OF_MESSAGES = ("consents", "habits")
OF_SESSIONS = ("session",)
OF_WHO_ENTERS = ("orders", "segments", "persona")
