"""A retrieval service for tests: real parts on the store and the bus that forget."""

from contextlib import asynccontextmanager
from functools import partial

import numpy as np

from services.retrieval.app import QUOTAS, sources
from services.retrieval.definitions import Definitions, Place
from services.retrieval.domain.popularity import Popularity, SeenEvents
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.shelves import Shelves
from services.retrieval.model_rpcs import Learning
from services.retrieval.moment import MomentReader
from services.retrieval.servicer import RetrievalServicer, Writing
from services.retrieval.storage.erasing import ModelEraser
from services.retrieval.storage.event_log import EventLog
from services.retrieval.storage.export import export_person
from services.retrieval.storage.in_memory_models import InMemoryModels
from services.retrieval.storage.model_replica import ModelReplica
from services.retrieval.storage.replica import CatalogueReplica
from services.retrieval.storage.training_process import train_aside
from services.retrieval.training_run import Trainer
from services.retrieval.validation import VALIDATORS
from shared.binding import bind
from shared.errors import Unavailable
from shared.testing.grpc import grpc_service
from tests.unit.retrieval.learned import CATALOGUE_ID, InMemoryArtefacts
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsResponse
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

PLACES = {
    "web.home.banner": Place(frozenset({OfferKind.PRODUCT, OfferKind.PROMOTION}), Channel.WEB),
    "ivr.menu": Place(frozenset({OfferKind.SERVICE}), Channel.IVR),
}


class OneBundle:
    """Definitions of which one bundle is loaded: `b`."""

    def __init__(self, defined_nos=()):
        self.definitions = Definitions(PLACES, np.array(defined_nos, np.uint32))

    def of(self, bundle_hash):
        if bundle_hash != "b":
            raise Unavailable("not loaded here", reason="BUNDLE_UNKNOWN")
        return self.definitions


class EventLogOfProfile:
    """Profile's event log, as far as StreamEvents shows it."""

    def __init__(self):
        self.columns = EventColumns()
        self.requests = []

    def add(self, person_id, offer_no, event_type="purchase", time_us=1):
        self.columns.person_ids.append(person_id)
        self.columns.types.append(event_type)
        self.columns.offer_nos.append(offer_no)
        self.columns.times_us.append(time_us)

    def StreamEvents(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        self.requests.append(request)
        return Streamed([StreamEventsResponse(position=1, events=self.columns)])


class Streamed:
    """A stream of answers that are there already."""

    def __init__(self, answers):
        self._answers = answers

    async def __aiter__(self):
        for answer in self._answers:
            yield answer

    def cancel(self):
        return True


class Retrieval:
    """The parts of one replica, and a stub to call it."""

    def __init__(self, store, bus, clock, pointers=None, artefacts=None, train=None):
        """Take what replicas share, and what stands in for the child that trains."""
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
        self.replica.on_change = self.shelves.rows_changed
        self.models.on_change = self.shelves.model_changed
        events = EventLog(self.log, catalogue)
        trainer = Trainer(
            self.pointers, self.artefacts, events, catalogue, clock.now_us, train or train_aside
        )
        self.servicer = RetrievalServicer(
            Writing(store, self.replica, "USD"),
            Retriever(catalogue, sources(catalogue), QUOTAS),
            MomentReader(catalogue, self.replica.sizes, self.shelves, lambda: self.models.model),
            self.bundles,
            Learning(
                trainer,
                self.models,
                self.eraser.erase,
                partial(export_person, self.pointers, self.artefacts),
            ),
            catalogue_version=lambda: catalogue.version,
            now_us=clock.now_us,
            forget=self._forget,
        )
        self.stub = None

    @asynccontextmanager
    async def serving(self):
        contract = pb.DESCRIPTOR.services_by_name["RetrievalService"]
        async with grpc_service(bind(contract, self.servicer, validators=VALIDATORS)) as channel:
            self.stub = RetrievalServiceStub(channel)
            yield self

    async def items(self, *items):
        answer = await self.stub.UpsertItems(pb.UpsertItemsRequest(items=items), timeout=5)
        await self.shelves.restack()
        return answer

    async def offers(self, *offers):
        answer = await self.stub.UpsertOffers(pb.UpsertOffersRequest(offers=offers), timeout=5)
        await self.shelves.restack()
        return answer

    async def train(self, **request):
        """Train, serve what came out, and return how far it told it was and the report."""
        answer = self.stub.Train(pb.TrainRequest(**request), timeout=60)
        told = [response async for response in answer]
        await self.models.catch_up()
        await self.shelves.restack()
        return [each.progress for each in told[:-1]], told[-1].report

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
