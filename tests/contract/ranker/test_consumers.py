"""From the bus into the log and back to every replica: nothing lost, nothing twice."""

import asyncio
import random
import uuid
from contextlib import asynccontextmanager

import numpy as np
import pytest_asyncio

from services.ranker.domain.answers import TeachingTerms
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.model import Model
from services.ranker.domain.reverting import Span
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.consumers import (
    Learning,
    decisions_consumer,
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.ranker.storage.journal import PostgresJournal
from services.ranker.storage.learning import LearningWriter, note_sets
from services.ranker.storage.learning_log import PostgresLearningLog
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.reverting import PostgresReverts
from services.ranker.storage.snapshots import PostgresPointers, Snapshots
from shared.artefacts import FolderArtefacts
from shared.bus import InMemoryBus, Publication, Relay
from shared.bus.subjects import decisions_of, erasures_of, events_of, identities_of
from shared.testing.background import running, until
from tests.contract.ranker.learning_kit import (
    ACCEPTED,
    ADA,
    BOB,
    BOOK,
    COUPON,
    FACTS,
    GUIDE,
    HOUR_US,
    LATE,
    NOON_US,
    RETURNED,
    SEEN_AT_ONCE,
    SHOES,
    decision,
    decision_id,
    offer_no,
)
from touchpoint.common.v1.bus_pb2 import (
    EventNotice,
    EventNotices,
    IdentityNotice,
    PersonErased,
)
from touchpoint.common.v1.vocabulary_pb2 import Origin

FEATURES = encode(-3.0, np.arange(0, 200, 8, dtype=np.uint32))


class Plane:
    """A bus and a schema, and processes of the ranker on them."""

    def __init__(self, database, folder):
        self.bus = InMemoryBus()
        self.database = database
        self.log = PostgresLearningLog(database)
        self.reverts = PostgresReverts(database)
        self._folder = folder

    def replica(self):
        artefacts = FolderArtefacts(self._folder)
        return ModelReplica(
            self.bus, self.log, Snapshots(PostgresPointers(self.database), artefacts)
        )

    @asynccontextmanager
    async def process(self):
        """Run what a process of the ranker runs, and lend its replica of the model."""
        writer = LearningWriter(FACTS.__getitem__, TeachingTerms(showings_per_day=1000))
        learning = Learning(writer, lambda _: SEEN_AT_ONCE, offer_no, lambda: NOON_US)
        replica = self.replica()
        async with running(
            decisions_consumer(self.bus, self.database, learning),
            events_consumer(self.bus, self.database, learning),
            identities_consumer(self.bus, self.database, learning),
            erasures_consumer(self.bus, self.database),
            Relay(self.bus, self.database),
            replica,
        ):
            yield replica

    async def publish(self, *told):
        await self.bus.publish([Publication.of(subject, 1, proto) for subject, proto in told])


@pytest_asyncio.fixture(loop_scope="session")
async def plane(fresh_database, tmp_path):
    """Lend a plane of this test's own."""
    return Plane(await fresh_database("ranker", MIGRATIONS), tmp_path)


def decided(number, *offers, **more):
    notice = decision(number, *offers, **more)
    for chosen in notice.chosen:
        chosen.features = FEATURES
    return decisions_of(ADA), notice


def happened(
    kind,
    offer,
    about=None,
    person=ADA,
    hours=1.0,
    late_hours=0.0,
    origin=Origin.LIVE,
    promotion="",
    quantity=1.0,
    order="",
):
    time_us = NOON_US + int(hours * HOUR_US)
    notice = EventNotice(
        event_id=str(uuid.uuid4()),
        person_id=person,
        type=kind,
        time_us=time_us,
        received_us=time_us + int(late_hours * HOUR_US),
        offer_no=offer,
        family_no=FACTS[offer].family_no,
        decision_id="" if about is None else decision_id(about),
        origin=origin,
        promotion_id=promotion,
        order_id=order,
        quantity=quantity,
    )
    return events_of(person), EventNotices(notices=[notice])


def has_written(plane, number):
    async def reached():
        return await plane.log.written() >= number

    return reached


async def test_what_is_shown_and_answered_is_learned_by_every_replica(plane):
    async with plane.process() as one, plane.process() as two:
        await plane.publish(decided(1, SHOES), decided(2, GUIDE))
        await plane.publish(happened("impression", SHOES, about=1), happened("view", SHOES))
        await plane.publish(happened("click", GUIDE, about=2), happened("purchase", SHOES, hours=3))
        await until(lambda: one.model.number == two.model.number == 4)
    assert one.model.snapshot() == two.model.snapshot()
    assert (await plane.log.state()).written == 4


async def test_a_process_that_is_killed_between_leaves_off_where_the_next_goes_on(plane):
    shuffled = random.Random(2)
    told = [decided(number, GUIDE) for number in range(40)]
    told += [happened("impression", GUIDE, about=number) for number in range(40)]
    told += [happened("click", GUIDE, about=number, hours=2) for number in range(0, 40, 2)]
    shuffled.shuffle(told)
    async with plane.process():
        await plane.publish(*told[:50])
        await until(has_written(plane, 5))
    async with plane.process() as second:
        await plane.publish(*told[50:])
        await until(has_written(plane, 60))
        await until(lambda: second.model.number == 60)
    rows = await plane.log.rows_after(0, 1000)
    assert [each.number for each in rows] == list(range(1, 61))
    assert len({(each.row.place, each.row.outcome) for each in rows}) == 60
    late = plane.replica()
    await late.catch_up()
    assert late.model.snapshot() == second.model.snapshot()


async def test_imported_and_late_events_teach_nothing(plane):
    async with plane.process() as replica:
        await plane.publish(decided(1, SHOES), decided(2, SHOES, placement="agent.prompt"))
        await plane.publish(
            happened("impression", SHOES, about=1, origin=Origin.HISTORY),
            happened("impression", SHOES, about=1, late_hours=25),
            happened("purchase", SHOES, origin=Origin.HISTORY),
        )
        await plane.publish(decided(3, GUIDE), happened("impression", GUIDE, about=3))
        await until(lambda: replica.model.number == 2)
    assert [each.row.offer_no for each in await plane.log.rows_after(0, 9)] == [SHOES, GUIDE]


async def test_a_purchase_that_redeems_a_promotion_accepts_both(plane):
    async with plane.process() as replica:
        await plane.publish(decided(1, SHOES, COUPON, placement="agent.prompt"))
        await until(has_written(plane, 2))
        await plane.publish(happened("purchase", SHOES, promotion="coupon"))
        await plane.publish(happened("purchase", BOOK, promotion="not known"))
        await until(lambda: replica.model.number == 4)
    rows = [each.row for each in await plane.log.rows_after(2, 9)]
    assert [(row.offer_no, row.outcome) for row in rows] == [(SHOES, ACCEPTED), (COUPON, ACCEPTED)]


async def test_a_return_takes_item_and_promotion_of_its_order_back_on_every_replica(plane):
    async with plane.process() as one, plane.process() as two:
        await plane.publish(decided(1, SHOES, COUPON, placement="agent.prompt"))
        await until(has_written(plane, 2))
        await plane.publish(happened("purchase", SHOES, promotion="coupon", order="a"))
        await plane.publish(happened("return", SHOES, hours=2, order="b"))
        await plane.publish(happened("return", SHOES, hours=2, order="a"))
        await until(lambda: one.model.number == two.model.number == 6)
    rows = [each.row for each in await plane.log.rows_after(4, 9)]
    assert [(row.offer_no, row.outcome) for row in rows] == [(SHOES, RETURNED), (COUPON, RETURNED)]
    assert one.model.snapshot() == two.model.snapshot()
    late = plane.replica()
    await late.catch_up()
    assert late.model.snapshot() == one.model.snapshot()


async def test_a_late_purchase_and_its_return_teach_their_shares_on_every_replica(plane):
    async with plane.process() as one, plane.process() as two:
        await plane.publish(decided(1, SHOES, placement="agent.prompt"))
        await until(has_written(plane, 1))
        await plane.publish(happened("purchase", SHOES, hours=72, quantity=2))
        await plane.publish(happened("return", SHOES, hours=80))
        await until(lambda: one.model.number == two.model.number == 3)
    rows = [each.row for each in await plane.log.rows_after(1, 9)]
    assert [(row.outcome, row.credit) for row in rows] == [
        (LATE, 0.5),
        (RETURNED, rows[0].credit / 2),
    ]
    assert one.model.snapshot() == two.model.snapshot()
    late = plane.replica()
    await late.catch_up()
    assert late.model.snapshot() == one.model.snapshot()


async def test_a_bad_hour_is_taken_out_on_every_replica_and_put_back(plane):
    """What remains is, bit for bit, a model that never learned of it."""
    async with plane.process() as one, plane.process() as two:
        await _accepted(plane, range(10), hours=0)
        await _accepted(plane, range(10, 20), hours=5)
        await until(lambda: one.model.number == two.model.number == 40)
        before = one.model.snapshot()
        span = Span(NOON_US + 5 * HOUR_US, NOON_US + 6 * HOUR_US)
        made = await plane.reverts.revert(span, NOON_US)
        assert (made.number, made.rows) == (41, 20)
        await until(lambda: one.model.number == two.model.number == 41)
        assert one.model.snapshot() == two.model.snapshot()
        assert _weights(one.model) == _weights(await _learned(plane, range(1, 21)))
        await _accepted(plane, range(20, 25), hours=9)
        await until(lambda: one.model.number == two.model.number == 51)
        assert one.model.snapshot() == two.model.snapshot()
        await plane.reverts.undo(made.number, NOON_US)
        await until(lambda: one.model.number == two.model.number == 52)
    assert one.model.snapshot() == two.model.snapshot()
    assert _weights(one.model) == _weights(await _learned(plane, range(1, 52)))
    assert before != one.model.snapshot()
    late = plane.replica()
    await late.catch_up()
    assert late.model.snapshot() == one.model.snapshot()


async def _accepted(plane, numbers, hours):
    """Have an agent's words be accepted, and wait until all of it is written."""
    written = await plane.log.written()
    for number in numbers:
        person = str(uuid.UUID(int=number + 7))
        said = decided(number, GUIDE, placement="agent.prompt", persons=(person,), hours=hours)
        await plane.publish(said)
        await plane.publish(happened("click", GUIDE, number, person, hours + 0.1))
    await until(has_written(plane, written + 2 * len(numbers)))


async def _learned(plane, numbers):
    """Return a model that learns only of these rows."""
    model = Model()
    for each in await plane.log.rows_after(0, 1000):
        if each.number in numbers:
            model.learn(model.number + 1, each.row.outcome, decode(each.row.features))
    return model


def _weights(model):
    indices = decode(FEATURES).indices
    return model.means(indices[:, None]).tolist(), model.variance_matrix(indices).tolist()


async def test_links_and_erasures_reach_the_log(plane):
    link = [
        IdentityNotice(person_id=person, person_ids=[ADA, BOB], version=2) for person in (ADA, BOB)
    ]
    erased = PersonErased(person_ids=[ADA, BOB])
    async with plane.process():
        await plane.publish(*[(identities_of(each.person_id), each) for each in link])
        await plane.publish(decided(1, SHOES, placement="agent.prompt"))
        await until(has_written(plane, 1))
        await until(lambda: _count(plane, "person_sets", 2))
        await plane.publish(happened("purchase", SHOES, person=BOB))
        await until(has_written(plane, 2))
        await plane.publish((erasures_of(ADA), erased))
        await until(lambda: _count(plane, "person_sets", 0))
    rows = await plane.log.rows_after(0, 9)
    assert [(each.row.decision_id, each.row.person_ids) for each in rows] == [("", ())] * 2


async def test_a_set_that_is_told_while_its_person_is_erased_is_not_kept(plane):
    database = plane.database

    async def waits_or_is_done():
        waiting = await database.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return waiting or erasing.done()

    async with database.transaction() as linking:
        await note_sets(linking, [(ADA, [ADA, BOB], 1), (BOB, [ADA, BOB], 1)])
        erasing = asyncio.create_task(PostgresJournal(database).erase([ADA, BOB]))
        await until(waits_or_is_done)
    await erasing
    assert await _count(plane, "person_sets", 0)


async def test_an_answer_may_write_the_id_of_its_decision_in_capitals(plane):
    subject, notices = happened("impression", SHOES, about=0xA)
    notices.notices[0].decision_id = notices.notices[0].decision_id.upper()
    assert notices.notices[0].decision_id != decision_id(0xA)
    async with plane.process():
        await plane.publish(decided(0xA, SHOES))
        await plane.publish((subject, notices))
        await until(has_written(plane, 1))


async def _count(plane, table, count):
    return await plane.database.fetchval(f"SELECT count(*) FROM {table}") == count
