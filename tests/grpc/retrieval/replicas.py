"""A retrieval service for tests: real parts on the store and the bus that forget."""

from contextlib import asynccontextmanager
from functools import partial

import grpc
import numpy as np

from services.retrieval.audience_rpcs import Audiences
from services.retrieval.definitions import Definitions, Place
from services.retrieval.domain.crowds import Crowds
from services.retrieval.domain.lifts import CrowdLifts
from services.retrieval.domain.likelihood import Likelihoods
from services.retrieval.domain.live_contents import LiveContents
from services.retrieval.domain.made_for import MadeFor
from services.retrieval.domain.popularity import Popularity, SeenEvents
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.schedule import Schedule
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.trends import Trends
from services.retrieval.model_rpcs import Learning
from services.retrieval.moment import MomentReader
from services.retrieval.plugins import Plugins
from services.retrieval.servicer import RetrievalServicer, Writing
from services.retrieval.sourcing import BELIEFS, MAY_BE_SPARED, QUOTAS, sources
from services.retrieval.storage.erasing import ModelEraser
from services.retrieval.storage.event_log import EventLog
from services.retrieval.storage.export import export_person
from services.retrieval.storage.in_memory_models import InMemoryModels
from services.retrieval.storage.model_replica import ModelReplica
from services.retrieval.storage.replica import CatalogueReplica
from services.retrieval.storage.training_process import train_aside
from services.retrieval.training_run import Trainer
from services.retrieval.validation import VALIDATORS
from services.retrieval.wardrobes import WardrobeReader
from shared.binding import bind
from shared.errors import Unavailable
from shared.testing.grpc import grpc_service
from tests.unit.retrieval.learned import CATALOGUE_ID, ExactIndex, InMemoryArtefacts
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.profile.v1.audience_pb2 import MembershipColumns, PeopleColumns
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    PersonSet,
    PreviewSegmentResponse,
    StreamEventsResponse,
    StreamIdentitiesResponse,
    StreamMembershipsResponse,
    StreamPeopleResponse,
    StreamRefusalsResponse,
)
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

CANDIDATES = 30
"""Looked for where a request does not say how many."""
PLACES = {
    "web.home.banner": Place(frozenset({OfferKind.PRODUCT, OfferKind.PROMOTION}), Channel.WEB),
    "ivr.menu": Place(frozenset({OfferKind.SERVICE}), Channel.IVR),
}


class OneBundle:
    """Definitions of which one bundle is loaded, `b`, or another beside it that is tried."""

    tried = None

    def __init__(self, defined_nos=()):
        self.definitions = Definitions(PLACES, np.array(defined_nos, np.uint32))

    def of(self, bundle_hash):
        if bundle_hash == "tried" and self.tried is not None:
            return self.tried
        if bundle_hash != "b":
            raise Unavailable("not loaded here", reason="BUNDLE_UNKNOWN")
        return self.definitions


