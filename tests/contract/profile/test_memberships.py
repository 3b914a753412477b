"""Who enters a segment and who leaves it is told once, whatever the reason."""

from datetime import timedelta

import pytest

from services.profile.audiences.memberships import Memberships
from services.profile.definitions import InForce, compile_bundle
from services.profile.domain.audit import Sealer
from services.profile.domain.importing import fold_history
from services.profile.domain.lookup import find_person
from services.profile.domain.memberships import Cause
from services.profile.domain.persons import link, unlink
from services.profile.domain.recording import import_history, record
from services.profile.storage import MIGRATIONS
from services.profile.storage.erasing import Erasures
from services.profile.storage.everybody import Everybody
from services.profile.storage.history import Imports
from services.profile.storage.keyring import Keyring
from services.profile.storage.memberships import PostgresMemberships
from services.profile.storage.streams import Streams
from services.profile.storage.upkeep import TierReader
from shared.arms import unit_interval
from shared.privacy import FolderWrappingKeys
from shared.testing.clock import FakeClock
from tests.contract.profile.desk import Desk, PostgresStore, identity
from touchpoint.common.v1.bus_pb2 import MembershipNotices
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Bundle, Segment

ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
PEOPLE = {"ada": ADA, "bob": BOB}
BUYERS = Segment(segment="buyers", when="customer.frequency >= 2")
RECENT = Segment(segment="recent", when="customer.frequency > 0 && customer.recency_days < 30.0")


class Shop:
    """People, their segments, and what was told of them."""

    def __init__(self, database, keyring, clock):
        self.database, self.clock = database, clock
        self.store = PostgresStore(database, keyring)
        self.desk = Desk(self.store)
        self.memberships = PostgresMemberships(database, Streams(database))
        everybody = Everybody(database, keyring)
        self._job = Memberships(
            self.memberships, everybody, TierReader(database), lambda: self._in_force, clock
        )
        self.define(BUYERS, RECENT)

    def define(self, *segments):
        hashed = "+".join(segment.when for segment in segments)
        self._in_force = InForce(compile_bundle(Bundle(bundle_hash=hashed, segments=segments)))

    def try_out(self, share, *segments):
        """Put other segments in force for a share of people; 0: end that."""
        tried = compile_bundle(Bundle(bundle_hash="tried", segments=segments))
        trial = Trial(bundle_hash="tried", share=share, salt="tried") if share else Trial()
        self._in_force = InForce(self._in_force.active, tried, trial)

    async def bought(self, who, order, days_ago=0):
        when = self.clock.now_us() - days_ago * 86_400_000_000
        arrival = self.desk.arrival(who, kind="purchase", order_id=order, time_us=when)
        now_us, new_id = self.clock.now_us(), self.desk.new_id
        await record(self.store, [arrival], may_link=True, now_us=now_us, new_id=new_id)

    async def id_of(self, who):
        return (await find_person(self.store, [who], "")).oldest_id

    async def told(self):
        """Do all that is due and return what was told of it."""
        while await self._job.once():
            continue
        rows = await self.database.fetch(
            "DELETE FROM outbox WHERE subject LIKE 'memberships.%' RETURNING data"
        )
        names = {await self.id_of(ADA): "ada", await self.id_of(BOB): "bob"}
        return sorted(
            (names.get(each.person_id, "?"), each.segment, each.is_member, each.cause)
            for row in rows
            for each in MembershipNotices.FromString(row["data"]).notices
        )

    async def stand(self, position=0):
        """Return who is in what, as it is streamed."""
        rows = [row async for _, rows in self.memberships.stream(position, []) for row in rows]
        return {(row[1], row[2]): row[3] for row in rows}


@pytest.fixture
async def shop(fresh_database, tmp_path):
    database = await fresh_database("profile", MIGRATIONS)
    return Shop(database, Keyring(FolderWrappingKeys(tmp_path / "keys")), FakeClock())


async def test_the_first_look_tells_of_everybody_and_the_second_of_nobody(shop):
    await shop.bought(ADA, "o1")
    await shop.bought(ADA, "o2")
    await shop.bought(BOB, "o3")
    assert await shop.told() == [
        ("ada", "buyers", True, Cause.DEFINITIONS),
        ("ada", "recent", True, Cause.DEFINITIONS),
        ("bob", "recent", True, Cause.DEFINITIONS),
    ]
    assert await shop.told() == []


async def test_an_event_moves_its_person_and_nobody_else(shop):
    await shop.bought(ADA, "o1")
    await shop.told()
    await shop.bought(ADA, "o2")
    assert await shop.told() == [("ada", "buyers", True, Cause.EVENT)]


async def test_time_alone_moves_people_by_the_day(shop):
    await shop.bought(ADA, "o1", days_ago=29)
    await shop.told()
    shop.clock.advance(timedelta(hours=30))
    assert await shop.told() == [("ada", "recent", False, Cause.TIME)]
    assert await shop.stand() == {(await shop.id_of(ADA), "recent"): False}
    shop.clock.advance(timedelta(days=40))
    await shop.told()
    assert await shop.stand() == {}


