"""The composition root of retrieval."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, Protocol

from services.retrieval.audience_rpcs import Audiences
from services.retrieval.config import RetrievalSettings
from services.retrieval.definitions import DefinedOffers, Definitions
from services.retrieval.domain.lifts import CrowdLifts
from services.retrieval.domain.likelihood import Likelihoods
from services.retrieval.domain.live_contents import LiveContents
from services.retrieval.domain.made_for import MadeFor
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.query import CandidateSource
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.trends import Trends
from services.retrieval.learned import Learned, compose
from services.retrieval.moment import MomentReader
from services.retrieval.plugins import Plugins, PluginStubs, open_plugins
from services.retrieval.servicer import RetrievalServicer, Writing
from services.retrieval.sourcing import BELIEFS, MAY_BE_SPARED, QUOTAS, sources
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.indexes import build_index
from services.retrieval.storage.people import read_personas
from services.retrieval.storage.popularity import PopularityFeed
from services.retrieval.storage.replica import CatalogueReplica
from services.retrieval.storage.snapshots import CatalogueSnapshots
from services.retrieval.validation import VALIDATORS
from services.retrieval.wardrobes import WardrobeReader
from services.retrieval.warming import warming
from shared.artefacts import FolderArtefacts
from shared.binding import Binding, DeadlineLimits, bind
from shared.bus import Bus, Relay
from shared.definitions import BundleFollower, RpcBundleSource
from shared.middleware.shedding import giving_way
from shared.postgres import Database, migrate
from shared.service import Background, Runtime, Service
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2 import DESCRIPTOR
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

P = ParamSpec("P")

_WRITING = DeadlineLimits(default_s=10.0, maximum_s=30.0)


class _ReadModel(Protocol):
    """Something in memory that is read at the start."""

    async def ready(self) -> None:
        """Return once it is."""
        ...


@asynccontextmanager
async def open_service(settings: RetrievalSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open retrieval on its schema, with channels to its plug-ins."""
    async with (
        open_plugins(settings.external_sources) as stubs,
        _open(settings, runtime, stubs) as service,
    ):
        yield service


@dataclass(frozen=True, slots=True)
class _Memory:
    """What requests are answered from; each part follows those that it is made of."""

    replica: CatalogueReplica
    feed: PopularityFeed
    learned: Learned
    shelves: Shelves
    contents: LiveContents
    attributes: AttributeShelf
    trends: Trends
    crowds: CrowdLifts
    moments: MomentReader

    def sources(self) -> dict[int, CandidateSource]:
        """Return sources of their own: what one remembers is no other's."""
        return sources(self.replica.catalogue, self.attributes, self.trends, self.crowds)

    def background(self) -> dict[str, Background]:
        """Return what keeps it up to date."""
        replica = self.replica
        return {
            "catalogue": replica.run,
            "shelves": _after(self.shelves.run, replica),
            "contents": _after(self.contents.run, replica, self.learned.replica),
            # On a shelf that is not ranked, hardly anything would be found for minutes.
            "attributes": _after(self.attributes.run, replica, self.shelves),
            "trends": _after(self.trends.run, replica),
            "crowds": _after(self.crowds.run, replica),
            "popularity": self.feed.run,
            **self.learned.background,
        }


