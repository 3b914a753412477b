"""The edge over fakes of the five services: a small shop, one person, and peers that can fail."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from services.aggregator.app import bound
from services.aggregator.asking import Asking
from services.aggregator.definitions import compile_bundle
from services.aggregator.domain.quality import Qualities
from services.aggregator.domain.sampling import Sampler
from services.aggregator.identification import Identification
from services.aggregator.peers import Peers
from services.aggregator.pipeline.pipeline import Pipeline
from services.aggregator.pipeline.recording import Recorder
from services.aggregator.pipeline.unconfirmed import Unconfirmed
from services.aggregator.pipeline.wording import Wording
from services.aggregator.popular import PopularLists
from services.aggregator.recommending import Apart, Recommending
from services.aggregator.routing import CallRouting
from services.aggregator.visitor_caps import VisitorCaps
from shared.call import Call
from shared.catalogue import Catalogue
from shared.errors import DeadlineExceeded
from shared.testing.clock import FakeClock
from shared.transport.direct import rpc_error
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow, Creative
from touchpoint.common.v1.decision_pb2 import Candidates
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Assurance, Channel, OfferKind, Source
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.ranker.v1 import ranker_pb2
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.rules.v1 import rules_pb2
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.scenario.v1 import scenario_service_pb2 as scenario_pb

PCS = "Electronics > PCs"
KEY = b"k" * 32
PERSON = "0190a000-0000-7000-8000-000000000001"
BANNER, HERO, PROMPT = "web.home.banner", "web.category", "agent.prompt"
MENU, ASSOCIATE = "ivr.menu", "store.associate"
PC_1, PC_2, TV, PAN, PROMO, GUIDE, WELCOME, HELLO, PC_1_BLUE = range(1, 10)
_PROPOSED = (PC_1, PC_2, TV, PAN, PROMO, GUIDE)


def row(offer_no, offer_id, kind, title, **facts):
    given = {
        "family_no": offer_no if kind == OfferKind.PRODUCT else 0,
        "stock": -1,
        "lever": 1.0,
        "currency": "EUR",
        "creative": Creative(title=title, text=f"All about {title}"),
    }
    return CatalogueRow(
        offer_no=offer_no, offer_id=offer_id, kind=kind, title=title, **(given | facts)
    )


def shop(**kept):
    product, content = OfferKind.PRODUCT, OfferKind.CONTENT
    rows = [
        row(PC_1, "pc-1", product, "Aurora 15", category=PCS, value_micros=100_000_000),
        row(PC_2, "pc-2", product, "Nimbus 14", category=PCS, value_micros=90_000_000),
        row(TV, "tv-1", product, "Vista 50", category="Electronics > TVs", value_micros=10_000_000),
        row(PAN, "pan-1", product, "Cake pan", category="Home", value_micros=5_000_000),
        row(PROMO, "promo-1", OfferKind.PROMOTION, "Free shipping", value_micros=1_000_000),
        row(GUIDE, "guide-1", content, "How to bake", value_micros=1_000_000),
        row(WELCOME, "welcome", content, "Welcome", is_default=True),
        row(HELLO, "hello", OfferKind.SERVICE, "Call us", is_default=True),
        row(PC_1_BLUE, "pc-1-blue", product, "Aurora 15 blue", category=PCS, family_no=PC_1),
    ]
    catalogue = Catalogue(details=True, **kept)
    catalogue.apply(CatalogueBatch(version=1, rows=rows))
    return catalogue


def bundle(**parameters):
    def placement(name, channel, limit, default, contact_kinds=()):
        return rules_pb2.Placement(
            placement=name,
            channel=channel,
            limit=limit,
            default_offers=[default],
            contact_kinds=contact_kinds,
        )

    return rules_pb2.Bundle(
        bundle_hash="bundle",
        parameters=parameters,
        placements=[
            placement(BANNER, Channel.WEB, 2, "welcome", [OfferKind.CONTENT]),
            placement(HERO, Channel.WEB, 2, "hello"),
            placement(PROMPT, Channel.CALL_CENTER, 3, "hello"),
            placement(MENU, Channel.IVR, 2, "hello"),
            placement(ASSOCIATE, Channel.STORE, 2, "hello"),
        ],
        rules=[rules_pb2.Rule(name="owned", text="You have one of these at home.")],
        contact_limits=[rules_pb2.ContactLimit(policy="marketing", at_most=3)],
    )


class Ticking:
    """A monotonic clock that moves only when a peer spends time."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class FakeRpc:
    """One rpc of a peer: answers, fails, or spends what it is given and is late."""

    def __init__(self, answer, ticking=None):
        self.answer = answer
        self.requests = []
        self.timeouts_s = []
        self.metadata = []
        self.spend_s = 0.0
        self.error = None
        self.is_black_hole = False
        self._ticking = ticking

    def __call__(self, request, *, timeout=None, metadata=()):
        self.requests.append(type(request).FromString(request.SerializeToString()))
        self.timeouts_s.append(timeout)
        self.metadata.append(dict(metadata))
        return asyncio.ensure_future(self._answered(request, timeout))

    @property
    def request(self):
        """The only request that came."""
        (request,) = self.requests
        return request

    async def _answered(self, request, timeout_s):
        call = Call("/fake", request_id="request")
        spent_s = timeout_s if self.is_black_hole else self.spend_s
        if self._ticking is not None:
            self._ticking.now += spent_s
        if self.is_black_hole or spent_s > timeout_s:
            raise rpc_error(DeadlineExceeded("late"), call)
        if self.error is not None:
            raise rpc_error(self.error, call)
        return self.answer(request)