async def test_other_definitions_move_people_and_those_that_only_read_otherwise_do_not(shop):
    await shop.bought(ADA, "o1")
    await shop.told()
    shop.define(Segment(segment="buyers", when="customer.frequency >= 1"))
    assert await shop.told() == [
        ("ada", "buyers", True, Cause.DEFINITIONS),
        ("ada", "recent", False, Cause.DEFINITIONS),
    ]
    shop.define(Segment(segment="buyers", when="customer.frequency > 0"))
    assert await shop.told() == []


async def test_a_merge_moves_both_and_its_end_moves_them_back(shop):
    await shop.bought(ADA, "o1")
    await shop.bought(BOB, "o2")
    await shop.told()
    ada, bob = await shop.id_of(ADA), await shop.id_of(BOB)
    now_us = shop.clock.now_us()
    made = await link(shop.store, ada, bob, "", now_us=now_us, new_id=shop.desk.new_id)
    await shop.told()
    assert (await shop.stand())[ada, "buyers"]
    assert (await shop.stand())[bob, "buyers"]
    await unlink(shop.store, made.link_id, "", "", now_us=now_us)
    assert await shop.told() == [
        ("ada", "buyers", False, Cause.EVENT),
        ("bob", "buyers", False, Cause.EVENT),
    ]


async def test_a_change_has_a_position_after_all_that_were_told_before(shop):
    await shop.bought(ADA, "o1")
    await shop.told()
    *_, (position, _) = [slice_ async for slice_ in shop.memberships.stream(0, [])]
    assert await shop.stand(position) == {}
    await shop.bought(ADA, "o2")
    await shop.told()
    assert await shop.stand(position) == {(await shop.id_of(ADA), "buyers"): True}
    only = [row async for _, rows in shop.memberships.stream(0, ["recent"]) for row in rows]
    assert [row[2] for row in only] == ["recent"]


async def test_nothing_is_kept_or_told_of_somebody_erased_meanwhile(shop):
    await shop.bought(ADA, "o1")
    ada = await shop.id_of(ADA)
    held = shop.memberships.told

    async def erased_now(person_ids):
        found = await held(person_ids)
        await shop.database.execute("DELETE FROM profiles WHERE person_id = $1::uuid", ada)
        return found

    shop.memberships.told = erased_now
    assert await shop.told() == []
    assert await shop.stand() == {}


async def test_an_erasure_takes_the_memberships_along(shop):
    await shop.bought(ADA, "o1")
    await shop.told()
    erasures = Erasures(shop.database, shop.store._keyring, Sealer(b"k" * 32))
    await erasures.erase([ADA.key], [], shop.clock.now_us())
    assert await shop.stand() == {}
    assert await shop.told() == []


async def test_a_sweep_of_many_goes_on_where_it_stopped(shop):
    for number in range(5):
        await shop.bought(identity("customer", f"c{number}"), f"o{number}")
    await shop._job.once()
    await shop._job.once()
    progress = await shop.memberships.progress()
    assert progress.swept_to is not None
    other = Memberships(
        shop.memberships,
        shop._job._everybody,
        TierReader(shop.database),
        lambda: shop._in_force,
        shop.clock,
    )
    while await other.once():
        continue
    assert list((await shop.stand()).values()) == [True] * 5


async def test_those_in_a_share_are_in_the_segments_that_are_tried_and_all_others_in_theirs(shop):
    for who in (ADA, BOB):
        await shop.bought(who, f"of {who.value}")
    await shop.told()
    places = {name: unit_interval("tried", await shop.id_of(who)) for name, who in PEOPLE.items()}
    first, last = sorted(places, key=places.__getitem__)
    anybody = Segment(segment="buyers", when="customer.frequency >= 1")
    shop.try_out(sum(places.values()) / 2, anybody)
    assert await shop.told() == [
        (first, "buyers", True, Cause.DEFINITIONS),
        (first, "recent", False, Cause.DEFINITIONS),
    ]
    await shop.bought(PEOPLE[last], "another")
    assert await shop.told() == [(last, "buyers", True, Cause.EVENT)]
    shop.try_out(1.0, anybody)
    assert await shop.told() == [(last, "recent", False, Cause.DEFINITIONS)]
    shop.try_out(0.0)
    assert set(await shop.told()) == {
        (first, "buyers", False, Cause.DEFINITIONS),
        (first, "recent", True, Cause.DEFINITIONS),
        (last, "recent", True, Cause.DEFINITIONS),
    }


async def test_imported_history_counts_when_the_import_is_over(shop):
    await shop.bought(BOB, "o0")
    await shop.told()
    shop.clock.advance(timedelta(minutes=1))
    now_us, new_id = shop.clock.now_us(), shop.desk.new_id
    history = [
        shop.desk.arrival(ADA, kind="purchase", order_id=f"h{order}", time_us=now_us)
        for order in range(2)
    ]
    await import_history(shop.store, history, import_id="i", now_us=now_us, new_id=new_id)
    assert await shop.told() == []
    await fold_history(shop.store, "i", now_us)
    await Imports(shop.database).announce("i", 1, now_us)
    assert await shop.told() == [
        ("ada", "buyers", True, Cause.TIME),
        ("ada", "recent", True, Cause.TIME),
    ]
