"""The rpcs of retrieval: proto in, domain call, proto out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from services.retrieval.audience_rpcs import Audiences
from services.retrieval.definitions import Definitions
from services.retrieval.domain.catalogue import (
    CatalogueStore,
    Draft,
    Rejection,
)
from services.retrieval.domain.levers import LeverStore
from services.retrieval.domain.merging import Merged
from services.retrieval.domain.retriever import Retriever
from services.retrieval.failures import SOURCE_NAMES, FailureLog
from services.retrieval.intake import read_items, read_offers
from services.retrieval.lever_rpcs import LeverDesk
from services.retrieval.model_rpcs import Learning, told
from services.retrieval.moment import MomentReader
from services.retrieval.plugins import Plugins
from services.retrieval.rows import encode_row
from services.retrieval.slices import SliceReader
from shared.call import Call
from shared.definitions import BundleFollower
from shared.errors import FieldViolation, InvalidArgument
from shared.person_export import demand_permission
from touchpoint.common.v1.decision_pb2 import Candidates
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import RejectedRow

LEAST_PER_PLACE = 4
"""Candidates looked for at any quality, for each place to fill: rules may remove most of them."""
DEFAULT_POPULAR = 50
_WITHOUT_DEADLINE_S = 0.1
_KEPT_BACK_S = 0.002
"""For merging and the way back."""
_LOOK_AGAIN_S = 1.0
"""A follower of the catalogue is served from the store at least this often."""


class Replica(Protocol):
    """The catalogue in memory, as far as the rpcs have to do with it."""

    async def catch_up(self) -> None:
        """Take over what was just written."""
        ...

    async def newer_than(self, version: int) -> None:
        """Return once there is a later version."""
        ...


class WritableCatalogue(CatalogueStore, LeverStore, Protocol):
    """Keeps rows, and the levers that are set of them."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Where the catalogue is written, and what amounts without a currency are in."""

    store: WritableCatalogue
    replica: Replica
    currency: str


