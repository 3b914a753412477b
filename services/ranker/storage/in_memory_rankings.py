"""What was ranked, kept in memory, for tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence

from services.ranker.domain.rankings import RankedEntry
from shared.errors import InvalidArgument
from shared.ids import is_id


class InMemoryRankings:
    """`Rankings` that forget with their process."""

    def __init__(self) -> None:
        self._entries: dict[str, RankedEntry] = {}
        self._erased: set[str] = set()

    async def add(self, entries: Sequence[RankedEntry]) -> None:
        if not all(is_id(each) for entry in entries for each in _ids(entry)):
            raise InvalidArgument(message="an entry of the journal has an id that is none")
        for entry in entries:
            if self._erased.isdisjoint(entry.person_ids):
                self._entries.setdefault(entry.decision_id, entry)

    async def of(self, decision_id: str) -> RankedEntry | None:
        return self._entries.get(decision_id)

    async def count(self, since_us: int, until_us: int) -> int:
        return len(self._within(since_us, until_us))

    async def between(self, since_us: int, until_us: int) -> AsyncGenerator[RankedEntry, None]:
        for entry in self._within(since_us, until_us):
            yield entry

    async def forget_before(self, time_us: int) -> int:
        return self._delete([each for each in self._entries.values() if each.time_us < time_us])

    async def erase(self, person_ids: Iterable[str]) -> int:
        """Delete all entries of persons, for good."""
        self._erased |= set(person_ids)
        entries = self._entries.values()
        return self._delete([each for each in entries if self._erased & set(each.person_ids)])

    def _within(self, since_us: int, until_us: int) -> list[RankedEntry]:
        found = [each for each in self._entries.values() if since_us <= each.time_us < until_us]
        return sorted(found, key=lambda each: (each.time_us, each.decision_id))

    def _delete(self, doomed: Sequence[RankedEntry]) -> int:
        for each in doomed:
            del self._entries[each.decision_id]
        return len(doomed)


def _ids(entry: RankedEntry) -> tuple[str, ...]:
    return (entry.decision_id, *entry.person_ids)
