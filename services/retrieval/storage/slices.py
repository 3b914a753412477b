"""Cuts what changed in the catalogue at the end of a version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from services.retrieval.domain.catalogue import (
    MOST_BYTES,
    MOST_ROWS,
    CatalogueSlice,
    Entry,
)


def whole_versions(
    changed: Sequence[tuple[int, Entry]], previous_version: int, newest_version: int
) -> CatalogueSlice:
    """Return a slice of at most `MOST_ROWS` of entries in order of their version.

    `changed` holds one more than that where there are more; a version that might go on beyond the
    end is then left for the next slice, as is what would make the slice much too large.
    """
    unfinished = changed[-1][0] if len(changed) > MOST_ROWS else newest_version + 1
    version, entries, size = previous_version, list[Entry](), 0
    for next_version, group in _versions(changed):
        size += sum(len(entry.content) for entry in group)
        if next_version >= unfinished or (entries and size > MOST_BYTES):
            return CatalogueSlice(previous_version, version, newest_version, tuple(entries))
        version = next_version
        entries.extend(group)
    return CatalogueSlice(previous_version, newest_version, newest_version, tuple(entries))


def _versions(changed: Sequence[tuple[int, Entry]]) -> Iterator[tuple[int, list[Entry]]]:
    for version, group in groupby(changed, key=lambda each: each[0]):
        yield version, [entry for _, entry in group]
