"""The catalogue kept in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from services.retrieval.domain.catalogue import (
    MOST_ROWS,
    CatalogueSlice,
    Draft,
    Entry,
    Rejection,
    Written,
    chunks,
    plan,
)
from services.retrieval.domain.levers import NEUTRAL, LeverChange, with_lever
from services.retrieval.storage.slices import whole_versions
from shared.errors import NotFound, OutOfRange


class InMemoryCatalogue:
    """A `CatalogueStore` and `LeverStore` that forgets with its process."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._versions: dict[str, int] = {}
        self._version = 0
        self._last_no = 0
        self._lever_changes: list[LeverChange] = []

    async def write(self, drafts: Sequence[Draft]) -> Written:
        planned = plan(drafts, self._entries, self._last_no)
        for changed in chunks(planned.changed):
            self._version += 1
            for entry in changed:
                self._entries[entry.offer_id] = entry
                self._versions[entry.offer_id] = self._version
        self._last_no = planned.last_no
        return Written(self._version, planned.rejections)

    async def set_lever(self, change: LeverChange) -> int:
        entry = self._entries.get(change.offer_id)
        if entry is None:
            raise NotFound(f"there is no item or offer {change.offer_id!r}")
        changed = with_lever(entry, change)
        if changed != entry:
            self._version += 1
            self._entries[change.offer_id] = changed
            self._versions[change.offer_id] = self._version
        self._lever_changes.append(change)
        return self._version

    async def levers(self) -> list[LeverChange]:
        latest = {change.offer_id: change for change in self._lever_changes}
        return [
            change
            for change in self._lever_changes[::-1]
            if latest[change.offer_id] is change and change.lever != NEUTRAL
        ]

    async def lever_history(self, offer_id: str, limit: int) -> list[LeverChange]:
        found = [each for each in self._lever_changes[::-1] if each.offer_id == offer_id]
        return found[:limit]

    async def check(self, drafts: Sequence[Draft]) -> tuple[Rejection, ...]:
        return plan(drafts, self._entries, self._last_no).rejections

    async def newest_version(self) -> int:
        return self._version

    async def read_after(self, version: int) -> CatalogueSlice:
        if version > self._version:
            raise OutOfRange(f"the catalogue is at {self._version}, not yet at {version}")
        changed = [
            (self._versions[entry.offer_id], entry)
            for entry in self._entries.values()
            if self._versions[entry.offer_id] > version
        ]
        changed.sort(key=lambda each: (each[0], each[1].offer_no))
        return whole_versions(changed[: MOST_ROWS + 1], version, self._version)

    async def find(self, offer_ids: Sequence[str]) -> list[Entry]:
        return [self._entries[each] for each in offer_ids if each in self._entries]
