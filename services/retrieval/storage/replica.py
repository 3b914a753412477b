"""The catalogue in this replica's memory, kept equal to what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError

from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.catalogue import CatalogueStore
from services.retrieval.domain.sizes import ATTRIBUTE, Sizes
from services.retrieval.rows import encode_batch
from services.retrieval.storage.snapshots import CatalogueSnapshots, Restored
from shared.bus import CATALOGUE, Bus, GapError, Message
from shared.catalogue import Catalogue, CatalogueGapError
from shared.catalogue.snapshot import CatalogueCopy
from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.read_model import ReadModel
from touchpoint.common.v1.bus_pb2 import CatalogueNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch

log = get_logger(__name__)

WORTH_KEEPING = 20_000
"""Rows that came since the last snapshot; fewer are read in a second."""
_RETRY_S = 300.0
"""What could not be written may have lacked room; to write it takes a while, too."""
_QUIET_S = 5.0
_LONGEST_S = 60.0


class CatalogueReplica:
    """Applies every change within a second of its commit, and its own at once.

    `on_change` is told the numbers of the rows that changed.
    """

    def __init__(
        self, bus: Bus, store: CatalogueStore, snapshots: CatalogueSnapshots | None = None
    ) -> None:
        """Take where it is stored, and what a start is spared with; None: it reads every row."""
        self.catalogue = Catalogue()
        self.sizes = Sizes()
        self.attributes = Attributes()
        self.on_change: Callable[[Sequence[int]], None] = lambda _: None
        self._store = store
        self._snapshots = snapshots
        self._unkept: set[int] = set()
        """Rows that changed since the last snapshot; as many as make another worth it."""
        self._told_full: set[str] = set()
        self._copy: CatalogueCopy | None = None
        self._newer = asyncio.Event()
        self._turn = asyncio.Lock()
        self._model = ReadModel(
            bus,
            CATALOGUE,
            name="retrieval_catalogue",
            apply=self._apply_message,
            catch_up=self.catch_up,
            is_behind=self._is_behind,
        )

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._model.run())
            if self._snapshots is not None:
                tasks.create_task(self._keep_for_ever(self._snapshots))

    async def ready(self) -> None:
        """Return once all that is stored is here."""
        await self._model.ready()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until then, and never again: for health."""
        await self._model.check_ready()

    async def check_lag(self) -> None:
        """Raise `Unavailable` until then and while it lags: for health to watch."""
        await self._model.check_lag()

    async def newer_than(self, version: int) -> None:
        """Return once this replica holds a later version."""
        while self.catalogue.version <= version:
            await self._newer.wait()

    async def catch_up(self) -> None:
        """Read what is stored and not here yet."""
        async with self._turn:
            if not self.catalogue.version and self._snapshots is not None:
                self._take_over(await self._snapshots.restored())
            while True:
                part = await self._store.read_after(self.catalogue.version)
                self._apply(encode_batch(part))
                if part.version == part.newest_version:
                    return

    async def _is_behind(self) -> bool:
        return await self._store.newest_version() != self.catalogue.version

    def _apply_message(self, message: Message) -> None:
        notice = CatalogueNotice()
        try:
            notice.ParseFromString(message.data)
            if notice.fetch and notice.batch.version > self.catalogue.version:
                raise GapError("rows were left out")
            self._apply(notice.batch)
        except (CatalogueGapError, DecodeError) as error:
            raise GapError(str(error)) from error

    def _take_over(self, restored: Restored | None) -> None:
        if restored is not None:
            self.catalogue.take_over(restored.catalogue)
            self.sizes.take_over(restored.sizes)
            self.attributes.take_over(restored.attributes)
            self._tell(range(1, self.catalogue.size))

    def _apply(self, batch: CatalogueBatch) -> None:
        changed = self.catalogue.apply(batch)
        if not changed:
            return
        sizes = [row.attributes[ATTRIBUTE] if row.attributes else "" for row in batch.rows]
        self.sizes.put(changed, sizes)
        self.attributes.put(
            changed,
            [row.attributes for row in batch.rows],
            [row.brand for row in batch.rows],
        )
        self._tell_full()
        if len(self._unkept) < WORTH_KEEPING:
            self._unkept.update(changed)
        if self._copy is not None:
            self._copy.changed(changed)
        self._tell(changed)

    def _tell_full(self) -> None:
        """Tell once of each attribute that has so many values that more are left out."""
        for name in sorted(self.attributes.full - self._told_full):
            log.warning("attribute_values_left_out", attribute=name or "a new one")
        self._told_full |= self.attributes.full

    def _tell(self, changed: Sequence[int]) -> None:
        self._newer.set()
        self._newer = asyncio.Event()
        self.on_change(changed)

    async def _keep_for_ever(self, snapshots: CatalogueSnapshots) -> None:
        """Write the catalogue aside whenever so much came that a start would have to wait for it.

        While an import goes on it would soon be old, so that is waited for, but not for ever.
        """
        await self.ready()
        while True:
            if len(self._unkept) < WORTH_KEEPING:
                await self.newer_than(self.catalogue.version)
                continue
            await self._quiet()
            unkept, self._unkept = self._unkept, set()
            try:
                await snapshots.keep(await self._copied(), self.sizes, self.attributes)
            except (TouchpointError, OSError) as error:
                log.warning("catalogue_snapshot_not_written", reason=str(error))
                self._unkept |= unkept
                await asyncio.sleep(_RETRY_S)

    async def _quiet(self) -> None:
        """Return once nothing came for a while, or after a longer while."""
        try:
            async with asyncio.timeout(_LONGEST_S):
                while True:
                    try:
                        async with asyncio.timeout(_QUIET_S):
                            await self.newer_than(self.catalogue.version)
                    except TimeoutError:
                        return
        except TimeoutError:
            return

    async def _copied(self) -> CatalogueCopy:
        """Copy all columns between requests, and what changes meanwhile once more."""
        self._copy = copy = CatalogueCopy(self.catalogue)
        try:
            while True:
                if copy.step():
                    return copy
                await asyncio.sleep(0)
        finally:
            self._copy = None