@asynccontextmanager
async def _open(
    settings: RetrievalSettings, runtime: Runtime, stubs: PluginStubs
) -> AsyncIterator[Service]:
    """Open retrieval on its schema.

    It is ready without any other service, because all others wait for its catalogue: what is
    popular and the definitions come later, and health does not wait for them.
    """
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    store = PostgresCatalogue(database)
    profile = ProfileServiceStub(runtime.channel("profile"))
    memory = remembered(settings, database, bus, store, profile, runtime.clock.now_us)
    replica, learned = memory.replica, memory.learned
    rules = RpcBundleSource(RulesServiceStub(runtime.channel("rules")), settings.service)
    defined = DefinedOffers(
        rules, store, settings.currency, replica.catch_up, memory.shelves.exchanged
    )
    bundles: BundleFollower[Definitions] = BundleFollower(bus, defined, defined.compile)
    relay = Relay(bus, database)
    servicer = RetrievalServicer(
        Writing(store, replica, settings.currency),
        _retriever(settings, memory),
        memory.moments,
        bundles,
        learned.learning,
        Audiences(profile, replica.catalogue),
        catalogue_version=lambda: replica.catalogue.version,
        now_us=runtime.clock.now_us,
        forget=learned.forget,
        plugins=Plugins(
            stubs,
            replica.catalogue,
            settings.external_share,
            told=settings.external_persons,
        ),
        candidates=settings.candidates,
    )
    yield Service(
        name=settings.service,
        bindings=(_bound(servicer),),
        prioritise=giving_way("UpsertItems", "UpsertOffers"),
        checks={
            "catalogue": replica.check_ready,
            "shelves": memory.shelves.check,
            "model": learned.replica.check_ready,
        },
        watched={
            "catalogue_lag": replica.check_lag,
            "popularity": memory.feed.check_lag,
            "relay": relay.check_lag,
            **learned.watched,
        },
        answers_without_postgres=True,
        background={"definitions": bundles.run, "relay": relay.run, **memory.background()},
    )


def remembered(
    settings: RetrievalSettings,
    database: Database,
    bus: Bus,
    store: PostgresCatalogue,
    profile: ProfileServiceAsyncStub,
    now_us: Callable[[], int],
) -> _Memory:
    """Compose what is remembered, and let each part hear of what it is made of."""
    files = FolderArtefacts(settings.home / "artefacts" / f"{settings.service}_catalogue")
    replica = CatalogueReplica(bus, store, CatalogueSnapshots(database, files))
    catalogue = replica.catalogue
    feed = PopularityFeed(bus, profile, now_us, lambda: read_personas(profile))

    def forget(person_ids: Collection[str]) -> None:
        feed.forget(person_ids)
        moments.forget(person_ids)

    learned = compose(settings, database, bus, profile, catalogue, now_us, forget)
    shelves = Shelves(catalogue, replica.sizes, lambda: feed.popularity, now_us, learned.model)
    contents = LiveContents(catalogue, build_index, learned.model)
    moments = MomentReader(
        catalogue,
        WardrobeReader(catalogue, replica.sizes, replica.attributes),
        shelves,
        learned.model,
        lambda: contents.current,
        feed.met,
    )
    memory = _Memory(
        replica,
        feed,
        learned,
        shelves,
        contents,
        AttributeShelf(replica.attributes, catalogue, shelves),
        Trends(catalogue, lambda: feed.popularity, now_us, learned.model),
        CrowdLifts(catalogue, lambda: feed.crowds, lambda: feed.popularity, now_us),
        moments,
    )
    replica.on_change = _each(shelves.rows_changed, contents.rows_changed)
    feed.on_recount = shelves.popularity_changed
    learned.replica.on_change = _each(shelves.model_changed, contents.model_changed)
    learned.replica.warm = warming(moments, memory.sources, contents.of_model)
    return memory


def _retriever(settings: RetrievalSettings, memory: _Memory) -> Retriever:
    return Retriever(
        memory.replica.catalogue,
        memory.sources(),
        {**QUOTAS, Source.EXTERNAL: settings.external_quota},
        Likelihoods(BELIEFS),
        attributes=memory.replica.attributes,
        suits=MadeFor(memory.replica.catalogue, memory.attributes).suits,
        may_be_spared=MAY_BE_SPARED,
    )


def _bound(servicer: RetrievalServicer) -> Binding:
    contract = DESCRIPTOR.services_by_name["RetrievalService"]
    slow = ("UpsertItems", "UpsertOffers", "ErasePerson", "RollBackModel")
    deadlines = dict.fromkeys(slow, _WRITING)
    return bind(contract, servicer, validators=VALIDATORS, deadlines=deadlines)


def _each(*heard: Callable[P, None]) -> Callable[P, None]:
    """Return what tells several of the same."""

    def tell(*args: P.args, **kwargs: P.kwargs) -> None:
        for each in heard:
            each(*args, **kwargs)

    return tell


def _after(run: Background, *models: _ReadModel) -> Background:
    """Return what runs once some have all that they need."""

    async def run_for_ever() -> None:
        for each in models:
            await each.ready()
        await run()

    return run_for_ever
