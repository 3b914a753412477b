"""A decision that is ranked again by the versions of then comes out as it did, or says why not."""

import itertools
import uuid
from dataclasses import dataclass

import grpc
import pytest
import pytest_asyncio

from services.ranker.definitions import compile_bundle
from services.ranker.domain.answers import Answer, Decision, Shown, TeachingTerms
from services.ranker.domain.journal import JournalEntry
from services.ranker.lookups import facts_of
from services.ranker.servicer import RankerServicer
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.in_memory import InMemoryJournal, InMemoryLearningLog
from services.ranker.storage.in_memory_rankings import InMemoryRankings
from services.ranker.storage.journal import PostgresJournal
from services.ranker.storage.rankings import PostgresRankings
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.catalogue import Catalogue
from shared.errors import NotFound, Unavailable
from shared.testing.grpc import grpc_service
from tests.grpc.ranker.keeping import keep
from tests.unit.ranker.shop import BANNER, BIKE_NOS, BIKES, BOOK_NOS, PRIOR, PROMPT, shop
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk, Recipient
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Arm, Assurance, Channel, OfferKind, Source
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.journal_pb2 import RankedDecision, Replay, ReplayDecisionRequest
from touchpoint.ranker.v1.ranker_pb2 import StandingOrder
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle, Prior

ADA = str(uuid.UUID(int=77))
NUMBERS = itertools.count(1)
OLD, NEW = "0" * 64, "1" * 64


class Bundles:
    """Definitions here, and what their owner still has."""

    def __init__(self):
        self.here = {OLD: self._compiled(PRIOR)}
        self.owned = dict(self.here)

    def of(self, bundle_hash):
        if bundle_hash not in self.here:
            raise Unavailable("not here", reason="BUNDLE_UNKNOWN")
        return self.here[bundle_hash]

    async def fetched(self, bundle_hash):
        if bundle_hash not in self.owned:
            raise NotFound("there is no such bundle", reason="BUNDLE_NOT_FOUND")
        return self.owned[bundle_hash]

    def move_on(self):
        """Apply other definitions; the old ones are not kept here any longer."""
        self.here = {NEW: self._compiled(0.3)}
        self.owned |= self.here

    @staticmethod
    def _compiled(prior):
        priors = [Prior(kind=kind, probability=prior) for kind in (1, 2)]
        return compile_bundle(Bundle(priors=priors))


@dataclass
class Scene:
    """A ranker with a hand in what it keeps."""

    stub: RankerServiceStub
    catalogue: Catalogue
    log: InMemoryLearningLog
    replica: ModelReplica
    bundles: Bundles
    kept: object
    rankings: object

    async def rank(self, asked):
        response = await self.stub.Rank(asked, timeout=5)
        await self.kept.keeper.write()
        return response

    async def replay(self, decision_id):
        return await self.stub.ReplayDecision(
            ReplayDecisionRequest(decision_id=decision_id), timeout=5
        )

    async def erase(self, *persons):
        await self.stub.ErasePerson(pb.ErasePersonRequest(person_ids=persons), timeout=5)
        if isinstance(self.rankings, InMemoryRankings):
            await self.rankings.erase(persons)

    async def teach(self, rounds):
        """Show bikes to others, of whom every second one buys."""
        for turn in range(rounds):
            bike = BIKE_NOS[turn % len(BIKE_NOS)]
            person = str(uuid.UUID(int=1000 + next(NUMBERS)))
            response = await self.stub.Rank(request([bike], preview=True), timeout=5)
            features = response.placements[0].chosen[0].features
            decision = Decision(
                str(uuid.uuid4()), [person], turn, [Shown(PROMPT, bike, features, 1)]
            )
            await self.log.decided([(decision, frozenset({PROMPT}))], 0)
            if turn % 2:
                answer = f"event-{next(NUMBERS)}"
                bought = (answer, person, "purchase", turn + 1, bike, bike, decision.decision_id)
                await self.log.answered([Answer(*bought)], 0)
        await self.replica.catch_up()

    def reprice(self, offer_no, value_micros, category=BIKES):
        """Change what an item is worth."""
        row = CatalogueRow(
            offer_no=offer_no,
            offer_id=f"item-{offer_no}",
            kind=OfferKind.PRODUCT,
            family_no=offer_no,
            category=category,
            brand=f"brand-{offer_no % 3}",
            price_micros=offer_no * 10_000_000,
            value_micros=value_micros,
            lever=1.0,
        )
        version = self.catalogue.version
        self.catalogue.apply(
            CatalogueBatch(previous_version=version, version=version + 1, rows=[row])
        )


