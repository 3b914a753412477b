"""Recorded decisions in memory, beside the ledger in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field, replace

from services.rules.domain.recordings import StoredRecording, is_taken


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the recordings."""

    recording: StoredRecording
    written_under: str


@dataclass
class InMemoryRecordings:
    """See `RecordingStore`."""

    decision: Callable[[str], Held | None]
    """What is to be kept of a decision, with nothing recorded yet; None: it must not be."""
    rows: dict[str, Held] = field(default_factory=dict)

    async def add(self, recorded: Mapping[str, bytes]) -> None:
        for decision_id, content in recorded.items():
            held = self.decision(decision_id)
            if held is not None:
                recording = replace(held.recording, recorded=content)
                self.rows.setdefault(decision_id, replace(held, recording=recording))

    async def count(self, since_us: int, until_us: int) -> int:
        return len(self._between(since_us, until_us))

    async def recorded(
        self, since_us: int, until_us: int, at_most: int
    ) -> AsyncGenerator[StoredRecording, None]:
        found = self._between(since_us, until_us)
        for place, recording in enumerate(found):
            if is_taken(place, len(found), at_most):
                yield recording

    def keep(self, wanted: Callable[[StoredRecording], bool]) -> None:
        """Drop every recording that is not wanted any more."""
        self.rows = {name: held for name, held in self.rows.items() if wanted(held.recording)}

    def _between(self, since_us: int, until_us: int) -> list[StoredRecording]:
        recordings = [held.recording for held in self.rows.values()]
        found = [each for each in recordings if since_us <= each.decided_us < until_us]
        return sorted(found, key=lambda each: (each.decided_us, each.decision_id))
