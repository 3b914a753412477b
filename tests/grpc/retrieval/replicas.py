"""A retrieval service for tests: real parts on the store and the bus that forget."""

from contextlib import asynccontextmanager

import numpy as np

from services.retrieval.app import QUOTAS, sources
from services.retrieval.definitions import Definitions, Place
from services.retrieval.domain.popularity import Popularity, SeenEvents
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.shelves import Shelves
from services.retrieval.moment import MomentReader
from services.retrieval.servicer import RetrievalServicer, Writing
from services.retrieval.storage.replica import CatalogueReplica
from services.retrieval.validation import VALIDATORS
from shared.binding import bind
from shared.errors import Unavailable
from shared.testing.grpc import grpc_service
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
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


class Retrieval:
    """The parts of one replica, and a stub to call it."""

    def __init__(self, store, bus, clock):
        self.store = store
        self.clock = clock
        self.popularity = Popularity(clock.now_us())
        self.seen = SeenEvents()
        self.bundles = OneBundle()
        self.replica = CatalogueReplica(bus, store)
        catalogue = self.replica.catalogue
        self.shelves = Shelves(catalogue, self.replica.sizes, lambda: self.popularity, clock.now_us)
        self.replica.on_change = self.shelves.rows_changed
        self.servicer = RetrievalServicer(
            Writing(store, self.replica, "USD"),
            Retriever(catalogue, sources(catalogue), QUOTAS),
            MomentReader(catalogue, self.replica.sizes, self.shelves),
            self.bundles,
            catalogue_version=lambda: catalogue.version,
            now_us=clock.now_us,
            forget=self.seen.forget,
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
