"""History teaches the model by rows of the log, where the model is better by it."""

import random
import threading
import uuid

import grpc
import pytest
import pytest_asyncio

from services.ranker import history as history_module
from services.ranker import history_policies
from services.ranker.domain.answers import Outcome, TeachingTerms
from services.ranker.domain.model import Model
from services.ranker.lookups import facts_of
from services.ranker.servicer import RankerServicer
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.history import PostgresHistoryLog
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.learning_log import PostgresLearningLog
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.testing.grpc import grpc_service
from tests.grpc.ranker.conftest import OneBundle
from tests.grpc.ranker.keeping import keep
from tests.unit.ranker.shop import BANNER, definitions, shop
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.history_pb2 import HistoryRow, TrainRankerRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

HOUR_US = 3_600_000_000
FEW = 120
"""Rows where it does not matter what they foretell: each takes a millisecond to be looked at."""

WRITES_NOTHING = pytest.mark.parametrize("scene", ["in memory"], indirect=True)
"""For what is told of history before any of it would reach a log."""
WRITTEN = pytest.mark.parametrize("scene", ["PostgreSQL"], indirect=True)
"""For what is up to the log that keeps it: the one in memory serves tests alone."""


def history(count=600, likes=True):
    """Cyclists take bikes and nothing else, readers take books; or nobody has any taste."""
    rows = []
    for number in range(count):
        is_cyclist, is_bike = number % 2 == 0, number // 2 % 2 == 0
        item = 1 + number % 10 + (0 if is_bike else 10)
        taken = is_cyclist == is_bike and number % 5 < 3 if likes else number % 11 == 0
        rows.append(
            HistoryRow(
                time_us=(number + 1) * HOUR_US,
                channel=Channel.WEB,
                placement=BANNER,
                offer_id=f"item-{item}",
                accepted=taken,
                person=f"person-{number // 3}",
                attributes=["hobby=cycling" if is_cyclist else "hobby=reading"],
            )
        )
    return rows


class Scene:
    """A ranker that may be taught."""

    def __init__(self, stub, log, replica, trainer):
        self.stub, self.log, self.replica, self.trainer = stub, log, replica, trainer

    async def train(self, rows, **asked):
        stream = self.stub.TrainRanker(TrainRankerRequest(rows=rows, **asked), timeout=60)
        told = [response async for response in stream]
        await self.replica.catch_up()
        return told[-1].report


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def scene(request, fresh_database, tmp_path, monkeypatch):
    for module in (history_module, history_policies):
        monkeypatch.setattr(module, "_REST_S", 0.0)  # there are no requests to rest for
    catalogue, bundle = shop(), OneBundle(definitions())
    log = InMemoryLearningLog(facts_of(catalogue), TeachingTerms(10_000, 10_000))
    pointers = InMemoryPointers(log.known_reverts)
    database = None
    if request.param == "PostgreSQL":
        database = await fresh_database("ranker", MIGRATIONS)
        log, pointers = PostgresLearningLog(database), InMemoryPointers()
    snapshots = Snapshots(pointers, FolderArtefacts(tmp_path))
    replica = ModelReplica(InMemoryBus(), log, snapshots)
    kept = keep(log, replica, catalogue, snapshots, bundle.fetched)
    if database is not None:
        kept.trainer._log = PostgresHistoryLog(database)
    servicer = RankerServicer(catalogue, bundle, kept, None)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        yield Scene(RankerServiceStub(channel), log, replica, kept.trainer)


async def test_history_that_foretells_is_learned_and_every_replica_learns_the_same(scene, tmp_path):
    report = await scene.train(history())
    assert report.better
    assert report.rows == 600
    assert report.compared_rows == 120
    assert report.candidate.log_loss < report.served.log_loss
    assert report.candidate.auc > 0.75 > report.served.auc
    accepted = sum(row.accepted for row in history())
    assert report.written_rows == scene.replica.model.number == 600 + accepted
    state = await scene.log.state()
    assert state.outcomes[Outcome.ACCEPTED] == accepted
    snapshots = Snapshots(InMemoryPointers(), FolderArtefacts(tmp_path / "other"))
    other = ModelReplica(InMemoryBus(), scene.log, snapshots)
    await other.catch_up()
    assert other.model.snapshot() == scene.replica.model.snapshot()


@WRITTEN
async def test_the_same_history_again_teaches_nothing_twice(scene):
    first = await scene.train(history(FEW), force=True)
    again = await scene.train(history(FEW), force=True)
    assert (again.written_rows, again.rows) == (0, FEW)
    assert again.after_row == first.written_rows
    assert scene.replica.model.number == first.written_rows > FEW


@WRITTEN
async def test_what_foretells_nothing_is_learned_only_when_forced(scene):
    told = [
        HistoryRow(
            time_us=row.time_us,
            channel=row.channel,
            placement=row.placement,
            offer_id=row.offer_id,
            accepted=uuid.uuid5(uuid.NAMESPACE_OID, str(row.time_us)).int % 33 == 0,
            person=row.person,
            attributes=row.attributes,
        )
        for row in history()
    ]
    report = await scene.train(told)
    assert not report.better
    assert report.written_rows == scene.replica.model.number == 0
    forced = await scene.train(told, force=True)
    assert not forced.better
    assert forced.written_rows == scene.replica.model.number > 600


async def test_a_preview_says_what_would_come_of_it_and_writes_nothing(scene):
    report = await scene.train(history(), preview=True)
    assert report.better
    assert report.written_rows == scene.replica.model.number == 0


