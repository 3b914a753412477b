"""The services that imported rows go to, one rpc per slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import grpc.aio

from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.profile.v1.transfer_pb2 import EventRows
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

SLICE_TIMEOUT_S = 60.0
FINISH_TIMEOUT_S = 600.0
"""Traits of all persons an import touched are computed in one call."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of a slice that the service refused."""

    index: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a slice."""

    applied: int
    duplicates: int
    refused: Sequence[Refused]


class Finished(NamedTuple):
    """What the end of an import came to."""

    persons: int = 0
    """Whose traits were computed."""
    parked: int = 0
    """Events that are in the log and could not be counted in a profile."""


class Target(Protocol):
    """Takes slices of one kind of rows."""

    in_flight: int
    """How many slices may be on their way at once."""

    async def send(self, messages: Any, first_row: int) -> Outcome:
        """Apply a slice; raises grpc.aio.AioRpcError."""

    async def finish(self) -> Finished:
        """End the import."""


class EventsTarget:
    """Events and contacts go to profile as history, in columns."""

    in_flight = 3

    def __init__(self, channel: grpc.aio.Channel, import_id: str, *, dry_run: bool = False) -> None:
        self._stub = ProfileServiceStub(channel)
        self._import_id = import_id
        self._dry_run = dry_run

    async def send(self, messages: EventRows, first_row: int) -> Outcome:
        request = profile_pb.ImportEventsRequest(
            import_id=self._import_id,
            rows=messages,
            first_row=first_row,
            dry_run=self._dry_run,
        )
        answer = await self._stub.ImportEvents(request, timeout=SLICE_TIMEOUT_S)
        return Outcome(answer.accepted, answer.duplicates, _refused(answer.rejected))

    async def finish(self) -> Finished:
        if self._dry_run:
            return Finished()
        request = profile_pb.FinishImportRequest(import_id=self._import_id)
        answer = await self._stub.FinishImport(request, timeout=FINISH_TIMEOUT_S)
        return Finished(answer.persons, answer.parked)


class CustomersTarget:
    """Customers go to profile."""

    in_flight = 1

    def __init__(self, channel: grpc.aio.Channel, import_id: str, *, dry_run: bool = False) -> None:
        self._stub = ProfileServiceStub(channel)
        self._import_id = import_id
        self._dry_run = dry_run

    async def send(self, messages: Sequence[Any], first_row: int) -> Outcome:
        request = profile_pb.ImportCustomersRequest(
            import_id=self._import_id, customers=messages, dry_run=self._dry_run
        )
        answer = await self._stub.ImportCustomers(request, timeout=SLICE_TIMEOUT_S)
        return Outcome(answer.created + answer.updated, 0, _refused(answer.rejected))

    async def finish(self) -> Finished:
        return Finished()


class ItemsTarget:
    """Items go to retrieval, one slice after the other: a variant follows its head."""

    in_flight = 1

    def __init__(self, channel: grpc.aio.Channel, import_id: str, *, dry_run: bool = False) -> None:
        del import_id  # writing an item twice is writing it once
        self._stub = RetrievalServiceStub(channel)
        self._dry_run = dry_run

    async def send(self, messages: Sequence[Any], first_row: int) -> Outcome:
        request = retrieval_pb.UpsertItemsRequest(items=messages, dry_run=self._dry_run)
        answer = await self._stub.UpsertItems(request, timeout=SLICE_TIMEOUT_S)
        return Outcome(answer.written, 0, _by_field(answer.rejected))

    async def finish(self) -> Finished:
        return Finished()


class OffersTarget:
    """Offers go to retrieval."""

    in_flight = 1

    def __init__(self, channel: grpc.aio.Channel, import_id: str, *, dry_run: bool = False) -> None:
        del import_id
        self._stub = RetrievalServiceStub(channel)
        self._dry_run = dry_run

    async def send(self, messages: Sequence[Any], first_row: int) -> Outcome:
        request = retrieval_pb.UpsertOffersRequest(offers=messages, dry_run=self._dry_run)
        answer = await self._stub.UpsertOffers(request, timeout=SLICE_TIMEOUT_S)
        return Outcome(answer.written, 0, _by_field(answer.rejected))

    async def finish(self) -> Finished:
        return Finished()


def _refused(rejected: Sequence[Any]) -> list[Refused]:
    return [Refused(row.index, "", f"{row.message} ({row.code})") for row in rejected]


def _by_field(rejected: Sequence[Any]) -> list[Refused]:
    return [Refused(row.index, row.field, row.message) for row in rejected]


TARGETS: Mapping[str, tuple[str, type[Any]]] = {
    "items": ("retrieval", ItemsTarget),
    "offers": ("retrieval", OffersTarget),
    "customers": ("profile", CustomersTarget),
    "events": ("profile", EventsTarget),
    "contacts": ("profile", EventsTarget),
    "answers": ("profile", EventsTarget),
}
"""Kind of file to the service that takes it and how it is sent there."""
