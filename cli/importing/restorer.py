"""Brings an export into another home: the catalogue, persons under their ids, events as stamped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

import grpc.aio

from cli.exporting import tables
from cli.exporting.table import Table
from cli.importing.exported import Export
from cli.importing.patience import repeated
from cli.importing.report import Report, RowError
from cli.importing.row_file import BrokenFileError
from cli.importing.target import (
    FINISH_TIMEOUT_S,
    SLICE_TIMEOUT_S,
    ItemsTarget,
    OffersTarget,
    Target,
)
from touchpoint.client import call_error
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.profile.v1.transfer_pb2 import EventRecords
from touchpoint.retrieval.v1.retrieval_service_pb2 import GetCatalogueVersionRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

_IN_FLIGHT = 3
"""Slices of events on their way at once; they need no order."""

Tell = Callable[[int], None]
"""Told how many more rows have been sent."""
IdOf = Callable[[Any], str]


@dataclass(slots=True)
class Restorer:
    """Restores one export; what was restored when it stops stays, and repeating it goes on."""

    export: Export
    profile: grpc.aio.Channel
    retrieval: grpc.aio.Channel
    tell: Tell
    report: Report = field(default_factory=Report)

    async def run(self) -> Report:
        began = time.monotonic()
        try:
            await self._catalogue()
            await self._persons()
            await self._events()
        except grpc.aio.AioRpcError as error:
            self.report.stopped = str(call_error(error)) or error.code().name
        except BrokenFileError as error:
            self.report.stopped = str(error)
        self.report.seconds = time.monotonic() - began
        return self.report

    async def _catalogue(self) -> None:
        items, offers = ItemsTarget(self.retrieval, ""), OffersTarget(self.retrieval, "")
        await self._written(tables.ITEMS, items, self.export.items(), attrgetter("item_id"))
        await self._written(tables.OFFERS, offers, self.export.offers(), attrgetter("offer_id"))

    async def _written(
        self, table: Table, target: Target, slices: Iterable[Sequence[Any]], id_of: IdOf
    ) -> None:
        for messages in slices:
            outcome = await repeated(partial(target.send, messages, 0))
            self._count(len(messages), outcome.applied, 0)
            self._refuse(table, outcome.refused, list(map(id_of, messages)))

    async def _persons(self) -> None:
        stub = ProfileServiceStub(self.profile)
        for persons in self.export.persons():
            request = pb.RestorePersonsRequest(import_id=self.export.name, persons=persons)
            answer = await _called(stub.RestorePersons, request)
            self._count(len(persons), answer.created, answer.updated)
            self._refuse(tables.PERSONS, answer.rejected, [e.person_id for e in persons])
        for links in self.export.links():
            request = pb.RestorePersonsRequest(import_id=self.export.name, links=links)
            answer = await _called(stub.RestorePersons, request)
            refused = len(answer.rejected_links)
            self._count(len(links), answer.linked, len(links) - answer.linked - refused)
            self._refuse(tables.LINKS, answer.rejected_links, [e.link_id for e in links])
        await self._referrals(stub)

    async def _referrals(self, stub: Any) -> None:
        """Send those who referred somebody again, now that everybody is there."""
        for persons in self.export.persons():
            referring = [each for each in persons if each.referrals]
            if referring:
                request = pb.RestorePersonsRequest(import_id=self.export.name, persons=referring)
                await _called(stub.RestorePersons, request)

    async def _events(self) -> None:
        version = await RetrievalServiceStub(self.retrieval).GetCatalogueVersion(
            GetCatalogueVersionRequest(), timeout=SLICE_TIMEOUT_S
        )
        sending: set[asyncio.Task[None]] = set()
        try:
            for records in self.export.events():
                sending.add(asyncio.create_task(self._send(records, version.version)))
                if len(sending) >= _IN_FLIGHT:
                    done, sending = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
        finally:
            await asyncio.gather(*sending)
        request = pb.FinishImportRequest(import_id=self.export.name)
        finish = ProfileServiceStub(self.profile).FinishImport
        answer = await _called(finish, request, FINISH_TIMEOUT_S)
        self.report.persons, self.report.parked = answer.persons, answer.parked

    async def _send(self, records: EventRecords, version: int) -> None:
        request = pb.RestoreEventsRequest(
            import_id=self.export.name, events=records, catalogue_version=version
        )
        answer = await _called(ProfileServiceStub(self.profile).RestoreEvents, request)
        self._count(len(records.event_ids), answer.accepted, answer.duplicates)
        self._refuse(tables.EVENTS, answer.rejected, records.event_ids)

    def _count(self, rows: int, applied: int, duplicates: int) -> None:
        self.report.rows += rows
        self.report.applied += applied
        self.report.duplicates += duplicates
        self.tell(rows)

    def _refuse(self, table: Table, refused: Iterable[Any], ids: Sequence[str]) -> None:
        """Tell what was refused by the row's id: its place says nothing in many files."""
        for each in refused:
            reason = each.message if isinstance(each, pb.RejectedEvent) else each.reason
            where = f"{table.name} {ids[each.index]}"
            self.report.refuse(RowError(0, where, reason))


async def _called(
    rpc: Callable[..., Awaitable[Any]], request: Any, timeout_s: float = SLICE_TIMEOUT_S
) -> Any:
    return await repeated(partial(rpc, request, timeout=timeout_s))
