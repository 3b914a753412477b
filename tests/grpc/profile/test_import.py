from services.profile.storage.notices import MAX_NOTICES
from shared.bus.outbox import LARGEST_MESSAGE
from shared.bus.subjects import PARTITIONS, events_of
from tests.grpc.profile.edge import SHOE
from touchpoint.common.v1.bus_pb2 import EventNotices, HistoryImported
from touchpoint.profile.v1 import profile_service_pb2 as pb

ADA = ("customer", "ada")


async def import_events(client, *events):
    request = pb.ImportEventsRequest(import_id="year", events=events, first_row=1)
    return await client.stub.ImportEvents(request, timeout=10)


async def finish(client):
    return await client.stub.FinishImport(pb.FinishImportRequest(import_id="year"), timeout=10)


async def outbox(client):
    rows = await client.database.fetch("SELECT subject, data FROM outbox ORDER BY id")
    return [(row["subject"], row["data"]) for row in rows]


async def notices(client):
    """Return (subject, notice) of every event told, in the order of the outbox."""
    return [
        (subject, notice)
        for subject, data in await outbox(client)
        if subject.startswith("events.")
        for notice in EventNotices.FromString(data).notices
    ]


def purchases(client, days):
    return [
        client.event([ADA], "purchase", item_id="shoe", order_id=f"o{day}", ago_s=86_400 * day)
        for day in days
    ]


async def test_the_view_shows_the_traits_when_the_import_has_ended(client):
    assert (await import_events(client, *purchases(client, (40, 10)))).accepted == 2
    assert (await import_events(client, *purchases(client, (30, 20)))).accepted == 2
    done = await finish(client)
    assert (done.persons, done.events) == (1, 4)
    snapshot = await client.snapshot(ADA)
    assert list(snapshot.owned.family_nos) == [SHOE]
    assert list(snapshot.owned.times) == [4]
    assert list(snapshot.owned.cycle_days) == [10.0]
    assert snapshot.traits.frequency == 4


async def test_history_is_announced_once_and_its_events_are_not(client):
    await import_events(client, *purchases(client, (3, 2, 1)))
    await finish(client)
    await finish(client)
    told = await outbox(client)
    [(subject, announced)] = [each for each in told if each[0].startswith("events.")]
    assert subject == "events.history_imported"
    assert HistoryImported.FromString(announced).events == 3


async def test_a_live_event_is_told_on_the_bus_with_its_numbers(client):
    await client.record(client.event([ADA], "view", item_id="shoe", session_id="s"))
    [(_, notice)] = await notices(client)
    answer = await client.answer(ADA)
    assert (notice.seq, notice.type, notice.offer_no, notice.family_no) == (1, "view", SHOE, SHOE)
    assert notice.person_id == answer.person_ids[0]
    assert notice.standing_token == answer.standing_token


async def test_events_recorded_together_are_told_in_one_message_of_each_partition(client):
    await client.record(
        *(
            client.event([("customer", f"c{number % 40}")], "view", item_id="shoe")
            for number in range(120)
        )
    )
    told = await notices(client)
    messages = [subject for subject, _ in await outbox(client) if subject.startswith("events.")]
    assert sorted(messages) == [f"events.{number}" for number in range(PARTITIONS)]
    assert all(subject == events_of(notice.person_id) for subject, notice in told)
    seqs = {}
    for _, notice in told:
        seqs.setdefault(notice.person_id, []).append(notice.seq)
    assert list(seqs.values()) == [[1, 2, 3]] * 40


async def test_a_message_about_many_long_events_fits_into_the_bus(client):
    long = "ö" * 128
    events = [
        client.event([ADA], "view", session_id=long, order_id=long, decision_id=long)
        for _ in range(2 * MAX_NOTICES + 1)
    ]
    await client.record(*events)
    sizes = [len(data) for subject, data in await outbox(client) if subject.startswith("events.")]
    assert len(sizes) == 3
    assert max(sizes) < LARGEST_MESSAGE
    assert [notice.seq for _, notice in await notices(client)] == list(range(1, len(events) + 1))


async def test_identities_of_a_file_are_written_the_one_way(client):
    events = [client.event([("phone", "(555) 010-0200")], "call_started")]
    assert (await import_events(client, *events)).accepted == 1
    await finish(client)
    assert (await client.answer(("phone", "+15550100200"))).person_ids


async def test_bad_rows_are_named_by_their_place_in_the_slice(client):
    response = await import_events(
        client,
        *purchases(client, (1,)),
        client.event([("phone", "nonsense")], "view"),
        client.event([ADA], "view", quantity=-2),
    )
    assert response.accepted == 1
    assert [(each.index, each.code) for each in response.rejected] == [
        (1, "INVALID"),
        (2, "INVALID"),
    ]


async def test_the_end_of_an_import_of_nothing_says_so(client):
    done = await finish(client)
    assert (done.persons, done.events) == (0, 0)


def customer(*who, **attributes):
    record = pb.CustomerRecord(attributes=attributes)
    for kind, value in who:
        record.identities.add(kind=kind, value=value)
    return record


async def import_customers(client, *records, dry_run=False):
    request = pb.ImportCustomersRequest(import_id="c", customers=records, dry_run=dry_run)
    return await client.stub.ImportCustomers(request, timeout=5)


async def test_a_dry_run_says_what_would_be_and_writes_nothing(client):
    events = purchases(client, (2, 1))
    request = pb.ImportEventsRequest(import_id="year", events=events, first_row=1, dry_run=True)
    for _ in range(2):
        foretold = await client.stub.ImportEvents(request, timeout=10)
        assert (foretold.accepted, foretold.duplicates) == (2, 0)
    assert not (await client.answer(ADA)).person_ids
    assert (await import_events(client, *events)).accepted == 2
    assert (await client.stub.ImportEvents(request, timeout=10)).duplicates == 2
    assert (await import_customers(client, customer(("customer", "eve")), dry_run=True)).created
    assert not (await client.answer(("customer", "eve"))).person_ids


async def test_people_are_enriched_by_card_email_or_phone(client):
    card, email, phone = (
        ("loyalty_card", "77"),
        ("email", "ada@shop.example"),
        ("phone", "+15550100"),
    )
    await import_customers(client, customer(ADA, card, email, phone))
    for number, who in enumerate((card, email, phone)):
        done = await import_customers(client, customer(who, **{f"fact_{number}": "yes"}))
        assert (done.created, done.updated) == (0, 1)
    attributes = (await client.snapshot(ADA)).attributes
    assert {name for name in attributes if name.startswith("fact_")} == {
        "fact_0",
        "fact_1",
        "fact_2",
    }


async def test_nobody_is_made_by_an_enrichment_and_no_family_is_mixed_up(client):
    phone = ("phone", "+15550100")
    await import_customers(client, customer(ADA, phone), customer(("customer", "bob"), phone))
    done = await import_customers(
        client, customer(phone, city="Bath"), customer(("email", "no@body.example"), city="Bath")
    )
    assert [(each.index, each.code) for each in done.rejected] == [
        (0, "AMBIGUOUS_PERSON"),
        (1, "PERSON_NOT_FOUND"),
    ]
    assert done.updated == 0