class EventLogOfProfile:
    """Profile's event log, as far as StreamEvents shows it."""

    def __init__(self):
        self.columns = EventColumns()
        self.people = PeopleColumns()
        self.requests = []
        self.segments = {"best", "worst"}
        self.memberships = []
        """Person, segment, and whether they are in it."""
        self.sets = []
        self.refusing = []

    def add(self, person_id, offer_no, event_type="purchase", time_us=1):
        self.columns.person_ids.append(person_id)
        self.columns.types.append(event_type)
        self.columns.offer_nos.append(offer_no)
        self.columns.times_us.append(time_us)

    def PreviewSegment(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        if request.segment in self.segments:
            return Streamed([PreviewSegmentResponse()])
        code, nothing = grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata()
        told = f"there is no segment {request.segment}"
        return Streamed([grpc.aio.AioRpcError(code, nothing, nothing, told)])

    def StreamMemberships(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        asked = [each for each in self.memberships if each[1] in request.segments]
        ids, segments, are_in = zip(*asked, strict=True) if asked else ((), (), ())
        columns = MembershipColumns(person_ids=ids, segments=segments, is_members=are_in)
        return Streamed([StreamMembershipsResponse(position=1, memberships=columns)])

    def StreamIdentities(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        sets = [PersonSet(person_ids=each, person_id=each[0]) for each in self.sets]
        return Streamed([StreamIdentitiesResponse(position=1, sets=sets)])

    def StreamRefusals(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        assert request.purpose == "profiling"
        return Streamed([StreamRefusalsResponse(person_ids=self.refusing)])

    def StreamEvents(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        self.requests.append(request)
        return Streamed([StreamEventsResponse(position=1, events=self._of(request.types))])

    def _of(self, types):
        """Return the events of those types; none named: all."""
        kept = [at for at, name in enumerate(self.columns.types) if not types or name in types]
        if len(kept) == len(self.columns.types):
            return self.columns
        columns = EventColumns()
        for field, values in self.columns.ListFields():
            if len(values) == len(self.columns.types):
                getattr(columns, field.name).extend(values[at] for at in kept)
        return columns

    def StreamPeople(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        return Streamed([StreamPeopleResponse(people=self.people)])


class Streamed:
    """A stream of answers that are there already, or of one refusal."""

    def __init__(self, answers):
        self._answers = answers

    async def __aiter__(self):
        for answer in self._answers:
            if isinstance(answer, Exception):
                raise answer
            yield answer

    def cancel(self):
        return True


class Retrieval:
    """The parts of one replica, and a stub to call it."""

    def __init__(self, store, bus, clock, pointers=None, artefacts=None, train=None, plugins=None):
        """Take what replicas share, what stands in for the child that trains, and plug-ins."""
        self.store = store
        self.clock = clock
        self.log = EventLogOfProfile()
        self.popularity = Popularity(clock.now_us())
        self.seen = SeenEvents()
        self.bundles = OneBundle()
        self.replica = CatalogueReplica(bus, store)
        catalogue = self.replica.catalogue
        self.pointers = pointers or InMemoryModels(CATALOGUE_ID, lambda: catalogue.version)
        self.artefacts = artefacts or InMemoryArtefacts()
        self.models = ModelReplica(bus, self.pointers, self.artefacts)
        self.eraser = ModelEraser(self.pointers, self.artefacts)
        self.shelves = Shelves(
            catalogue,
            self.replica.sizes,
            lambda: self.popularity,
            clock.now_us,
            lambda: self.models.model,
        )
        self.crowds = Crowds(clock.now_us())
        self.crowd_lifts = CrowdLifts(
            catalogue, lambda: self.crowds, lambda: self.popularity, clock.now_us
        )
        self.trends = Trends(
            catalogue, lambda: self.popularity, clock.now_us, lambda: self.models.model
        )
        self.attributes = AttributeShelf(self.replica.attributes, catalogue, self.shelves)
        self.contents = LiveContents(catalogue, ExactIndex, lambda: self.models.model)
        self.replica.on_change = self._rows_changed
        self.models.on_change = self._model_changed
        events = EventLog(self.log, catalogue)
        self.trainer = Trainer(
            self.pointers,
            self.artefacts,
            events,
            catalogue,
            clock.now_us,
            train or train_aside,
            served=lambda: self.models.served,
        )
        self.audiences = Audiences(self.log, catalogue)
        self.moments = MomentReader(
            catalogue,
            WardrobeReader(catalogue, self.replica.sizes, self.replica.attributes),
            self.shelves,
            lambda: self.models.model,
            lambda: self.contents.current,
            self.crowds.met,
        )
        self.servicer = self._servicer(catalogue, plugins or {})
        self.stub = None

    def _servicer(self, catalogue, plugins):
        """Return what answers the rpcs, made of these parts."""
        return RetrievalServicer(
            Writing(self.store, self.replica, "USD"),
            Retriever(
                catalogue,
                sources(catalogue, self.attributes, self.trends, self.crowd_lifts),
                QUOTAS,
                Likelihoods(BELIEFS),
                attributes=self.replica.attributes,
                suits=MadeFor(catalogue, self.attributes).suits,
                may_be_spared=MAY_BE_SPARED,
            ),
            self.moments,
            self.bundles,
            Learning(
                self.trainer,
                self.models,
                self.pointers,
                Schedule(0),
                self.eraser.erase,
                partial(export_person, self.pointers, self.artefacts),
            ),
            self.audiences,
            catalogue_version=lambda: catalogue.version,
            now_us=self.clock.now_us,
            forget=self._forget,
            plugins=Plugins(plugins, catalogue, 0.5),
            candidates=CANDIDATES,
        )

    @asynccontextmanager
    async def serving(self):
        contract = pb.DESCRIPTOR.services_by_name["RetrievalService"]
        async with grpc_service(bind(contract, self.servicer, validators=VALIDATORS)) as channel:
            self.stub = RetrievalServiceStub(channel)
            yield self

    async def items(self, *items):
        answer = await self.stub.UpsertItems(pb.UpsertItemsRequest(items=items), timeout=5)
        await self._settle()
        await self.attributes.lay_out()
        return answer

    async def offers(self, *offers):
        answer = await self.stub.UpsertOffers(pb.UpsertOffersRequest(offers=offers), timeout=5)
        await self._settle()
        return answer

    async def followed(self):
        """Take over what other replicas wrote."""
        await self.replica.catch_up()
        await self._settle()

    async def train(self, **request):
        """Train, and return how far it told it was and the report."""
        answer = self.stub.Train(pb.TrainRequest(**request), timeout=60)
        told = [response async for response in answer]
        await self._settle()
        return [each.progress for each in told[:-1]], told[-1].report

    def _rows_changed(self, offer_nos):
        self.shelves.rows_changed(offer_nos)
        self.contents.rows_changed(offer_nos)

    def _model_changed(self):
        self.shelves.model_changed()
        self.contents.model_changed()

    async def _settle(self):
        await self.shelves.restack()
        await self.contents.catch_up()

    def _forget(self, person_ids):
        self.seen.forget(person_ids)
        self.models.forget(person_ids)

    def no(self, offer_id):
        return self.replica.catalogue.offer_no(offer_id)

    def ids(self, candidates):
        return [self.replica.catalogue.offer_ids[number] for number in candidates.offer_nos]


def item(item_id, **fields):
    price = Money(amount=str(fields.pop("price", 100)), currency="USD")
    return Item(item_id=item_id, title=f"The {item_id}", price=price, **fields)


def promotion(offer_id, **fields):
    fields = {"kind": OfferKind.PROMOTION, **fields}
    return Offer(offer_id=offer_id, title=f"The {offer_id}", **fields)
