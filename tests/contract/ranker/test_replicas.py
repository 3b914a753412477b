"""Replicas of the model end with the same bits, whatever happens on the way."""

import asyncio
import errno
import itertools
import os
from dataclasses import replace

import numpy as np
import pytest

from services.ranker.domain import model as model_module
from services.ranker.domain.answers import DAY_US, Outcome, Row
from services.ranker.domain.encoding import encode
from services.ranker.domain.layout import COLUMNS
from services.ranker.domain.learning_log import NumberedRow
from services.ranker.storage import replica as replicas
from services.ranker.storage.notices import learning_notices
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from shared.artefacts import ArtefactError, FolderArtefacts
from shared.bus import InMemoryBus, Message
from shared.errors import Unavailable
from shared.testing.background import running, until
from touchpoint.common.v1.bus_pb2 import LearningNotice
from touchpoint.ranker.v1.ranker_pb2 import LearningRow

NOW_US = 20_000 * DAY_US


class WrittenLog:
    """A log that a test writes by hand."""

    def __init__(self):
        self.rows = []
        self._random = np.random.default_rng(3)

    def grow(self, count):
        """Write so many more rows and return the messages that tell of them."""
        added = [self._row(len(self.rows) + place) for place in range(1, count + 1)]
        self.rows += added
        return learning_notices(added)

    def _row(self, number):
        indices = [column.start + int(self._random.integers(column.size)) for column in COLUMNS]
        features = encode(-3.0, np.array(indices[:25], np.uint32))
        outcome = Outcome.SHOWN if self._random.random() < 0.8 else Outcome.ACCEPTED
        return NumberedRow(number, Row("", "p", 1, outcome, features, number, 0.5, 1, ()))

    async def rows_after(self, number, limit):
        return self.rows[number : number + limit]

    async def written(self):
        return len(self.rows)


@pytest.fixture
def log():
    return WrittenLog()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "artefacts"


@pytest.fixture
def pointers():
    return InMemoryPointers()


@pytest.fixture
def replica_of(in_memory_bus, log, folder, pointers):
    def make():
        snapshots = Snapshots(pointers, FolderArtefacts(folder), lambda: NOW_US)
        return ModelReplica(in_memory_bus, log, snapshots)

    return make


def stored(publications):
    sequence = itertools.count(1)
    return [
        Message(each.subject, 1, each.data, each.message_id, next(sequence), 0)
        for each in publications
    ]


async def test_replicas_that_follow_and_one_that_comes_late_are_equal_bit_for_bit(
    in_memory_bus, log, replica_of
):
    one, two = replica_of(), replica_of()
    async with running(one, two):
        await until(lambda: _ready(one))
        await until(lambda: _ready(two))
        for _ in range(5):
            await in_memory_bus.publish(log.grow(200))
        await until(lambda: one.model.number == two.model.number == 1000)
    late = replica_of()
    await late.catch_up()
    assert one.model.snapshot() == two.model.snapshot() == late.model.snapshot()
    assert one.version == two.version == late.version
    assert one.version.endswith("+1000")


async def _ready(replica):
    try:
        await replica.check_ready()
    except Unavailable:
        return False
    return True


async def test_messages_that_were_lost_or_come_twice_are_made_up_for(
    in_memory_bus, log, replica_of
):
    one = replica_of()
    async with running(one):
        await until(lambda: _ready(one))
        first, lost, last = log.grow(10), log.grow(10), log.grow(10)
        await in_memory_bus.publish(first)
        await in_memory_bus.publish(last)
        await until(lambda: one.model.number == 30)
        in_memory_bus.forget_ids()
        await in_memory_bus.publish([*first, *lost, *last])
        await in_memory_bus.publish(log.grow(1))
        await until(lambda: one.model.number == 31)
    assert one.model.snapshot() == (await _from_the_first_row(log)).snapshot()


async def _from_the_first_row(log):
    model = ModelReplica(InMemoryBus(), log, Snapshots(InMemoryPointers(), None))
    await model.catch_up()
    return model.model


