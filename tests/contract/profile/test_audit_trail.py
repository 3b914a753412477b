"""The audit trail in PostgreSQL: written with what it tells of, whole until somebody tampers."""

import asyncio

import asyncpg
import pytest

from services.profile.domain import persons
from services.profile.domain.audit import Action, By, Damage, Note
from services.profile.domain.lookup import find_person
from services.profile.domain.recording import import_history, record
from services.profile.storage import MIGRATIONS
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.erasing import Erasures
from services.profile.storage.in_memory import InMemoryProfiles
from services.profile.storage.keyring import Keyring
from shared.privacy import FolderWrappingKeys
from tests.contract.profile.desk import NOW_US, SEALER, Desk, PostgresStore, identity

ADA, BOB = identity("customer", "ada"), identity("customer", "bob")
AGENT = By("agent", "LinkPersons")


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("profile", MIGRATIONS)


@pytest.fixture
def keyring(tmp_path):
    return Keyring(FolderWrappingKeys(tmp_path / "keys"))


@pytest.fixture
def desk(database, keyring):
    return Desk(PostgresStore(database, keyring))


@pytest.fixture
def trail(database):
    return AuditTrail(database, SEALER, lambda: NOW_US)


async def told(trail, *pseudonyms):
    entries = [entry async for some in trail.entries(0, pseudonyms) for entry in some]
    return [(entry.caller, entry.rpc, entry.action) for entry in entries]


def read(person_id, caller="crm"):
    return Note(By(caller, "GetProfile"), Action.READ, person_id)


async def tamper(database, statement):
    await database.execute("ALTER TABLE audit DISABLE TRIGGER USER")
    await database.execute(statement)
    await database.execute("ALTER TABLE audit ENABLE TRIGGER USER")


async def test_readers_that_come_together_are_written_together_and_the_trail_is_whole(trail):
    statements = []
    write = trail._write

    async def counted(notes):
        statements.append(len(notes))
        await write(notes)

    trail._write = counted
    await asyncio.gather(*(trail.note([read(f"person-{number}")]) for number in range(40)))
    assert statements == [40]
    walk = await trail.verified()
    assert (walk.found, walk.position) == (None, 40)


async def test_replicas_write_one_trail(database, trail):
    other = AuditTrail(database, SEALER, lambda: NOW_US)
    notes = [each.note([read("person")]) for _ in range(10) for each in (trail, other)]
    await asyncio.gather(*notes)
    walk = await trail.verified()
    assert (walk.found, walk.position) == (None, 20)


async def test_what_cannot_be_written_down_is_not_shown(database, trail):
    await database.execute("DROP TABLE audit_head")
    with pytest.raises(asyncpg.UndefinedTableError):
        await trail.note([read("person")])


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET caller = 'nobody' WHERE position = 3", (3, Damage.ALTERED)),
        ("DELETE FROM audit WHERE position = 3", (3, Damage.DELETED)),
        ("DELETE FROM audit WHERE position > 3", (4, Damage.DELETED)),
        ("DELETE FROM audit", (1, Damage.DELETED)),
        (
            "INSERT INTO audit SELECT 7, time_us, 'forger', rpc, action, pseudonym, seal, seal"
            " FROM audit WHERE position = 6",
            (7, Damage.INSERTED),
        ),
        (
            "INSERT INTO audit SELECT -1, time_us, caller, rpc, action, pseudonym, previous, seal"
            " FROM audit WHERE position = 1",
            (-1, Damage.INSERTED),
        ),
    ],
)
async def test_the_first_place_that_was_tampered_with_is_told(database, trail, statement, found):
    await trail.note([read(f"person-{number}") for number in range(6)])
    await tamper(database, statement)
    assert (await trail.verified()).found == found


@pytest.mark.parametrize("statement", ["UPDATE audit SET caller = ''", "DELETE FROM audit"])
async def test_a_mistake_cannot_change_the_trail(database, trail, statement):
    await trail.note([read("person")])
    with pytest.raises(asyncpg.RaiseError):
        await database.execute(statement)


async def test_what_changes_persons_is_written_with_it(database, desk, trail):
    keep = desk.arrival(ADA, kind="consent")
    await record(desk.store, [keep, desk.arrival(BOB)._replace(place=1)], **words(desk))
    past = [desk.arrival(BOB, kind="unsubscribe")]
    await import_history(desk.store, past, import_id="i", now_us=NOW_US, new_id=desk.new_id)
    ada, bob = [(await find_person(desk.store, [who], "")).oldest_id for who in (ADA, BOB)]
    joined = await persons.link(
        desk.store, ada, bob, "", now_us=NOW_US, new_id=desk.new_id, by=AGENT
    )
    await persons.unlink(desk.store, joined.link_id, "", "", now_us=NOW_US, by=AGENT)
    await persons.unlink(desk.store, joined.link_id, "", "", now_us=NOW_US, by=AGENT)
    assert await told(trail, SEALER.pseudonym(ada)) == [
        ("test", "RecordEvents", "consent_changed"),
        ("agent", "LinkPersons", "linked"),
        ("agent", "LinkPersons", "unlinked"),
    ]
    assert (await told(trail, SEALER.pseudonym(bob)))[0] == (
        "test",
        "ImportEvents",
        "consent_changed",
    )


async def test_what_is_rolled_back_is_not_in_the_trail(desk, trail):
    first = desk.arrival(ADA, kind="consent", event_id="same")
    await record(desk.store, [first], **words(desk))
    again = desk.arrival(ADA, kind="consent", event_id="same")
    assert (await record(desk.store, [again], **words(desk))).duplicates == 1
    assert len(await told(trail)) == 1


async def test_an_erasure_is_in_the_trail_and_leaves_it_whole(database, desk, keyring, trail):
    await record(desk.store, [desk.arrival(ADA, kind="consent")], **words(desk))
    [ada] = (await find_person(desk.store, [ADA], "")).person_ids
    await trail.note([read(ada)])
    erasures = Erasures(database, keyring, SEALER)
    await erasures.erase([ADA.key], (), NOW_US, By("dpo", "ErasePerson"))
    assert await told(trail, SEALER.pseudonym(ada)) == [
        ("test", "RecordEvents", "consent_changed"),
        ("crm", "GetProfile", "read"),
        ("dpo", "ErasePerson", "erased"),
    ]
    assert (await trail.verified()).found is None


async def test_the_fake_is_told_the_same():
    desk = Desk(InMemoryProfiles())
    await record(desk.store, [desk.arrival(ADA, kind="consent")], **words(desk))
    assert [note.action for note in desk.store.notes] == [Action.CONSENT_CHANGED]


def words(desk):
    return {"may_link": True, "now_us": NOW_US, "new_id": desk.new_id}
