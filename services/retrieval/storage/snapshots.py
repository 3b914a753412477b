"""The catalogue as a file, so that a start need not read every row from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from numpy.typing import NDArray

from services.retrieval.domain.attributes import Attributes, Pairs
from services.retrieval.domain.sizes import Sizes
from services.retrieval.storage.array_files import pack, unpack
from services.retrieval.storage.model_files import texts, texts_of
from shared.artefacts import ArtefactError, ArtefactStore
from shared.catalogue import Catalogue
from shared.catalogue.snapshot import CatalogueCopy, SnapshotError, catalogue_of
from shared.logging import get_logger
from shared.postgres import Database, Queries

log = get_logger(__name__)

_SQL = Queries.beside(__file__)
_FORMAT = 1
_ORPHANED_S = 3600.0
"""A file so old that the pointer does not name was left by a process that died."""
_HEADER = "header"
_SIZES = "sizes"
_SIZE_NO = "size_no"
_PAIRS = "attributes."
_NAMES, _VALUES = _PAIRS + "names", _PAIRS + "values"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a file came to."""

    catalogue: Catalogue
    sizes: Sizes
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class _Pointer:
    """Which file is the newest, and of which catalogue it must be."""

    artefact: str
    """Empty: none was written yet."""
    version: int
    catalogue_id: str
    newest_version: int


class CatalogueSnapshots:
    """Writes the catalogue aside, and reads it back where it is whole and of this catalogue."""

    def __init__(self, database: Database, artefacts: ArtefactStore) -> None:
        """Take artefacts that are no others' too: what is not named by the pointer is removed."""
        self._database = database
        self._artefacts = artefacts
        self._passed_over = ""
        """What cannot be used here; it is replaced whatever its version."""

    async def restored(self) -> Restored | None:
        """Return the newest that can be used; None: all has to be read from the store."""
        pointer = await self._pointer()
        while pointer.artefact:
            try:
                data = await self._artefacts.get(pointer.artefact)
                return await asyncio.to_thread(_decoded, data, pointer)
            except (ArtefactError, SnapshotError) as error:
                found = await self._pointer()
                if found.artefact == pointer.artefact:
                    log.warning("catalogue_snapshot_passed_over", reason=str(error))
                    self._passed_over = found.artefact
                    return None
                pointer = found  # it was replaced while it was read
        return None

    async def keep(self, copy: CatalogueCopy, sizes: Sizes, attributes: Attributes) -> None:
        """Write a whole copy in place of what was written before.

        Sizes and attributes may be newer than it: what came since is read once more at a start.
        """
        pointer = await self._pointer()
        if pointer.version >= copy.version and pointer.artefact != self._passed_over:
            return
        header = _header(pointer.catalogue_id, copy.version)
        beside = {
            **texts(_HEADER, header),
            **texts(_SIZES, sizes.texts()),
            _SIZE_NO: sizes.copy(copy.size),
        }
        words, pairs = attributes.words(), attributes.pairs()
        try:
            data = await asyncio.to_thread(_encoded, copy, beside, words, pairs)
        except SnapshotError as error:
            log.warning("catalogue_snapshot_not_written", reason=str(error))
            return
        name = await self._artefacts.put(data)
        unused = await self._database.fetchval(
            _SQL.keep_snapshot, name, copy.version, self._passed_over
        )
        if unused and unused != name:
            await self._artefacts.remove(unused)
        if unused != name:
            await self._artefacts.sweep({name}, _ORPHANED_S)
        log.info("catalogue_snapshot_written", version=copy.version, bytes=len(data))

    async def _pointer(self) -> _Pointer:
        row = await self._database.fetchrow(_SQL.catalogue_snapshot)
        assert row is not None, "the migration inserts the one row"
        return _Pointer(
            row["artefact"] or "",
            row["version"] or 0,
            row["catalogue_id"],
            row["newest_version"],
        )


def _header(catalogue_id: str, version: int) -> tuple[str, ...]:
    return str(_FORMAT), catalogue_id, str(version)


def _encoded(
    copy: CatalogueCopy,
    beside: Mapping[str, NDArray[Any]],
    words: Sequence[tuple[str, str]],
    pairs: Pairs,
) -> bytes:
    of_pairs = {_PAIRS + field.name: getattr(pairs, field.name) for field in fields(pairs)}
    names = texts(_NAMES, [name for name, _ in words])
    values = texts(_VALUES, [value for _, value in words])
    return pack({**copy.arrays(), **beside, **of_pairs, **names, **values})


def _decoded(data: bytes, pointer: _Pointer) -> Restored:
    if pointer.version > pointer.newest_version:
        raise SnapshotError("it is of a later state of the catalogue than there is")
    arrays = unpack(data)
    try:
        header = texts_of(_HEADER, arrays)
        sizes = Sizes.of_columns(texts_of(_SIZES, arrays), arrays[_SIZE_NO])
        words = list(zip(texts_of(_NAMES, arrays), texts_of(_VALUES, arrays), strict=True))
        pairs = Pairs(**{field.name: arrays[_PAIRS + field.name] for field in fields(Pairs)})
    except (KeyError, ValueError) as error:
        raise SnapshotError(f"this is no catalogue: {error}") from error
    if header != _header(pointer.catalogue_id, pointer.version):
        raise SnapshotError("it is of another catalogue, another version or another format")
    catalogue = catalogue_of(arrays, pointer.version)
    return Restored(catalogue, sizes, Attributes.of(words, pairs))