async def test_a_restart_from_a_snapshot_gives_the_same_bits(log, replica_of):
    log.grow(replicas.SNAPSHOT_EVERY + 100)
    one = replica_of()
    await one.catch_up()
    assert await one.save_if_due()
    assert not await one.save_if_due()
    log.grow(300)
    await one.catch_up()
    again = replica_of()
    await again.restore()
    assert again.model.number == replicas.SNAPSHOT_EVERY + 100
    await again.catch_up()
    assert again.model.snapshot() == one.model.snapshot()
    assert again.version == one.version


async def test_a_torn_snapshot_is_passed_over_for_the_one_before_and_then_for_the_rows(
    log, replica_of, folder, pointers
):
    one = replica_of()
    for _ in range(2):
        log.grow(replicas.SNAPSHOT_EVERY)
        await one.catch_up()
        await one.save_if_due()
    newest, before = await pointers.newest_first()
    _tear(folder, newest.artefact)
    again = replica_of()
    await again.restore()
    assert again.model.number == before.number
    _tear(folder, before.artefact)
    anew = replica_of()
    await anew.restore()
    assert anew.model.number == 0
    for each in (again, anew):
        await each.catch_up()
        assert each.model.snapshot() == one.model.snapshot()


def _tear(folder, artefact):
    path = folder / artefact[:2] / artefact
    path.write_bytes(path.read_bytes()[:-7])


async def test_nobody_looks_for_snapshots_before_one_may_be_due(log, replica_of, pointers):
    looked = []

    async def newest_first():
        looked.append(1)
        return []

    log.grow(replicas.SNAPSHOT_EVERY - 1)
    one = replica_of()
    await one.catch_up()
    pointers.newest_first = newest_first
    assert not await one.save_if_due()
    assert not looked
    log.grow(1)
    await one.catch_up()
    assert await one.save_if_due()
    assert looked


async def test_snapshots_are_thinned_out(log, replica_of, folder):
    one = replica_of()
    for _ in range(5):
        log.grow(replicas.SNAPSHOT_EVERY)
        await one.catch_up()
        await one.save_if_due()
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 4


async def test_what_a_crash_left_of_a_snapshot_is_removed_with_the_next(log, replica_of, folder):
    artefacts = FolderArtefacts(folder)
    orphan, being_saved = await artefacts.put(b"orphan"), await artefacts.put(b"being saved")
    os.utime(await artefacts.file(orphan), (0, 0))
    log.grow(replicas.SNAPSHOT_EVERY)
    one = replica_of()
    await one.catch_up()
    await one.save_if_due()
    with pytest.raises(ArtefactError):
        await artefacts.get(orphan)
    assert await artefacts.get(being_saved)


async def test_a_log_that_was_put_back_to_an_earlier_moment_is_followed_from_there(log, replica_of):
    one = replica_of()
    log.grow(30)
    await one.catch_up()
    del log.rows[10:]
    log.grow(3)
    assert await one.is_behind()
    await one.catch_up()
    assert one.model.snapshot() == (await _from_the_first_row(log)).snapshot()
    assert not await one.is_behind()


async def test_a_replica_that_is_behind_says_so(in_memory_bus, log, pointers):
    now_s = [0.0]
    snapshots = Snapshots(pointers, None)
    one = ModelReplica(in_memory_bus, log, snapshots, monotonic=lambda: now_s[0])
    async with running(one):
        await until(lambda: _ready(one))
    log.grow(5)
    assert await one.is_behind()
    await one.check_lag()
    now_s[0] = 6.0
    with pytest.raises(Unavailable, match="lags 6 s behind"):
        await one.check_lag()
    await one.catch_up()
    assert not await one.is_behind()
    await one.check_lag()


async def test_a_replica_that_follows_a_log_that_always_grows_is_not_stale(log, pointers):
    now_s = [0.0]
    snapshots = Snapshots(pointers, None)
    one = ModelReplica(InMemoryBus(), log, snapshots, monotonic=lambda: now_s[0])
    for _ in range(10):
        log.grow(1)
        assert await one.is_behind()
        await one.catch_up()
        log.grow(1)
        now_s[0] += 2.0
        assert not one.is_stale
    assert await one.is_behind()
    now_s[0] += 6.0
    assert one.is_stale