def request(nos=(*BIKE_NOS, *BOOK_NOS), *, preview=False, arm=Arm.PERSONALISED, bundle=OLD):
    asked = pb.RankRequest(
        snapshot=PersonSnapshot(
            person_ids=[ADA],
            assurance=Assurance.VERIFIED,
            traits=Traits(categories=[BIKES], category_affinities=[0.7], recency_days=3),
        ).SerializeToString(),
        candidates=Candidates(
            offer_nos=nos,
            sources=[Source.POPULAR] * len(nos),
            scores=[0.5 + 0.01 * place for place in range(len(nos))],
            evidence_nos=nos,
            evidence_kinds=[1 + place % 3 for place in range(len(nos))],
            evidence_counts=list(range(len(nos))),
            evidence_totals=[40] * len(nos),
        ),
        placement_bits=[1] * len(nos),
    )
    context = asked.context
    context.decision_id, context.bundle_hash = str(uuid.UUID(int=next(NUMBERS))), bundle
    context.now_us, context.seed, context.arm = 1_000_000, 11, arm
    context.channel, context.preview = Channel.WEB, preview
    context.placements.append(PlacementAsk(placement=BANNER, limit=3))
    context.query = "blue bike for Ada"
    context.identity_keys.append(IdentityKey(kind="email", key=b"pseudonym"))
    return asked


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def scene(request, fresh_database, tmp_path):
    """Lend a ranker that has learned a little."""
    rankings, journal = InMemoryRankings(), InMemoryJournal()
    if request.param == "PostgreSQL":
        database = await fresh_database("ranker", MIGRATIONS)
        rankings, journal = PostgresRankings(database), PostgresJournal(database)
    catalogue, bundles = shop(), Bundles()
    log = InMemoryLearningLog(facts_of(catalogue), TeachingTerms(10_000, 10_000))
    snapshots = Snapshots(InMemoryPointers(log.known_reverts), FolderArtefacts(tmp_path))
    replica = ModelReplica(InMemoryBus(), log, snapshots)
    kept = keep(log, replica, catalogue, snapshots, bundles.fetched, rankings, journal)
    servicer = RankerServicer(catalogue, bundles, kept, None)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        stub = RankerServiceStub(channel)
        made = Scene(stub, catalogue, log, replica, bundles, kept, rankings)
        await made.teach(20)
        yield made


async def test_after_more_was_learned_and_applied_the_answer_is_the_same_bit_for_bit(scene):
    asked = request()
    answered = await scene.rank(asked)
    await scene.teach(10)
    await scene.kept.replica._snapshots.save(scene.replica.model)
    scene.bundles.move_on()
    later = await scene.rank(request(bundle=NEW))
    assert later.placements != answered.placements
    replayed = await scene.replay(asked.context.decision_id)
    assert replayed.outcome == Replay.SAME
    assert replayed.same_features
    assert not replayed.changed
    assert replayed.versions == answered.versions
    [place] = replayed.placements
    chosen = answered.placements[0].chosen
    assert [each.offer_no for each in place.now] == [
        asked.candidates.offer_nos[each.candidate] for each in chosen
    ]
    for now, then in zip(place.now, chosen, strict=True):
        assert now.acceptance_probability == then.acceptance_probability
        assert now.selection_probability == then.selection_probability < 1.0
        assert now.score == then.score


async def test_decisions_replay_in_any_order_also_from_a_snapshot_between_them(scene):
    first = request()
    await scene.rank(first)
    await scene.teach(7)
    await scene.kept.replica._snapshots.save(scene.replica.model)
    await scene.teach(5)
    second = request()
    await scene.rank(second)
    for asked in (second, first, second):
        replayed = await scene.replay(asked.context.decision_id)
        assert replayed.outcome == Replay.SAME


async def test_of_a_changed_price_it_is_told_what_changed(scene):
    asked = request()
    answered = await scene.rank(asked)
    best = asked.candidates.offer_nos[answered.placements[0].chosen[0].candidate]
    scene.reprice(best, 1_000_000)
    replayed = await scene.replay(asked.context.decision_id)
    assert replayed.outcome == Replay.DIFFERENT
    assert not replayed.same_features
    [changed] = replayed.changed
    assert (changed.offer_no, changed.offer_id) == (best, f"item-{best}")
    assert changed.text == "its value x lever was 10 and is 1"
    assert replayed.catalogue_version == answered.versions.catalogue_version + 1