class FakeStream:
    """One streaming rpc of a peer: sends what is put into it."""

    def __init__(self):
        self.messages = asyncio.Queue()
        self.requests = []

    def __call__(self, request, *, timeout=None, metadata=()):
        self.requests.append(request)
        return self

    def cancel(self):
        return True

    async def __aiter__(self):
        while True:
            message = await self.messages.get()
            if message is None:
                return
            yield message


def candidates(*offer_nos, source=Source.POPULAR):
    size = len(offer_nos)
    return Candidates(
        offer_nos=offer_nos,
        sources=[source] * size,
        scores=[1.0] * size,
        evidence_nos=[0] * size,
        evidence_counts=[0] * size,
        evidence_totals=[0] * size,
    )


def with_evidence(found):
    """Return candidates of each of which something else is said."""
    count = len(found.offer_nos)
    found.evidence_nos[:] = [TV] * count
    found.evidence_counts[:] = range(1, count + 1)
    found.evidence_totals[:] = [40 * at for at in range(1, count + 1)]
    found.evidence_kinds[:] = [1 + at % 3 for at in range(count)]
    found.evidence_texts[:] = [f"said of {no}" for no in found.offer_nos]
    return found


def snapshot(**facts):
    return PersonSnapshot(
        person_ids=[PERSON],
        seq=7,
        standing_token=9,
        arm=facts.pop("arm", Arm.PERSONALISED),
        assurance=Assurance.VERIFIED,
        **facts,
    )


def known_person(request, **facts):
    found = snapshot(**facts)
    return profile_pb.GetSnapshotResponse(
        snapshot=found.SerializeToString(),
        person_ids=found.person_ids,
        arm=found.arm,
        standing_token=found.standing_token,
    )


def everything_kept(request):
    size = len(request.candidates.offer_nos)
    every = (1 << len(request.context.placements)) - 1
    return rules_pb.CheckResponse(kept=range(size), placement_bits=[every] * size)


def in_the_order_given(request):
    """Fill the placements one after the other; the rest follows everywhere."""
    left = list(range(len(request.candidates.offer_nos)))
    placements = []
    for ask in request.context.placements:
        chosen, left = left[: ask.limit], left[ask.limit :]
        placements.append((ask.placement, chosen))
    return ranker_pb.RankResponse(
        placements=[
            ranker_pb2.RankedPlacement(
                placement=name,
                chosen=[_ranked(at) for at in chosen],
                next=[_ranked(at) for at in left],
            )
            for name, chosen in placements
        ]
    )


def _ranked(at):
    part = ranker_pb2.Contribution(name="prior", value=0.5, text="assumed")
    return ranker_pb2.Ranked(
        candidate=at,
        acceptance_probability=0.25,
        score=0.5,
        selection_probability=1.0,
        contributions=[part],
        features=b"seen %d" % at,
    )


def all_granted(request):
    return rules_pb.CommitResponse(
        placements=[
            rules_pb.CommitPlacement(placement=one.placement, chosen=one.chosen)
            for one in request.placements
        ]
    )