async def test_a_snapshot_of_a_newer_version_is_refused_and_the_one_before_is_served(
    log, replica_of, folder, monkeypatch
):
    one = replica_of()
    log.grow(replicas.SNAPSHOT_EVERY)
    await one.catch_up()
    await one.save_if_due()
    log.grow(replicas.SNAPSHOT_EVERY)
    await one.catch_up()
    with monkeypatch.context() as newer:
        newer.setattr(model_module, "VERSION", model_module.VERSION + 1)
        await one.save_if_due()
    again = replica_of()
    await again.restore()
    assert again.model.number == replicas.SNAPSHOT_EVERY
    assert "newer layout" in again.refusal
    with pytest.raises(Unavailable, match="newer layout"):
        await again.check_features()
    await again.catch_up()
    assert again.model.snapshot() == one.model.snapshot()
    log.grow(replicas.SNAPSHOT_EVERY)
    await again.catch_up()
    assert await again.save_if_due()
    await again.check_features()


class FullDisk(FolderArtefacts):
    """A folder on a disk that is full for a while."""

    is_full = True

    async def put(self, data):
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return await super().put(data)


async def test_a_disk_that_is_full_costs_a_snapshot_and_no_row(
    in_memory_bus, log, pointers, folder
):
    disk = FullDisk(folder)
    one = ModelReplica(in_memory_bus, log, Snapshots(pointers, disk, lambda: NOW_US))
    log.grow(replicas.SNAPSHOT_EVERY)
    await one.catch_up()
    with pytest.raises(OSError, match="No space left"):
        await one.save_if_due()
    assert await pointers.newest_first() == []
    log.grow(10)
    await one.catch_up()
    assert one.model.number == replicas.SNAPSHOT_EVERY + 10
    disk.is_full = False
    assert await one.save_if_due()
    again = ModelReplica(in_memory_bus, log, Snapshots(pointers, disk, lambda: NOW_US))
    await again.restore()
    assert again.model.snapshot() == one.model.snapshot()


async def test_rows_of_a_newer_version_are_passed_over_and_nothing_is_saved_without_them(
    log, replica_of
):
    one = replica_of()
    log.grow(replicas.SNAPSHOT_EVERY)
    newer = log.rows[3]
    log.rows[3] = replace(newer, row=replace(newer.row, features=b"\xff" + newer.row.features))
    await one.catch_up()
    assert one.model.number == replicas.SNAPSHOT_EVERY
    assert not await one.save_if_due()
    with pytest.raises(Unavailable, match="newer version"):
        await one.check_features()


@pytest.mark.parametrize("told", ["by the log", "by the bus"])
async def test_rows_of_an_outcome_that_only_a_newer_version_knows_teach_nothing(
    in_memory_bus, log, replica_of, told
):
    one = replica_of()
    async with running(one):
        await until(lambda: _ready(one))
        await in_memory_bus.publish(log.grow(3))
        await until(lambda: one.model.number == 3)
        learned = one.model.snapshot()
        [message] = log.grow(1)
        notice = LearningNotice.FromString(message.data)
        row = LearningRow.FromString(notice.rows[0])
        row.outcome = 99
        notice.rows[0] = row.SerializeToString()
        log.rows[3] = replace(log.rows[3], row=replace(log.rows[3].row, outcome=Outcome(99)))
        if told == "by the bus":
            await in_memory_bus.publish([replace(message, data=notice.SerializeToString())])
            await until(lambda: one.model.number == 4)
        else:
            await one.catch_up()
    assert one.model.number == 4
    one.model.number = 3
    assert one.model.snapshot() == learned
    with pytest.raises(Unavailable, match="newer version"):
        await one.check_features()


async def test_learning_gives_way_to_requests(log, replica_of):
    log.grow(3000)
    one, turns = replica_of(), 0

    async def serve():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    serving = asyncio.create_task(serve())
    await one.catch_up()
    serving.cancel()
    assert turns > 3