class RetrievalServicer:
    """Answers what could be proposed, and keeps the catalogue."""

    def __init__(
        self,
        writing: Writing,
        retriever: Retriever,
        moments: MomentReader,
        bundles: BundleFollower[Definitions],
        learning: Learning,
        audiences: Audiences,
        *,
        catalogue_version: Callable[[], int],
        now_us: Callable[[], int],
        forget: Callable[[Collection[str]], None],
        plugins: Plugins,
        candidates: int,
    ) -> None:
        """Take the parts; `forget` drops what is remembered of persons.

        `candidates` are looked for where a request does not say how many.
        """
        self._writing = writing
        self._slices = SliceReader(writing.store)
        self._levers = LeverDesk(writing.store, now_us)
        self._retriever = retriever
        self._moments = moments
        self._bundles = bundles
        self._learning = learning
        self._audiences = audiences
        self._catalogue_version = catalogue_version
        self._now_us = now_us
        self._forget = forget
        self._plugins = plugins
        self._candidates = candidates
        self._failures = FailureLog()

    async def retrieve(self, call: Call, request: pb.RetrieveRequest) -> pb.RetrieveResponse:
        context = request.context
        definitions = self._bundles.of(context.bundle_hash)
        if not request.snapshot and context.HasField("trial"):
            definitions = definitions.beside(self._bundles.of(context.trial.bundle_hash))
        quality = request.quality or 1.0
        limit = _wanted(request, quality, self._candidates)
        query = self._moments.query(context, request.snapshot, definitions, limit)
        model = query.model.name if query.model else self._learning.model
        timeout_s = _timeout_s(call)
        asked = self._plugins.ask(call, request, query, timeout_s, quality)
        found = await self._retriever.retrieve(query, timeout_s, asked, quality)
        self._failures.add(found.reports)
        response = pb.RetrieveResponse()
        _write(found.candidates, response.candidates)
        response.candidates.evidence_texts.extend(found.texts)
        for report in found.reports:
            response.sources.add(
                source=SOURCE_NAMES[report.source],
                candidates=report.candidates,
                spent_ms=report.spent_ms,
                failure=report.failure,
                plugin=report.plugin,
                dropped=report.dropped,
            )
        response.versions.catalogue_version = self._catalogue_version()
        response.versions.bundle_hash = context.bundle_hash
        response.versions.model = model  # another one may be served by now
        return response

    async def get_popular(self, call: Call, request: pb.GetPopularRequest) -> pb.GetPopularResponse:
        definitions = self._bundles.of(request.bundle_hash)
        places = _places(request.placements, definitions)
        limit = request.limit or DEFAULT_POPULAR
        response = pb.GetPopularResponse()
        for place in places:
            query = self._moments.popular(place, definitions, self._now_us(), limit)
            found = await self._retriever.retrieve(query, _timeout_s(call))
            _write(found.candidates, response.lists.add(placement=place).candidates)
        return response

    async def upsert_items(
        self, call: Call, request: pb.UpsertItemsRequest
    ) -> pb.UpsertItemsResponse:
        drafts, rejections = read_items(request.items, self._writing.currency)
        version, rejected = await self._write([] if request.dry_run else drafts, rejections)
        return pb.UpsertItemsResponse(
            written=len(request.items) - len({row.index for row in rejected}),
            rejected=rejected,
            catalogue_version=version,
        )

    async def upsert_offers(
        self, call: Call, request: pb.UpsertOffersRequest
    ) -> pb.UpsertOffersResponse:
        drafts, rejections = read_offers(request.offers, self._writing.currency)
        version, rejected = await self._write([] if request.dry_run else drafts, rejections)
        return pb.UpsertOffersResponse(
            written=len(request.offers) - len({row.index for row in rejected}),
            rejected=rejected,
            catalogue_version=version,
        )

    async def stream_catalogue(
        self, call: Call, request: pb.StreamCatalogueRequest
    ) -> AsyncIterator[pb.StreamCatalogueResponse]:
        version, is_first = request.version, True
        while True:
            part = await self._slices.after(version)
            if is_first or part.batch.version > version:
                yield part
            version, is_first = part.batch.version, False
            if version < part.newest_version:
                continue
            if not request.follow:
                return
            await self._wait_for_newer(version)

    async def get_catalogue_version(
        self, call: Call, request: pb.GetCatalogueVersionRequest
    ) -> pb.GetCatalogueVersionResponse:
        """Answer from memory, which is compared with the store just as often."""
        return pb.GetCatalogueVersionResponse(version=self._catalogue_version())

    async def get_offers(self, call: Call, request: pb.GetOffersRequest) -> pb.GetOffersResponse:
        entries = await self._writing.store.find(request.offer_ids)
        return pb.GetOffersResponse(rows=[encode_row(entry) for entry in entries])

    async def set_lever(self, call: Call, request: pb.SetLeverRequest) -> pb.SetLeverResponse:
        response = await self._levers.set(call, request)
        await self._writing.replica.catch_up()
        return response

    async def list_levers(self, call: Call, request: pb.ListLeversRequest) -> pb.ListLeversResponse:
        return await self._levers.listed(request)

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        """Drop what memory holds, and their vectors; counts have no names."""
        self._forget(request.person_ids)
        return pb.ErasePersonResponse(rows=await self._learning.erase(request.person_ids))

    async def export_person(
        self, call: Call, request: pb.ExportPersonRequest
    ) -> AsyncIterator[pb.ExportPersonResponse]:
        demand_permission(call)
        async for table, rows in self._learning.export(request.person_ids):
            yield pb.ExportPersonResponse(table=table, rows=rows)

    async def find_lookalikes(
        self, call: Call, request: pb.FindLookalikesRequest
    ) -> AsyncIterator[pb.FindLookalikesResponse]:
        demand_permission(call)
        async with aclosing(self._audiences.lookalikes(request)) as responses:
            async for response in responses:
                yield response

    async def train(self, call: Call, request: pb.TrainRequest) -> AsyncIterator[pb.TrainResponse]:
        async with aclosing(
            told(self._learning.trainer, self._learning.replica, request)
        ) as responses:
            async for response in responses:
                yield response

    async def get_model(self, call: Call, request: pb.GetModelRequest) -> pb.GetModelResponse:
        return self._learning.described()

    async def list_models(self, call: Call, request: pb.ListModelsRequest) -> pb.ListModelsResponse:
        return await self._learning.listed()

    async def roll_back_model(
        self, call: Call, request: pb.RollBackModelRequest
    ) -> pb.RollBackModelResponse:
        return await self._learning.rolled_back(request.model)

    async def _write(
        self, drafts: Sequence[Draft], rejections: Sequence[Rejection]
    ) -> tuple[int, list[RejectedRow]]:
        written = await self._writing.store.write(drafts)
        await self._writing.replica.catch_up()
        rejected = sorted((*rejections, *written.rejections), key=lambda row: row.index)
        return written.version, [
            RejectedRow(index=row.index, field=row.field, message=row.message) for row in rejected
        ]

    async def _wait_for_newer(self, version: int) -> None:
        try:
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self._writing.replica.newer_than(version)
        except TimeoutError:
            return


def _wanted(request: pb.RetrieveRequest, quality: float, usual: int) -> int:
    """Return how many candidates to look for."""
    limit = request.limit or usual
    places = sum(ask.limit for ask in request.context.placements)
    return min(limit, max(round(limit * quality), LEAST_PER_PLACE * places, 1))


def _timeout_s(call: Call) -> float:
    remaining_s = call.budget.remaining_s() if call.budget else _WITHOUT_DEADLINE_S
    return max(remaining_s - _KEPT_BACK_S, 0.0)


def _places(asked: Collection[str], definitions: Definitions) -> Collection[str]:
    wrong = [
        FieldViolation(f"placements[{at}]", "is no placement of these definitions")
        for at, place in enumerate(asked)
        if place not in definitions.places
    ]
    if wrong:
        raise InvalidArgument(wrong)
    return asked or definitions.places


def _write(merged: Merged, candidates: Candidates) -> None:
    """Write the columns into their message in place: handing a message to another copies it."""
    candidates.offer_nos.extend(merged.offer_nos.tolist())
    candidates.sources.extend(merged.sources.tolist())
    candidates.scores.extend(merged.scores.tolist())
    candidates.evidence_nos.extend(merged.evidence_nos.tolist())
    candidates.evidence_counts.extend(merged.evidence_counts.tolist())
    candidates.evidence_totals.extend(merged.evidence_totals.tolist())
    candidates.evidence_kinds.extend(merged.evidence_kinds.tolist())
