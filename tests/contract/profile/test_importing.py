from contextlib import asynccontextmanager

import pytest

from services.profile.domain.customers import Customer, write_customers
from services.profile.domain.importing import fold_history
from services.profile.domain.lookup import find_person
from services.profile.domain.recording import FEWEST_AT_ONCE, import_history, record
from shared.errors import DATABASE_SLOW, Unavailable
from tests.contract.profile.desk import NOW_US, identity

DAY_US = 86_400_000_000
ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
COOKIE = identity("visitor", "cookie")
PHONE = identity("phone", "+15550100")
EMAIL = identity("email", "ada@shop.example")


async def imported(desk, *arrivals):
    return await import_history(
        desk.store, arrivals, import_id="year", now_us=NOW_US, new_id=desk.new_id
    )


async def folded(desk):
    return await fold_history(desk.store, "year", NOW_US)


async def written(desk, *customers):
    rows = [
        Customer(place, tuple(who), attributes, name)
        for place, (who, attributes, name) in enumerate(customers)
    ]
    return await write_customers(desk.store, rows, now_us=NOW_US, new_id=desk.new_id)


async def person(desk, *who):
    return await find_person(desk.store, who, "")


def purchase(desk, who, day, **what):
    return desk.arrival(
        who,
        kind="purchase",
        time_us=NOW_US - day * DAY_US,
        family_no=5,
        offer_no=5,
        order_id=f"o{day}",
        **what,
    )


async def test_history_is_in_the_state_when_the_import_ends(desk):
    outcome = await imported(desk, *(purchase(desk, ADA, day) for day in range(30, 0, -1)))
    assert outcome.accepted == 30
    assert not (await person(desk, ADA)).state().owned
    done = await folded(desk)
    assert (done.persons, done.events) == (1, 30)
    assert (await person(desk, ADA)).state().owned[5].times == 30


class SlowStore:
    """Gives up what writes more than so many events at once."""

    def __init__(self, store, most):
        self.store, self.most, self.sizes = store, most, []

    @asynccontextmanager
    async def transaction(self):
        async with self.store.transaction() as transaction:
            claim = transaction.claim

            async def claim_in_time(marks, *rest):
                self.sizes.append(len(marks))
                if len(marks) > self.most:
                    raise Unavailable("the database did not answer in time", reason=DATABASE_SLOW)
                return await claim(marks, *rest)

            transaction.claim = claim_in_time
            yield transaction


async def test_what_the_database_cannot_write_in_time_is_written_in_halves(desk):
    slow = SlowStore(desk.store, FEWEST_AT_ONCE)
    arrivals = [purchase(desk, ADA, day) for day in range(1, 2 * FEWEST_AT_ONCE + 2)]
    arrivals.append(arrivals[0])
    outcome = await import_history(
        slow, arrivals, import_id="year", now_us=NOW_US, new_id=desk.new_id
    )
    assert (outcome.accepted, outcome.duplicates) == (2 * FEWEST_AT_ONCE + 1, 1)
    assert slow.sizes[0] > FEWEST_AT_ONCE >= slow.sizes[-1]
    assert (await folded(desk)).events == 2 * FEWEST_AT_ONCE + 1


async def test_an_import_that_is_too_slow_in_the_smallest_parts_is_told(desk):
    arrivals = [purchase(desk, ADA, day) for day in range(1, 2 * FEWEST_AT_ONCE)]
    with pytest.raises(Unavailable, match="in time"):
        await import_history(
            SlowStore(desk.store, 0), arrivals, import_id="year", now_us=NOW_US, new_id=desk.new_id
        )


async def test_history_takes_no_event_number(desk):
    await imported(desk, purchase(desk, ADA, 1))
    await folded(desk)
    assert (await person(desk, ADA)).seq == 0


async def test_history_frees_a_standing_decision(desk):
    await record(desk.store, [desk.arrival(ADA)], may_link=True, now_us=NOW_US, new_id=desk.new_id)
    before = (await person(desk, ADA)).standing_token
    await imported(desk, purchase(desk, ADA, 1))
    await folded(desk)
    assert (await person(desk, ADA)).standing_token != before


async def test_an_import_may_be_repeated(desk):
    arrivals = [purchase(desk, ADA, day) for day in range(5)]
    await imported(desk, *arrivals)
    await folded(desk)
    again = await imported(desk, *arrivals)
    assert (again.accepted, again.duplicates) == (0, 5)
    assert (await folded(desk)).events == 0
    assert (await person(desk, ADA)).state().owned[5].quantity == 5


