"""Messages that were put aside say nothing of erased persons any more."""

import uuid

from services.ranker.storage import MIGRATIONS
from shared.bus.forgetting import forget_in_parked
from touchpoint.common.v1.bus_pb2 import EventNotices, IdentityNotice

ADA, BOB = (str(uuid.uuid4()) for _ in range(2))


def happened(*persons):
    notices = [{"person_id": person, "event_id": f"of {person}"} for person in persons]
    return EventNotices(notices=notices).SerializeToString()


async def parked(database, **messages):
    """Park messages by subject, and return what is left of them once Ada is erased."""
    for place, (subject, data) in enumerate(messages.items()):
        await database.execute(
            "INSERT INTO parked (consumer, message_id, subject, schema_number, data, sequence,"
            " stored_us, reason, tries) VALUES ('c', gen_random_uuid(), $1, 1, $2, $3, 0, '', 5)",
            subject.replace("_", "."),
            data,
            place,
        )
    async with database.transaction() as transaction:
        found = await forget_in_parked(transaction, [ADA])
    rows = await database.fetch("SELECT data FROM parked ORDER BY sequence")
    return found, [row["data"] for row in rows]


async def test_a_message_about_several_keeps_what_it_says_of_the_others(fresh_database):
    database = await fresh_database("ranker", MIGRATIONS)
    left = await parked(
        database, events_0=happened(ADA, BOB, ADA), events_1=happened(ADA), events_2=happened(BOB)
    )
    assert left == (2, [happened(BOB), happened(BOB)])


async def test_a_message_about_them_alone_or_that_nobody_can_read_goes(fresh_database):
    database = await fresh_database("ranker", MIGRATIONS)
    identity = IdentityNotice(person_id=BOB, person_ids=[ADA, BOB]).SerializeToString()
    broken = b"\xff" + ADA.encode()
    left = await parked(database, identities_0=identity, events_0=broken, events_1=happened(BOB))
    assert left == (2, [happened(BOB)])
