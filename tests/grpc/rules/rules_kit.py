"""Rules on a real server, with the shipped definitions, a small catalogue and PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np

from services.rules.applying import Definitions
from services.rules.attributes import OfferAttributes
from services.rules.check import Checker
from services.rules.commit import Committer
from services.rules.config import shipped_definitions
from services.rules.counting import Counting
from services.rules.definitions import Checked, compile_policy
from services.rules.definitions.files import read_folder
from services.rules.domain.screening import Screens
from services.rules.judging import Judge
from services.rules.moment import channel_fields
from services.rules.pinning import sold_in
from services.rules.recorder import Recorder
from services.rules.results import Results
from services.rules.servicer import RulesServicer
from services.rules.simulating import Simulated, Simulations
from services.rules.spending import Spending, offers_taken_of
from services.rules.storage.definitions import OwnBundleSource, PostgresDefinitions
from services.rules.storage.experiments import PostgresExperiments
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.recordings import PostgresRecordings
from services.rules.storage.results import PostgresResults
from services.rules.storage.terms import PostgresTerms
from services.rules.storage.unconfirmed import PostgresAnswers
from services.rules.taking_part import TakingPart
from services.rules.terms_keeping import KeptTerms
from services.rules.trying import house_of
from services.rules.validation import VALIDATORS
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from shared.middleware.order import NO_HOOKS, Hooks
from shared.postgres import Database
from shared.testing.clock import FakeClock
from shared.testing.grpc import grpc_service
from tests.grpc.rules.ranker_kit import LowestFirst, serving
from touchpoint.common.v1.bus_pb2 import ChosenNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import Candidates, DecisionContext, PlacementAsk
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, RemovalCode, Source
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US

LAPTOP, LAPTOP_RED, MILK, SHOES, SOLD_OUT, WINE = 1, 2, 3, 4, 5, 6
FREE_SHIPPING, LAPTOP_PROMO, RUNNING_PROMO, SURVEY, GUIDE, HELP, NEWSLETTER = range(10, 17)
MAIL_ONLY, TOMORROW, WITHDRAWN, MILK_PROMO, LAPTOP_AND_MORE, WINE_PROMO = range(20, 26)
CALL, CART_SURVEY, SHIPPING, PRICE_LED, FOR_MEMBERS, CONTRACT = range(30, 36)


def product(number: int, family: int, category: str, **more: Any) -> CatalogueRow:
    return CatalogueRow(
        offer_no=number,
        offer_id=f"item-{number}",
        kind=OfferKind.PRODUCT,
        family_no=family,
        category=category,
        **{"stock": 10, "price_micros": 100_000_000, **more},
    )


def offer(number: int, kind: OfferKind.Value.ValueType, **more: Any) -> CatalogueRow:
    return CatalogueRow(
        **{"offer_no": number, "offer_id": f"offer-{number}", "kind": kind, "stock": -1, **more}
    )


def rows(now_us: int) -> list[CatalogueRow]:
    promotion, content = OfferKind.PROMOTION, OfferKind.CONTENT
    return [
        product(LAPTOP, LAPTOP, "Electronics > PCs > Laptops", brand="Novus"),
        product(LAPTOP_RED, LAPTOP, "Electronics > PCs > Laptops", brand="Novus"),
        product(MILK, MILK, "Food > Dairy", is_consumable=True),
        product(SHOES, SHOES, "Running > Shoes", brand="Fleet"),
        product(SOLD_OUT, SOLD_OUT, "Books", stock=0),
        product(WINE, WINE, "Food > Wine", min_age=18),
        offer(FREE_SHIPPING, promotion),
        offer(LAPTOP_PROMO, promotion, about_nos=[LAPTOP_RED]),
        offer(MILK_PROMO, promotion, about_nos=[MILK]),
        offer(WINE_PROMO, promotion, about_nos=[MILK, WINE]),
        offer(LAPTOP_AND_MORE, promotion, about_nos=[LAPTOP], about_categories=["Running"]),
        offer(RUNNING_PROMO, promotion, about_categories=["Running"]),
        offer(SURVEY, OfferKind.SURVEY),
        offer(GUIDE, content),
        offer(HELP, OfferKind.SERVICE, is_default=True, offer_id="default.help"),
        offer(NEWSLETTER, content, needs_consent="newsletter"),
        offer(MAIL_ONLY, content, channels=[Channel.EMAIL]),
        offer(TOMORROW, content, starts_us=now_us + DAY_US),
        offer(WITHDRAWN, content, withdrawn=True),
        offer(CALL, OfferKind.SERVICE, attributes={"type": "click_to_call"}),
        offer(CART_SURVEY, OfferKind.SURVEY, attributes={"type": "cart_survey"}),
        offer(SHIPPING, promotion, attributes={"type": "free_shipping"}),
        offer(PRICE_LED, promotion, attributes={"price_led": "true"}),
        offer(FOR_MEMBERS, promotion, attributes={"members_only": "true"}),
        offer(CONTRACT, content, attributes={"personal": "true"}),
    ]


@dataclass
class Rules:
    """Rules as its callers see it, and what a test needs to set the scene."""

    stub: RulesServiceStub
    clock: FakeClock
    ledger: PostgresLedger
    definitions: Definitions
    catalogue: Catalogue
    bundles: BundleFollower[Any]
    database: Database
    spending: Spending
    recorder: Recorder
    recordings: PostgresRecordings
    ranker: LowestFirst
    terms: KeptTerms
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def context(self, *places: str, **more: Any) -> DecisionContext:
        """Return the context of a new decision for these placements, three of each."""
        names = places or ("web.home.banner",)
        given = {
            "decision_id": f"decision-{next(self._numbers)}",
            "bundle_hash": self.bundles.active_hash,
            "now_us": self.clock.now_us(),
            "channel": Channel.WEB,
            "context_digest": b"the same context",
            "placements": [PlacementAsk(placement=name, limit=3) for name in names],
        }
        return DecisionContext(**{**given, **more})

    async def check(
        self,
        *offer_nos: int,
        person: PersonSnapshot | None = None,
        context: DecisionContext | None = None,
        source: Source.Value.ValueType = Source.POPULAR,
    ) -> pb.CheckResponse:
        return await self.stub.Check(
            pb.CheckRequest(
                context=context or self.context(),
                snapshot=person.SerializeToString() if person else b"",
                candidates=candidates(*offer_nos, source=source),
            ),
            timeout=5,
        )

    async def apply(self, *more: DefinitionFile, change: tuple[str, str] = ("", "")) -> None:
        """Apply the shipped definitions with one text changed, and files added."""
        files = read_folder(shipped_definitions())
        for file in files:
            file.text = file.text.replace(*change)
        checked, *_ = await self.definitions.apply([*files, *more])
        assert not [problem for problem in checked.problems if not problem.warning]

    async def commit(
        self,
        *chosen: int,
        next_best: tuple[int, ...] = (),
        person: PersonSnapshot | None = None,
        context: DecisionContext | None = None,
        **more: Any,
    ) -> pb.CommitResponse:
        """Commit `chosen` on the first placement of the context."""
        made = context or self.context()
        name = made.placements[0].placement
        known = person if person is not None else ann()
        placement = pb.CommitPlacement(
            placement=name, chosen=notices(name, chosen), next=notices(name, next_best)
        )
        request = pb.CommitRequest(
            context=made,
            person_ids=known.person_ids,
            standing_token=known.standing_token,
            placements=[placement],
            trace=b"trace",
            model="prior",
        )
        request.MergeFrom(pb.CommitRequest(**more))
        return await self.stub.Commit(request, timeout=5)


def candidates(*offer_nos: int, source: Source.Value.ValueType = Source.POPULAR) -> Candidates:
    return Candidates(
        offer_nos=offer_nos,
        sources=[source] * len(offer_nos),
        scores=[1.0] * len(offer_nos),
    )


def notices(placement: str, offer_nos: tuple[int, ...]) -> list[ChosenNotice]:
    return [
        ChosenNotice(
            placement=placement,
            position=position,
            offer_no=offer_no,
            source=Source.POPULAR,
            acceptance_probability=0.5,
        )
        for position, offer_no in enumerate(offer_nos)
    ]


def ann(**more: Any) -> PersonSnapshot:
    """Return a known adult who consents to marketing."""
    given = {
        "person_ids": ["ann"],
        "standing_token": 7,
        "assurance": Assurance.VERIFIED,
        "age": 40,
        "consents": ["marketing"],
    }
    return PersonSnapshot(**{**given, **more})


def key(name: str) -> IdentityKey:
    return IdentityKey(kind="phone", key=name.encode().ljust(32, b"\0"))


def kept(request: pb.CheckResponse, *offer_nos: int) -> list[int]:
    """Return the numbers of the candidates kept."""
    every = [*offer_nos, *request.added.offer_nos]
    return [every[place] for place in request.kept]


def codes(response: pb.CheckResponse | pb.CommitResponse) -> Mapping[int, str]:
    """Return why each offer was removed."""
    removed = response.removed if isinstance(response, pb.CheckResponse) else response.refused
    return {
        number: RemovalCode.Value.Name(code)
        for number, code in zip(removed.offer_nos, removed.codes, strict=True)
    }


class ShippedOnce(Definitions):
    """Checks what is shipped, on the one catalogue, for the first test only: that takes long."""

    _found: ClassVar[list[Checked]] = []
    _is_shipping = False

    async def ship(self, files: Sequence[DefinitionFile]) -> None:
        self._is_shipping = True
        await super().ship(files)
        self._is_shipping = False

    def check(self, files: Sequence[DefinitionFile], in_force: Bundle | None = None) -> Checked:
        if not self._is_shipping:
            return super().check(files, in_force)
        if not self._found:
            self._found.append(super().check(files))
        return self._found[0]


@asynccontextmanager
async def running_rules(database: Database, hooks: Hooks = NO_HOOKS) -> AsyncIterator[Rules]:
    clock, bus = FakeClock(), InMemoryBus()
    catalogue = Catalogue(details=True)
    catalogue.apply(CatalogueBatch(previous_version=0, version=1, rows=rows(clock.now_us())))
    attributes = OfferAttributes()
    attributes.catalogue = catalogue
    store, ledger = PostgresDefinitions(database), PostgresLedger(database)
    bundles = BundleFollower(bus, OwnBundleSource(store, "rules", "this one"), compile_policy)
    experiments = PostgresExperiments(database)
    taken = partial(offers_taken_of, ledger, catalogue)
    definitions = ShippedOnce(store, bus, bundles, clock, experiments, sold_in(catalogue), taken)
    await definitions.ship(read_folder(shipped_definitions()))
    results = PostgresResults(database)
    counting = Counting(results)
    terms = KeptTerms(PostgresTerms(database), catalogue, clock)
    terms.note(range(1, catalogue.size))
    recordings = PostgresRecordings(database)
    recorder = Recorder(recordings)
    screens = Screens(catalogue, channel_fields)
    spending = Spending(ledger, catalogue, clock, house_of(bundles))
    ranker = LowestFirst(catalogue)
    async with serving(ranker) as ranker_channel:
        simulated = Simulated(
            definitions,
            store,
            bundles,
            recordings,
            ledger,
            catalogue,
            Judge(catalogue, attributes, spending),
            RankerServiceStub(ranker_channel),
            clock,
        )
        servicer = RulesServicer(
            Checker(Judge(catalogue, attributes, spending, screens), bundles, ledger, terms),
            Committer(
                catalogue,
                attributes,
                bundles,
                ledger,
                counting,
                recorder,
                TakingPart(experiments),
            ),
            ledger,
            definitions,
            store,
            bundles,
            clock,
            catalogue,
            attributes,
            Results(results, counting, store, clock),
            spending,
            Simulations(simulated),
            terms,
            PostgresAnswers(database),
        )
        contract = pb.DESCRIPTOR.services_by_name["RulesService"]
        async with grpc_service(
            bind(contract, servicer, validators=VALIDATORS), hooks=hooks
        ) as channel:
            stub = RulesServiceStub(channel)
            yield Rules(
                stub,
                clock,
                ledger,
                definitions,
                catalogue,
                bundles,
                database,
                spending,
                recorder,
                recordings,
                ranker,
                terms,
            )


def minutes(us: int) -> int:
    return int(np.int64(us) // MINUTE_US)