async def test_more_history_is_added_to_what_was_folded(desk):
    await imported(desk, purchase(desk, ADA, 9), purchase(desk, BOB, 9))
    await folded(desk)
    await imported(desk, purchase(desk, ADA, 3))
    done = await folded(desk)
    assert (done.persons, done.events) == (1, 1)
    assert (await person(desk, ADA)).state().owned[5].times == 2
    assert (await person(desk, BOB)).state().owned[5].times == 1


async def test_live_events_and_history_add_up_in_any_order(desk):
    live = [purchase(desk, ADA, 0)]
    await imported(desk, purchase(desk, ADA, 4))
    await record(desk.store, live, may_link=True, now_us=NOW_US, new_id=desk.new_id)
    await folded(desk)
    ownership = (await person(desk, ADA)).state().owned[5]
    assert (ownership.times, ownership.quantity) == (2, 2)


async def test_many_persons_are_folded(desk):
    who = [identity("customer", f"p{number}") for number in range(40)]
    await imported(desk, *(purchase(desk, each, day) for day in range(3) for each in who))
    done = await folded(desk)
    assert (done.persons, done.events) == (40, 120)
    for each in who:
        assert (await person(desk, each)).state().owned[5].times == 3


async def test_a_login_of_the_past_links(desk):
    await imported(
        desk, desk.arrival(COOKIE), desk.arrival(ADA, COOKIE, kind="login"), desk.arrival(ADA)
    )
    await folded(desk)
    found = await person(desk, ADA)
    assert len(found.person_ids) == 2
    assert len(found.state().log) == 3


async def test_customers_are_created_and_then_updated(desk):
    ada = ((ADA, EMAIL, PHONE), {"city": "Bath", "locale": "en-GB"}, "Ada Byron")
    first = await written(desk, ada)
    assert (first.created, first.updated) == (1, 0)
    again = await written(desk, ada)
    assert (again.created, again.updated) == (0, 1)
    for who in (ADA, EMAIL, PHONE):
        found = await person(desk, who)
        assert len(found.person_ids) == 1
        assert found.state().attributes["city"][1] == "Bath"


async def test_an_imported_customer_is_verified_and_named(desk):
    await written(desk, ((ADA, EMAIL), {}, "Ada Byron"))
    found = await person(desk, ADA)
    record_of = await desk.store.record(found.person_ids)
    assert record_of.name == "Ada Byron"
    assert {(each.kind, each.value) for each in record_of.identities} == {
        ("customer", "ada"),
        ("email", "ada@shop.example"),
    }
    assert all(each.verified for each in record_of.identities)


async def test_a_phone_of_two_customers_is_shared(desk):
    await written(desk, ((ADA, PHONE), {}, "Ada Byron"), ((BOB, PHONE), {}, "Bob Cole"))
    found = await person(desk, PHONE)
    assert found.is_ambiguous
    told = [choice.description for choice in found.choices]
    assert [text.split(",")[0] for text in told] == ["A… B…", "B… C…"]
    assert not (await person(desk, ADA)).is_ambiguous


async def test_a_phone_that_a_later_file_gives_to_another_customer_is_shared(desk):
    await written(desk, ((ADA, PHONE), {}, ""))
    await written(desk, ((BOB, PHONE), {}, ""))
    assert (await person(desk, PHONE)).is_ambiguous


async def test_an_address_seen_before_its_customer_was_known_becomes_theirs(desk):
    await record(
        desk.store, [desk.arrival(EMAIL)], may_link=False, now_us=NOW_US, new_id=desk.new_id
    )
    await written(desk, ((ADA, EMAIL), {}, ""))
    found = await person(desk, ADA)
    assert len(found.person_ids) == 2
    assert found.seq == 1


@pytest.mark.parametrize("files", [1, 2])
async def test_a_phone_that_called_before_two_customers_have_it_joins_them_not(desk, files):
    caller = [desk.arrival(PHONE)]
    await record(desk.store, caller, may_link=False, now_us=NOW_US, new_id=desk.new_id)
    ada, bob = ((ADA, PHONE), {}, "Ada Byron"), ((BOB, PHONE), {}, "Bob Cole")
    for rows in ([(ada, bob)], [(ada,), (bob,)])[files - 1]:
        await written(desk, *rows)
    assert not set((await person(desk, ADA)).person_ids) & set((await person(desk, BOB)).person_ids)
    found = await person(desk, PHONE)
    assert [choice.description[:5] for choice in found.choices] == ["A… B…", "B… C…"]


async def test_an_attribute_that_changes_frees_a_standing_decision(desk):
    await written(desk, ((ADA,), {"city": "Bath"}, ""))
    before = (await person(desk, ADA)).standing_token
    await written(desk, ((ADA,), {"city": "Bath"}, ""))
    assert (await person(desk, ADA)).standing_token == before
    await written(desk, ((ADA,), {"city": "York"}, ""))
    assert (await person(desk, ADA)).standing_token != before