def popular(request):
    return retrieval_pb.GetPopularResponse(
        lists=[{"placement": name, "candidates": candidates(TV, PAN)} for name in (BANNER, HERO)]
    )


class Stub:
    """The rpcs of one peer."""


def fake_peers(ticking=None):
    """Return peers where everything goes well."""

    def stub(**rpcs):
        made = Stub()
        for name, answer in rpcs.items():
            setattr(made, name, FakeRpc(answer, ticking))
        return made

    peers = Peers(
        profile=stub(
            GetSnapshot=known_person,
            GetProfile=lambda _: profile_pb.GetProfileResponse(snapshot=snapshot()),
            RecordEvents=lambda asked: profile_pb.RecordEventsResponse(accepted=len(asked.events)),
            SetRelationship=lambda _: profile_pb.SetRelationshipResponse(),
            EndRelationship=lambda _: profile_pb.EndRelationshipResponse(),
            ListClients=lambda _: profile_pb.ListClientsResponse(),
            NextQuestion=lambda _: profile_pb.NextQuestionResponse(),
        ),
        retrieval=stub(
            Retrieve=lambda _: retrieval_pb.RetrieveResponse(candidates=candidates(*_PROPOSED)),
            GetPopular=popular,
        ),
        rules=stub(
            Check=everything_kept,
            Commit=all_granted,
            GetContacts=lambda _: rules_pb.GetContactsResponse(),
            KeepAnswers=lambda _: rules_pb.KeepAnswersResponse(),
            GetDecision=lambda _: rules_pb.GetDecisionResponse(),
            ReserveContact=lambda _: rules_pb.ReserveContactResponse(granted=True),
            ReleaseContact=lambda _: rules_pb.ReleaseContactResponse(released=True),
        ),
        ranker=stub(Rank=in_the_order_given),
        scenario=stub(
            GetDue=lambda _: scenario_pb.GetDueResponse(),
            ListJourneys=lambda _: scenario_pb.ListJourneysResponse(),
            SetAgentStatus=lambda asked: scenario_pb.SetAgentStatusResponse(status=asked.status),
            ClaimTask=lambda asked: scenario_pb.ClaimTaskResponse(task={"task_id": asked.task_id}),
            CompleteTask=lambda asked: scenario_pb.CompleteTaskResponse(
                task={"task_id": asked.task_id}
            ),
            SnoozeTask=lambda asked: scenario_pb.SnoozeTaskResponse(
                task={"task_id": asked.task_id, "due_time": asked.until_time}
            ),
        ),
    )
    peers.profile.WatchProfile = FakeStream()
    peers.scenario.WatchTasks = FakeStream()
    return peers


@dataclass
class Edge:
    """The edge's parts over fake peers, for tests that look inside."""

    parameters: dict = field(default_factory=dict)
    ticking: Ticking = field(default_factory=Ticking)
    recorded_per_hour: int = 120

    def __post_init__(self):
        self.clock = FakeClock()
        self.catalogue = shop()
        self.peers = fake_peers(self.ticking)
        self.definitions = compile_bundle(bundle(**self.parameters))
        self.popular = PopularLists(self.peers.retrieval, lambda: "bundle")
        self.identification = Identification(KEY, "US")
        self.apart = Apart()
        self.asking = Asking(
            lambda: self.definitions, self.catalogue, self.identification, self.clock
        )
        self.recorder = Recorder(Sampler(self.recorded_per_hour, Random(7)))
        self.qualities = Qualities()
        self.caps = VisitorCaps()
        self.unconfirmed = Unconfirmed(self.peers, Wording(self.catalogue))
        self.pipeline = Pipeline(
            self.peers,
            self.catalogue,
            self.popular,
            self.recorder,
            self.qualities,
            self.unconfirmed,
        )

    def recommending(self):
        wording, routing = Wording(self.catalogue), CallRouting(self.peers)
        return Recommending(self.asking, self.pipeline, wording, self.apart, routing)

    def binding(self):
        return bound(
            self.peers,
            self.catalogue,
            self.popular,
            self.identification,
            lambda: self.definitions,
            self.clock,
            self.apart,
            self.recorder,
            unconfirmed=self.unconfirmed,
            caps=self.caps,
        )
