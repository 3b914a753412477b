"""What rules are asked in the benchmark: 200 candidates of the shop, for customers of the shop."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import grpc.aio

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.opened import OpenedSuite
from shared.catalogue import Catalogue
from shared.privacy import identity_key
from shared.setting_types import key_bytes
from touchpoint.common.v1.bus_pb2 import ChosenNotice
from touchpoint.common.v1.decision_pb2 import Candidates, DecisionContext, PlacementAsk
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, EvidenceKind, OfferKind, Source
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2 import StreamCatalogueRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as pb

CANDIDATES = 200
PLACEMENT = "web.home.banner"
_PEOPLE = 200
_CROWD = 20_000
"""So many that most have a contact left, as where Check has seen to it before Commit."""
_CHOSEN, _NEXT = 3, 12
_TIMEOUT_S = 30.0
_TRACE = b"trace" * 1_000
"""About as long as that of a page of three among 200 candidates."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The shop's catalogue and some of its customers."""

    catalogue: Catalogue
    people: Sequence[PersonSnapshot]
    products: Sequence[int]
    others: Sequence[int]
    """Numbers of promotions, content, services and surveys."""

    def context(self, bundle_hash: str) -> DecisionContext:
        return DecisionContext(
            decision_id=str(uuid.uuid4()),
            bundle_hash=bundle_hash,
            now_us=time.time_ns() // 1000,
            channel=Channel.WEB,
            session_id=str(uuid.uuid4()),
            context_digest=uuid.uuid4().bytes,
            placements=[PlacementAsk(placement=PLACEMENT, limit=_CHOSEN)],
        )

    def checks(self, bundle_hash: str, seed: int) -> Iterator[pb.CheckRequest]:
        """Yield requests of people drawn at random, for ever."""
        chance = random.Random(seed)
        products = CANDIDATES - len(self.others)
        while True:
            drawn = [*self.others, *chance.sample(self.products, products)]
            chance.shuffle(drawn)
            columns = Candidates(
                offer_nos=drawn,
                sources=chance.choices(_SOURCES, k=len(drawn)),
                scores=[0.5] * len(drawn),
                evidence_nos=chance.choices(self.products, k=len(drawn)),
                evidence_counts=chance.choices(range(300), k=len(drawn)),
                evidence_totals=chance.choices(range(2_000), k=len(drawn)),
                evidence_kinds=chance.choices(EvidenceKind.Value.values(), k=len(drawn)),
            )
            yield pb.CheckRequest(
                context=self.context(bundle_hash),
                snapshot=chance.choice(self.people).SerializeToString(),
                candidates=columns,
            )

    def commits(self, bundle_hash: str, seed: int) -> Iterator[pb.CommitRequest]:
        """Yield decisions of which one place is a contact, each for somebody drawn at random."""
        chance = random.Random(seed)
        promotions = [no for no in self.others if self.catalogue.kind[no] == OfferKind.PROMOTION]
        while True:
            person_id = str(uuid.UUID(int=chance.randrange(_CROWD)))
            shown = chance.sample(self.products, _CHOSEN + _NEXT - 1)
            shown.insert(0, chance.choice(promotions))
            notices = [
                ChosenNotice(offer_no=no, source=Source.FOR_YOU, acceptance_probability=0.1)
                for no in shown
            ]
            yield pb.CommitRequest(
                context=self.context(bundle_hash),
                person_ids=[person_id],
                standing_token=chance.getrandbits(63),
                placements=[
                    pb.CommitPlacement(
                        placement=PLACEMENT, chosen=notices[:_CHOSEN], next=notices[_CHOSEN:]
                    )
                ],
                trace=_TRACE,
                model="prior",
            )


_SOURCES = (Source.FOR_YOU, Source.POPULAR, Source.SIMILAR, Source.BUY_AGAIN, Source.OFFER)


async def scene(suite: OpenedSuite) -> Scene:
    """Read the shop as its services hold it; raises MeasurementError when it is too small."""
    catalogue = Catalogue(details=True)
    async with grpc.aio.insecure_channel(suite.running.grpc["retrieval"][0]) as channel:
        stub = RetrievalServiceStub(channel)
        async for part in stub.StreamCatalogue(StreamCatalogueRequest(), timeout=_TIMEOUT_S):
            catalogue.apply(part.batch)
    people = await _people(suite)
    known = range(1, catalogue.size)
    products = [no for no in known if catalogue.kind[no] == OfferKind.PRODUCT]
    others = [no for no in known if catalogue.kind[no] > OfferKind.PRODUCT][: CANDIDATES // 4]
    if len(products) < CANDIDATES or not others:
        raise MeasurementError(f"there are {len(products)} products and {len(others)} other offers")
    return Scene(catalogue, people, products, others)


async def _people(suite: OpenedSuite) -> Sequence[PersonSnapshot]:
    """Return what is known of customers who have bought something."""
    people: list[PersonSnapshot] = []
    async for _, person in known_customers(suite):
        if person.traits.frequency:
            people.append(person)
        if len(people) == _PEOPLE:
            break
    if not people:
        raise MeasurementError("nobody has ever bought anything: there is nobody to ask of")
    return people


async def known_customers(suite: OpenedSuite) -> AsyncIterator[tuple[Identity, PersonSnapshot]]:
    """Yield the customers of the shop with what is known of each."""
    key = key_bytes(suite.environment("profile")["TOUCHPOINT_DEPLOYMENT_KEY"])
    async with grpc.aio.insecure_channel(suite.running.grpc["profile"][0]) as channel:
        profile = ProfileServiceStub(channel)
        for customer in shoppers().customers:
            pseudonym = identity_key(key, customer.kind, customer.value)
            request = GetSnapshotRequest(
                identities=[customer],
                identity_keys=[IdentityKey(kind=customer.kind, key=pseudonym)],
                arm_plan=ArmPlan(salt="bench"),
            )
            answer = await profile.GetSnapshot(request, timeout=_TIMEOUT_S)
            yield customer, PersonSnapshot.FromString(answer.snapshot)
