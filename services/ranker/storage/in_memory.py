"""The journal kept in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.ranker.domain.journal import JournalEntry


class InMemoryJournal:
    """A `Journal` that forgets with its process."""

    def __init__(self) -> None:
        self._entries: dict[str, JournalEntry] = {}
        self._erased: set[str] = set()

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            if self._erased.isdisjoint(entry.person_ids):
                self._entries.setdefault(entry.decision_id, entry)

    async def newest(
        self, person_ids: Sequence[str], since_us: int, limit: int
    ) -> list[JournalEntry]:
        wanted = set(person_ids)
        found = [
            entry
            for entry in self._entries.values()
            if entry.time_us >= since_us and (not wanted or wanted & set(entry.person_ids))
        ]
        found.sort(key=lambda entry: (entry.time_us, entry.decision_id), reverse=True)
        return found[:limit]

    async def erase(self, person_ids: Sequence[str]) -> int:
        wanted = set(person_ids)
        self._erased |= wanted
        return self._delete(lambda entry: bool(wanted & set(entry.person_ids)))

    async def forget_before(self, time_us: int) -> int:
        return self._delete(lambda entry: entry.time_us < time_us)

    def _delete(self, doomed: Callable[[JournalEntry], bool]) -> int:
        kept = {key: entry for key, entry in self._entries.items() if not doomed(entry)}
        deleted = len(self._entries) - len(kept)
        self._entries = kept
        return deleted