async def test_of_a_moved_item_it_is_told_that_the_model_sees_something_else(scene):
    asked = request()
    await scene.rank(asked)
    scene.reprice(BOOK_NOS[0], 10_000_000, category=BIKES)
    replayed = await scene.replay(asked.context.decision_id)
    [changed] = replayed.changed
    assert changed.offer_no == BOOK_NOS[0]
    assert "the model sees something else of it" in changed.text


async def test_a_bundle_that_its_owner_lost_is_named(scene):
    asked = request()
    await scene.rank(asked)
    scene.bundles.owned.clear()
    replayed = await scene.replay(asked.context.decision_id)
    assert replayed.outcome == Replay.GONE
    assert [(each.what, each.version) for each in replayed.gone] == [("BUNDLE", OLD)]
    assert not replayed.placements


async def test_a_model_whose_rows_are_gone_is_named(scene):
    asked = request()
    answered = await scene.rank(asked)
    scene.log._rows.clear()
    replayed = await scene.replay(asked.context.decision_id)
    assert [(each.what, each.version) for each in replayed.gone] == [
        ("MODEL", answered.versions.model)
    ]
    assert "ends at row 0" in replayed.text


async def test_inputs_that_are_not_kept_any_more_are_named_and_commit_is_told(scene):
    asked = request()
    decision_id = asked.context.decision_id
    await scene.rank(asked)
    await scene.rankings.forget_before(2_000_000)
    notice = DecisionNotice(
        decision_id=decision_id,
        chosen=[
            ChosenNotice(placement=BANNER, offer_no=1),
            ChosenNotice(placement=BANNER, position=1, offer_no=4, replaced=True),
        ],
    ).SerializeToString()
    await scene.kept.journal.append([JournalEntry(decision_id, (ADA,), 1_000_000, notice)])
    replayed = await scene.replay(decision_id)
    assert [each.what for each in replayed.gone] == ["INPUTS"]
    [replaced] = replayed.replaced
    assert (replaced.placement, replaced.position, replaced.offer_id) == (BANNER, 1, "item-4")


async def test_of_an_erased_person_nothing_is_left(scene):
    asked = request()
    await scene.rank(asked)
    await scene.erase(ADA)
    await scene.rank(asked)  # on its way while the person was erased
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.replay(asked.context.decision_id)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_preview_leaves_no_trace(scene):
    asked = request(preview=True)
    await scene.rank(asked)
    assert await scene.rankings.of(asked.context.decision_id) is None


async def test_what_stands_is_not_written_over_what_it_was_ranked_from(scene):
    asked = request()
    await scene.rank(asked)
    kept = await scene.rankings.of(asked.context.decision_id)
    again = request()
    again.standing.append(StandingOrder(placement=BANNER, offer_nos=[1], exact=True))
    await scene.rank(again)
    assert await scene.rankings.of(again.context.decision_id) is None
    assert await scene.rankings.of(asked.context.decision_id) == kept


async def test_nothing_is_kept_of_pseudonyms_texts_and_whom_a_gift_is_for(scene):
    asked = request()
    asked.context.recipient.CopyFrom(Recipient(age=7, relationship="niece", interests=["trains"]))
    await scene.rank(asked)
    entry = await scene.rankings.of(asked.context.decision_id)
    assert entry.person_ids == (ADA,)
    for secret in (b"pseudonym", b"blue bike", b"niece", b"trains"):
        assert secret not in entry.ranked
    kept = pb.RankRequest.FromString(RankedDecision.FromString(entry.ranked).request)
    assert kept.context.HasField("recipient")
    assert [each.kind for each in kept.context.identity_keys] == ["email"]
    assert (await scene.replay(asked.context.decision_id)).outcome == Replay.SAME


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_other_arms_replay_too(scene, arm):
    asked = request(arm=arm)
    await scene.rank(asked)
    replayed = await scene.replay(asked.context.decision_id)
    assert replayed.outcome == Replay.SAME


async def test_what_is_no_id_is_refused(scene):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.replay("yesterday")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
