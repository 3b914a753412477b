"""What somebody says to us when it was too much."""

from __future__ import annotations

from collections.abc import Mapping

from services.profile.domain import complaints, consent


def is_objection(event_type: str, details: Mapping[str, str]) -> bool:
    """Return whether an event refuses or takes back a consent, unsubscribes, or complains."""
    if event_type in consent.CONSENT_TYPES:
        return consent.refuses(event_type, details)
    return event_type == "complaint" and not complaints.is_over(details)
