"""The catalogue kept in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from services.retrieval.domain.levers import LeverChange, with_lever
from services.retrieval.rows import encode_row
from services.retrieval.storage.slices import whole_versions
from shared.bus import Publication, append
from shared.bus.subjects import CATALOGUE_CHANGED
from shared.errors import NotFound, OutOfRange
from shared.postgres import Database, Queries, Row, Transaction
from touchpoint.common.v1.bus_pb2 import CatalogueNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch

_SQL = Queries.beside(__file__)
_SCHEMA_NUMBER = 1
_INLINE_ROWS = 500
_INLINE_BYTES = 256 << 10
"""Larger changes are fetched: a message on the bus stays far below its limit of 1 MiB."""


class PostgresCatalogue:
    """A `CatalogueStore` and `LeverStore` on the service's schema; changes are announced."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, drafts: Sequence[Draft]) -> Written:
        async with self._database.transaction() as transaction:
            state = await transaction.fetchrow(_SQL.lock_catalogue)
            assert state is not None, "the migration inserts the one row"
            known = await _known(transaction, drafts)
            planned = plan(drafts, known, state["last_offer_no"])
            version: int = state["version"]
            for changed in chunks(planned.changed):
                version += 1
                await _write_version(transaction, version, changed)
            if planned.changed:
                await transaction.execute(_SQL.move_version, version, planned.last_no)
            return Written(version, planned.rejections)

    async def set_lever(self, change: LeverChange) -> int:
        async with self._database.transaction() as transaction:
            state = await transaction.fetchrow(_SQL.lock_catalogue)
            assert state is not None, "the migration inserts the one row"
            entry = (await _by_id(transaction, {change.offer_id})).get(change.offer_id)
            if entry is None:
                raise NotFound(f"there is no item or offer {change.offer_id!r}")
            version: int = state["version"]
            changed = with_lever(entry, change)
            if changed != entry:
                version += 1
                await _write_version(transaction, version, [changed])
                await transaction.execute(_SQL.move_version, version, state["last_offer_no"])
            await transaction.execute(_SQL.note_lever, entry.offer_no, *_noted(change))
            return version

    async def levers(self) -> list[LeverChange]:
        rows = await self._database.fetch(_SQL.set_levers)
        newest_first = sorted(rows, key=lambda row: row["change_no"], reverse=True)
        return [_change(row) for row in newest_first]

    async def lever_history(self, offer_id: str, limit: int) -> list[LeverChange]:
        rows = await self._database.fetch(_SQL.lever_history, offer_id, limit)
        return [_change(row) for row in rows]

    async def check(self, drafts: Sequence[Draft]) -> tuple[Rejection, ...]:
        return plan(drafts, await _known(self._database, drafts), 0).rejections

    async def newest_version(self) -> int:
        version: int = await self._database.fetchval(_SQL.newest_version)
        return version

    async def read_after(self, version: int) -> CatalogueSlice:
        rows = await self._database.fetch(_SQL.entries_after, version, MOST_ROWS + 1)
        newest: int = rows[0]["newest_version"]
        if version > newest:
            raise OutOfRange(f"the catalogue is at {newest}, {version} was never reached")
        changed = [(row["version"], _entry(row)) for row in rows if row["offer_no"] is not None]
        return whole_versions(changed, version, newest)

    async def find(self, offer_ids: Sequence[str]) -> list[Entry]:
        found = await _by_id(self._database, set(offer_ids))
        return [found[offer_id] for offer_id in offer_ids if offer_id in found]


async def _known(source: Database | Transaction, drafts: Sequence[Draft]) -> dict[str, Entry]:
    """Return what `plan` needs: the drafts, what they refer to, ancestors and descendants."""
    wanted = {draft.offer_id for draft in drafts}
    wanted.update(draft.variant_of for draft in drafts if draft.variant_of)
    wanted.update(item_id for draft in drafts for item_id in draft.about_items)
    known = await _by_id(source, wanted)
    above = _parents(known.values()) - wanted
    while above:
        found = await _by_id(source, above)
        wanted |= above
        known |= found
        above = _parents(found.values()) - wanted
    level = {draft.offer_id for draft in drafts}
    descended: set[str] = set()
    while level:
        descended |= level
        rows = await source.fetch(_SQL.variants_of, list(level))
        found = {row["offer_id"]: _entry(row) for row in rows}
        known |= found
        level = found.keys() - descended
    return known


def _parents(entries: Iterable[Entry]) -> set[str]:
    return {entry.variant_of for entry in entries if entry.variant_of}


async def _by_id(source: Database | Transaction, offer_ids: set[str]) -> dict[str, Entry]:
    rows = await source.fetch(_SQL.entries_by_id, list(offer_ids))
    return {row["offer_id"]: _entry(row) for row in rows}


async def _write_version(transaction: Transaction, version: int, changed: Sequence[Entry]) -> None:
    await transaction.executemany(
        _SQL.write_entry,
        [
            (
                entry.offer_no,
                entry.offer_id,
                entry.kind,
                entry.content,
                entry.variant_of,
                entry.family_no,
                entry.about_nos,
                entry.is_defined,
                entry.set_lever,
                entry.set_lever_until_us,
                version,
            )
            for entry in changed
        ],
    )
    notice = _notice(version, changed)
    await append(transaction, [Publication.of(CATALOGUE_CHANGED, _SCHEMA_NUMBER, notice)])


def _notice(version: int, changed: Sequence[Entry]) -> CatalogueNotice:
    inline = (
        len(changed) <= _INLINE_ROWS
        and sum(len(entry.content) for entry in changed) <= _INLINE_BYTES
    )
    rows = [encode_row(entry) for entry in changed] if inline else []
    batch = CatalogueBatch(previous_version=version - 1, version=version, rows=rows)
    return CatalogueNotice(batch=batch, fetch=not inline)


def _entry(row: Row) -> Entry:
    return Entry(
        offer_no=row["offer_no"],
        offer_id=row["offer_id"],
        kind=row["kind"],
        content=row["content"],
        variant_of=row["variant_of"],
        family_no=row["family_no"],
        about_nos=tuple(row["about_nos"]),
        is_defined=row["is_defined"],
        set_lever=row["set_lever"],
        set_lever_until_us=row["set_lever_until_us"],
    )


def _noted(change: LeverChange) -> tuple[object, ...]:
    return (
        change.lever,
        change.until_us,
        change.why,
        change.changed_by,
        change.caller,
        change.changed_us,
    )


def _change(row: Row) -> LeverChange:
    return LeverChange(
        row["offer_id"],
        row["lever"],
        row["until_us"],
        row["why"],
        row["changed_by"],
        row["caller"],
        row["changed_us"],
    )