@WRITES_NOTHING
async def test_rows_of_unknown_offers_are_counted_and_left_out(scene):
    rows = history(FEW)
    rows[0].offer_id = rows[7].offer_id = "gone"
    report = await scene.train(rows, preview=True)
    assert (report.rows, report.unknown_offers, list(report.examples)) == (FEW - 2, 2, ["gone"])


@WRITTEN
async def test_equal_rows_of_several_requests_each_teach_and_only_once(scene):
    rows = history(FEW)
    first, second = HistoryRow(), HistoryRow()
    for number, row in enumerate((first, second), start=1):
        row.CopyFrom(rows[5])
        row.person, row.occurrence = "", number
    written = []
    for parts in (([*rows, first], [*rows, second]), ([*rows, first], [*rows, second])):
        for part in parts:
            report = await scene.train(part, force=True)
            written.append(report.written_rows)
    one = 1 + first.accepted
    accepted = sum(row.accepted for row in rows)
    assert written == [FEW + accepted + one, one, 0, 0]


@WRITTEN
async def test_a_row_with_an_id_teaches_once_whatever_it_says_later(scene):
    rows = history(FEW)
    for number, row in enumerate(rows):
        row.id = f"row-{number}"
    await scene.train(rows, force=True)
    rows[3].accepted = not rows[3].accepted
    rows[4].person = "somebody else"
    assert (await scene.train(rows, force=True)).written_rows == 0


@WRITTEN
async def test_how_a_row_was_chosen_may_be_told_later_and_teaches_nothing_again(scene):
    await scene.train(history(FEW), force=True)
    rows = history(FEW)
    for row in rows:
        row.selection_probability, row.candidates[:] = 0.5, ["item-1", "item-11"]
    assert (await scene.train(rows, force=True)).written_rows == 0


def explored(count=1_500):
    """Of a bike and a book one is shown by chance; most cyclists take bikes, most readers books."""
    chances = random.Random(5)
    rows = []
    for number in range(count):
        is_cyclist, is_bike = chances.random() < 0.5, chances.random() < 0.25
        chance = 0.6 if is_cyclist == is_bike else 0.1
        row = HistoryRow(
            time_us=(number + 1) * HOUR_US,
            channel=Channel.WEB,
            placement=BANNER,
            offer_id="item-1" if is_bike else "item-11",
            accepted=chances.random() < chance,
            person=f"person-{number}",
            attributes=["hobby=cycling" if is_cyclist else "hobby=reading"],
            selection_probability=0.25 if is_bike else 0.75,
        )
        rows.append(row)
    return rows


@WRITES_NOTHING
async def test_what_both_models_would_have_earned_is_told_where_history_tells_its_chances(scene):
    report = await scene.train(explored(), preview=True)
    assert report.no_off_policy == ""
    served, candidate = report.off_policy_served, report.off_policy_candidate
    found = candidate.acceptances
    assert found.showings == report.compared_rows == 300
    assert 50 < found.effective_showings < 300
    for estimate in (found.ips, found.snips, found.doubly_robust):
        assert estimate.low < 0.6 < estimate.high
    assert found.doubly_robust.low > served.acceptances.doubly_robust.value
    # The served one has learned nothing: it shows what is worth more, whoever it is for.
    assert served.acceptances.snips.value == pytest.approx(0.35, abs=0.1)


@WRITES_NOTHING
async def test_where_history_tells_no_chances_it_is_said_why_nothing_is_told(scene):
    report = await scene.train(history(FEW), preview=True)
    assert "selection_probability" in report.no_off_policy
    assert not report.HasField("off_policy_candidate")
    alone = explored(600)
    for row in alone:
        row.offer_id = "item-1"
    assert "nothing else" in (await scene.train(alone, preview=True)).no_off_policy
    for row in alone:
        row.candidates[:] = ["item-1", "item-11"]
    assert (await scene.train(alone, preview=True)).no_off_policy == ""


@WRITES_NOTHING
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_us": 0}, "rows[5].time_us"),
        ({"channel": 0}, "rows[5].channel"),
        ({"placement": ""}, "rows[5].placement"),
        ({"position": 51}, "rows[5].position"),
        ({"selection_probability": 1.5}, "rows[5].selection_probability"),
        ({"selection_probability": float("nan")}, "rows[5].selection_probability"),
        ({"id": "x" * 129}, "rows[5].id"),
    ],
)
async def test_rows_that_make_no_sense_are_refused(scene, change, field):
    rows = history()
    for name, value in change.items():
        setattr(rows[5], name, value)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.train(rows)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(refused.value.trailing_metadata())


@WRITES_NOTHING
async def test_too_little_is_not_learned_from(scene):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.train(history(99))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@WRITES_NOTHING
async def test_models_are_copied_beside_the_requests_to_be_compared(scene, monkeypatch):
    threads, copy = [], Model.copy

    def noted(model):
        threads.append(threading.get_ident())
        return copy(model)

    monkeypatch.setattr(Model, "copy", noted)
    report = await scene.train(history(), preview=True)
    assert report.better
    assert len(threads) == 2
    assert threading.get_ident() not in threads


@WRITTEN
async def test_people_without_a_name_are_not_taken_for_one_another(scene):
    rows = history(300)
    for each in rows:
        each.time_us, each.person, each.offer_id = HOUR_US, "", "item-1"
    report = await scene.train(rows, force=True)
    assert report.rows == 300
    taught = report.written_rows
    assert taught == 300 + sum(each.accepted for each in rows)
    assert (await scene.train(rows[::-1], force=True)).written_rows == 0


@WRITTEN
async def test_what_was_learned_teaches_once_also_when_the_log_has_forgotten_what_it_was(scene):
    assert (await scene.train(history(200), force=True)).written_rows > 0
    await scene.log.forget_before(1 << 60)
    assert (await scene.train(history(200), force=True)).written_rows == 0
