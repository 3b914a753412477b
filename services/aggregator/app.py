"""The composition root of the edge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from services.aggregator import priorities
from services.aggregator.admission import NEEDS, EdgeAdmission
from services.aggregator.asking import Asking, Tried, nothing_tried, tried_by
from services.aggregator.briefing import Briefings
from services.aggregator.config import AggregatorSettings
from services.aggregator.contacts import ContactDesk
from services.aggregator.definitions import compile_bundle
from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.quality import Qualities
from services.aggregator.domain.sampling import Sampler
from services.aggregator.explaining import Explaining
from services.aggregator.identification import Identification
from services.aggregator.pages import API, API_TOLD, BEACONS, CLICKS, sample_pages
from services.aggregator.peers import PEERS, Peers
from services.aggregator.pipeline.pipeline import Pipeline
from services.aggregator.pipeline.recording import Recorder
from services.aggregator.pipeline.unconfirmed import Unconfirmed
from services.aggregator.pipeline.wording import Wording
from services.aggregator.popular import PopularLists
from services.aggregator.preferences import PreferenceDesk
from services.aggregator.questions import QuestionDesk
from services.aggregator.recommending import Apart, Recommending
from services.aggregator.relationships import RelationshipDesk
from services.aggregator.routing import CallRouting
from services.aggregator.servicer import DEADLINES, AggregatorServicer
from services.aggregator.tasks import TaskDesk
from services.aggregator.tracking import Tracking
from services.aggregator.unsubscribing import UnsubscribeDesk
from services.aggregator.validation import validators
from services.aggregator.view.views import Views
from services.aggregator.visitor_caps import VisitorCaps
from services.aggregator.warming import previews
from shared.binding import Binding, bind
from shared.catalogue import Catalogue
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, RpcBundleSource
from shared.logging import get_logger
from shared.openapi.document import openapi_pages
from shared.overload.priority import Priority
from shared.service import HttpFace, Runtime, Service
from touchpoint.aggregator.v1.aggregator_service_pb2 import DESCRIPTOR

log = get_logger(__name__)


@asynccontextmanager
async def open_service(settings: AggregatorSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the edge on its peers, its catalogue and its definitions; it stores nothing itself."""
    await runtime.postgres()  # the business clock stands on it
    bus = await runtime.bus()
    peers = Peers.over(runtime)
    catalogue = CatalogueFollower(bus, peers.retrieval, service=settings.service, details=True)
    source = RpcBundleSource(peers.rules, settings.service)
    bundles = BundleFollower(bus, source, compile_bundle)
    popular = PopularLists(peers.retrieval, lambda: bundles.active_hash)
    identification = Identification(settings.deployment_key, settings.phone_region)
    apart, qualities = Apart(), Qualities(changed=_tell_quality)
    unconfirmed = Unconfirmed(peers, Wording(catalogue.catalogue))
    binding = bound(
        peers,
        catalogue.catalogue,
        popular,
        identification,
        lambda: bundles.active,
        runtime.clock,
        apart,
        _recorder(settings.recorded_per_hour),
        tried_by(bundles),
        qualities,
        unconfirmed,
        VisitorCaps(settings.visitor_requests_per_minute, settings.visitor_events_per_minute),
    )
    channels = [runtime.channel(peer) for peer in PEERS]
    yield Service(
        name=settings.service,
        bindings=(binding,),
        checks={"catalogue": catalogue.check_ready, "definitions": bundles.check},
        watched={"catalogue_lag": catalogue.check_lag},
        answers_without_postgres=True,
        background={
            "catalogue": catalogue.run,
            "definitions": bundles.run,
            "popular": popular.keep_warm,
            "unconfirmed": unconfirmed.run,
        },
        warm_up=previews(binding, lambda: bundles.active, channels),
        http=_http_face(settings, binding),
        prioritise=priorities.prioritise,
        hear_load=lambda load: qualities.hear_load(lambda: load() / Priority.WEB.share),
        needs=NEEDS,
        admits=_admission(settings, identification),
    )
    await apart.drained()


def _http_face(settings: AggregatorSettings, binding: Binding) -> HttpFace:
    return HttpFace(
        settings.http_listen,
        (binding,),
        tuple(sorted(settings.allowed_origins)),
        {**sample_pages(), **openapi_pages(API, (binding,), API_TOLD)},
        CLICKS,
        BEACONS,
    )


def _admission(settings: AggregatorSettings, identification: Identification) -> EdgeAdmission:
    visitors = identification.visitors
    return EdgeAdmission(visitors, settings.default_channel, settings.default_placement)


def _tell_quality(quality: float, up_to_s: float) -> None:
    log.info("quality_changed", quality=quality, deadlines_up_to_ms=round(up_to_s * 1e3))


def _recorder(per_hour: int) -> Recorder:
    chance = Random()  # noqa: S311 a sample, no secret
    return Recorder(Sampler(per_hour, chance))


def bound(
    peers: Peers,
    catalogue: Catalogue,
    popular: PopularLists,
    identification: Identification,
    definitions: Callable[[], Definitions],
    clock: BusinessClock,
    apart: Apart,
    recorder: Recorder,
    tried: Callable[[], Tried | None] = nothing_tried,
    qualities: Qualities | None = None,
    unconfirmed: Unconfirmed | None = None,
    caps: VisitorCaps | None = None,
) -> Binding:
    """Build the edge over its parts and bind it to its contract."""
    wording = Wording(catalogue)
    pipeline = Pipeline(
        peers,
        catalogue,
        popular,
        recorder,
        qualities or Qualities(),
        unconfirmed or Unconfirmed(peers, wording),
    )
    caps = caps or VisitorCaps()
    asking = Asking(definitions, catalogue, identification, clock, tried)
    servicer = AggregatorServicer(
        recommending=Recommending(asking, pipeline, wording, apart, CallRouting(peers)),
        tracking=Tracking(peers, identification, caps),
        views=Views(peers, asking, pipeline, wording, catalogue),
        explaining=Explaining(peers, wording, definitions, tried),
        contacts=ContactDesk(peers, identification, catalogue, definitions),
        tasks=TaskDesk(peers, Briefings(peers, wording, clock)),
        questions=QuestionDesk(peers, identification),
        identification=identification,
        caps=caps,
        preferences=PreferenceDesk(peers, identification, wording, clock),
        unsubscribing=UnsubscribeDesk(peers, identification.links, clock),
        relationships=RelationshipDesk(
            peers, identification, wording, catalogue, clock, definitions
        ),
        definitions=definitions,
        clock=clock,
    )
    contract = DESCRIPTOR.services_by_name["AggregatorService"]
    return bind(contract, servicer, validators=validators(definitions), deadlines=DEADLINES)
