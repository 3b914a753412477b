"""Notes of whom a receiver outside of the house is told: for the audit trail, and to undo it."""

from __future__ import annotations

from collections.abc import Sequence

from services.profile.domain.audit import Action, By, Note
from services.profile.domain.event import DAY_US
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.departures import Departures
from shared.clock import BusinessClock

RPC = "webhooks"
"""Where the trail says that it came to pass: no rpc, but the same for whoever reads it."""
_MOST_REMEMBERED = 50_000


class Disclosures:
    """Notes each person once a day for each receiver: a note for each message would be a log.

    More than once after a restart, or when there are very many, is no harm. Who may have to be
    deleted there is noted each time: whoever left and came back is noted anew.
    """

    def __init__(self, trail: AuditTrail, departures: Departures, clock: BusinessClock) -> None:
        self._trail = trail
        self._departures = departures
        self._clock = clock
        self._day = 0
        self._noted: set[tuple[str, str]] = set()

    async def note(self, webhook: str, person_ids: Sequence[str]) -> None:
        """Return once the trail says that a receiver is told of the persons, and who they are."""
        if not person_ids:
            return
        await self._departures.note_told(webhook, person_ids)
        day = self._clock.now_us() // DAY_US
        if day != self._day or len(self._noted) > _MOST_REMEMBERED:
            self._day = day
            self._noted.clear()
        fresh = [person for person in person_ids if (webhook, person) not in self._noted]
        by = By(f"webhook {webhook}", RPC)
        await self._trail.note([Note(by, Action.EXPORTED, person) for person in fresh])
        self._noted.update((webhook, person) for person in fresh)
