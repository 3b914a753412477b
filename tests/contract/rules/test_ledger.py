"""What every ledger does, the one in PostgreSQL and the fake alike."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.rules.domain.changes import Contacted, Declined, Erased, Identified, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.definitions import ContactLimit
from services.rules.domain.ledger import (
    CommitOutcome,
    DecisionDraft,
    Ledger,
    Reservation,
    StandingKey,
    StandingOrder,
    WantedContact,
)
from services.rules.domain.retention import Keep
from services.rules.storage import MIGRATIONS
from services.rules.storage.in_memory import InMemoryLedger
from services.rules.storage.ledger import PostgresLedger
from shared.testing.plugin import FreshDatabase

NOW = 1_795_262_400_000_000
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
LIMIT = ContactLimit("marketing", 3, 7 * DAY)
KEY = StandingKey(b"digest", 7, "bundle")
EMAIL = 4


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def ledger(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> AsyncIterator[Ledger]:
    if request.param == "in memory":
        yield InMemoryLedger()
    else:
        yield PostgresLedger(await fresh_database("rules", MIGRATIONS))


def draft(
    decision_id: str, *offers: int, persons: tuple[str, ...] = ("ann",), **changes: object
) -> DecisionDraft:
    made = DecisionDraft(
        decision_id=decision_id,
        person_ids=persons,
        identity_key=b"",
        now_us=NOW,
        channel=1,
        session_id="",
        wanted=tuple(WantedContact(offer, "web.home.banner", False) for offer in offers),
        limits=(LIMIT,),
        asked=repr(offers).encode(),
        answer=f"answer of {decision_id}".encode(),
        notice=f"notice of {decision_id}".encode(),
        trace=f"trace of {decision_id}".encode(),
        key=KEY,
        sticky_us=30 * MINUTE,
        orders=(StandingOrder("web.home.banner", 2, (5, 6, 7), (1, 12, 12)),),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


async def used(ledger: Ledger, *persons: str, now_us: int = NOW) -> int:
    return len(await ledger.contacts(persons or ("ann",), now_us - LIMIT.within_us, now_us))


async def test_a_decision_is_found_again_with_its_trace(ledger: Ledger) -> None:
    assert (await ledger.commit(draft("d1", 5))).outcome is CommitOutcome.WRITTEN
    found = await ledger.decision("d1")
    assert found is not None
    assert (found.answer, found.trace) == (b"answer of d1", b"trace of d1")
    assert (found.person_ids, found.decided_us) == (("ann",), NOW)
    assert await ledger.decision("d2") is None


async def test_a_repeat_answers_what_was_shown_then_and_reserves_nothing_more(
    ledger: Ledger,
) -> None:
    await ledger.commit(draft("d1", 5, 6))
    repeated = await ledger.commit(draft("d1", 5, 6, answer=b"something else"))
    assert repeated.outcome is CommitOutcome.REPEATED
    assert repeated.answer == b"answer of d1"
    assert await used(ledger) == 2


async def test_contacts_beyond_the_limit_are_refused_and_nothing_is_written(
    ledger: Ledger,
) -> None:
    refused = await ledger.commit(draft("d1", 5, 6, 7, 8, 9))
    assert refused.outcome is CommitOutcome.REFUSED
    assert refused.refused == {3, 4}
    assert await ledger.decision("d1") is None
    assert await used(ledger) == 0


async def test_the_limit_counts_over_the_whole_set_of_persons(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, 2, persons=("ann",)))
    await ledger.commit(draft("d2", 3, persons=("bob",)))
    merged = await ledger.commit(draft("d3", 4, persons=("ann", "bob")))
    assert merged.refused == {0}
    apart = await ledger.commit(draft("d4", 4, persons=("bob",)))
    assert apart.outcome is CommitOutcome.WRITTEN


async def test_after_an_unmerge_each_person_counts_apart_again(ledger: Ledger) -> None:
    merged = [Identified(b"ann's", "ann", ("ann", "bob"), 2, False)]
    merged.append(Identified(b"bob's", "bob", ("ann", "bob"), 2, False))
    await ledger.note([*merged, Declined("bob", 11, 10, NOW)])
    for key, decision, offers in ((b"ann's", "d1", (1, 2)), (b"bob's", "d2", (3,))):
        await ledger.commit(draft(decision, *offers, persons=("ann", "bob"), identity_key=key))
    together = await ledger.facts_by_identity([b"ann's"], NOW - DAY, NOW - DAY, NOW)
    assert (len(together.contacts), together.declines) == (3, ((10, NOW),))
    await ledger.note(
        [
            Identified(b"ann's", "ann", ("ann",), 3, False),
            Identified(b"bob's", "bob", ("bob",), 3, False),
        ]
    )
    apart = await ledger.facts_by_identity([b"ann's"], NOW - DAY, NOW - DAY, NOW)
    assert (apart.person_ids, len(apart.contacts), apart.declines) == (("ann",), 2, ())
    bobs = await ledger.facts_by_identity([b"bob's"], NOW - DAY, NOW - DAY, NOW)
    assert (len(bobs.contacts), bobs.declines) == (1, ((10, NOW),))
    assert (
        await ledger.commit(draft("d3", 4, 5, persons=("bob",)))
    ).outcome is CommitOutcome.WRITTEN


async def test_rows_are_written_under_the_person_of_the_identity(ledger: Ledger) -> None:
    await ledger.note([Identified(b"key", "bob", ("ann", "bob"), 1, False)])
    await ledger.commit(draft("d1", 1, persons=("ann", "bob"), identity_key=b"key"))
    assert await used(ledger, "bob") == 1
    assert await used(ledger, "ann") == 0


async def test_the_same_offer_in_one_session_is_one_contact(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, 2, 3, session_id="visit"))
    again = await ledger.commit(draft("d2", 1, 2, 3, session_id="visit"))
    assert again.outcome is CommitOutcome.WRITTEN
    assert await used(ledger) == 3
    other = await ledger.commit(draft("d3", 1, session_id="another visit"))
    assert other.refused == {0}


async def test_a_reservation_that_nothing_confirms_lapses_after_ten_minutes(
    ledger: Ledger,
) -> None:
    await ledger.commit(draft("d1", 1, 2, 3))
    assert await used(ledger, now_us=NOW + LAPSE_US - 1) == 3
    assert await used(ledger, now_us=NOW + LAPSE_US) == 0
    later = await ledger.commit(draft("d2", 4, now_us=NOW + LAPSE_US))
    assert later.outcome is CommitOutcome.WRITTEN


async def test_an_impression_confirms_even_after_the_lapse(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, 2))
    await ledger.note([Seen("ann", "d1", 1, "")])
    assert await used(ledger, now_us=NOW + DAY) == 1
    await ledger.note([Seen("ann", "d1", 1, "")])
    assert await used(ledger, now_us=NOW + DAY) == 1


async def test_an_impression_of_a_later_decision_confirms_by_its_session(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, session_id="visit"))
    await ledger.commit(draft("d2", 1, session_id="visit"))
    await ledger.note([Seen("ann", "d2", 1, "visit")])
    assert await used(ledger, now_us=NOW + DAY) == 1


async def test_an_impression_by_another_of_the_set_confirms_by_its_session(ledger: Ledger) -> None:
    await ledger.note([Identified(b"bob's", "bob", ("ann", "bob"), 1, False)])
    await ledger.commit(draft("d1", 1, session_id="visit"))
    await ledger.note([Seen("cat", "", 1, "visit")])
    assert await used(ledger, now_us=NOW + DAY) == 0
    await ledger.note([Seen("bob", "", 1, "visit")])
    assert await used(ledger, now_us=NOW + DAY) == 1


async def test_an_impression_of_any_part_confirms_what_counts_as_a_whole(ledger: Ledger) -> None:
    whole = (WantedContact(0, "web.home.banner", False),)
    await ledger.commit(draft("d1", wanted=whole))
    await ledger.commit(draft("d2", wanted=whole))
    await ledger.note([Seen("ann", "d1", 5, "")])
    assert await used(ledger, now_us=NOW + DAY) == 1


async def test_a_contact_that_counts_at_the_decision_needs_no_impression(ledger: Ledger) -> None:
    wanted = (WantedContact(0, "email.body", True),)
    await ledger.commit(draft("d1", wanted=wanted))
    assert await used(ledger, now_us=NOW + DAY) == 1
    assert await used(ledger, now_us=NOW + 8 * DAY) == 0


async def test_a_standing_decision_reserves_anew_what_had_lapsed(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1))
    later = NOW + 20 * MINUTE
    again = await ledger.commit(draft("d1", 1, now_us=later))
    assert again.outcome is CommitOutcome.WRITTEN
    assert await used(ledger, now_us=later) == 1


async def test_what_sticks_is_the_order_under_the_same_key(ledger: Ledger) -> None:
    await ledger.commit(draft("d1"))
    facts = await ledger.check_facts(["ann"], KEY, NOW - DAY, NOW + MINUTE)
    [row] = facts.standing
    assert (row.placement, row.limit, row.decision_id) == ("web.home.banner", 2, "d1")
    assert row.offer_nos == (5, 6, 7)
    assert row.sources == (1, 12, 12)
    for other in (
        StandingKey(b"other", 7, "bundle"),
        StandingKey(b"digest", 8, "bundle"),
        StandingKey(b"digest", 7, "other"),
    ):
        assert not (await ledger.check_facts(["ann"], other, NOW - DAY, NOW)).standing
    late = await ledger.check_facts(["ann"], KEY, NOW - DAY, NOW + 30 * MINUTE)
    assert not late.standing


async def test_orders_of_several_placements_are_kept_apart(ledger: Ledger) -> None:
    orders = (
        StandingOrder("web.home.banner", 1, (5,), (1,)),
        StandingOrder("web.category", 3, (), ()),
        StandingOrder("web.cart", 2, (8, 9), (2, 3)),
    )
    await ledger.commit(draft("d1", orders=orders))
    facts = await ledger.check_facts(["ann"], KEY, NOW - DAY, NOW)
    assert {row.placement: row.offer_nos for row in facts.standing} == {
        "web.home.banner": (5,),
        "web.category": (),
        "web.cart": (8, 9),
    }


async def test_nobody_known_is_decided_for_and_nothing_counts(ledger: Ledger) -> None:
    result = await ledger.commit(draft("d1", 1, 2, 3, 4, persons=()))
    assert result.outcome is CommitOutcome.WRITTEN
    assert await ledger.decision("d1") is not None


async def test_a_pseudonym_leads_to_the_persons_declines_and_contacts(ledger: Ledger) -> None:
    await ledger.note(
        [
            Identified(b"weak", "cat", ("cat",), 1, False),
            Identified(b"strong", "ann", ("ann", "bob"), 2, False),
            Declined("bob", 11, 10, NOW - DAY),
            Declined("bob", 12, 12, NOW - 40 * DAY),
            Declined("cat", 13, 13, NOW - DAY),
        ]
    )
    await ledger.commit(draft("d1", 1))
    facts = await ledger.facts_by_identity(
        [b"unknown", b"strong", b"weak"], NOW - DAY, NOW - 30 * DAY, NOW
    )
    assert facts.person_ids == ("ann", "bob")
    assert facts.declines == ((10, NOW - DAY),)
    assert len(facts.contacts) == 1
    nobody = await ledger.facts_by_identity([b"unknown"], NOW - DAY, NOW - DAY, NOW)
    assert nobody.person_ids == ()


async def test_the_latest_of_several_declines_of_an_offer_counts(ledger: Ledger) -> None:
    await ledger.note([Identified(b"key", "ann", ("ann",), 1, False)])
    moved = [Declined("ann", 11, 10, NOW - DAY), Declined("ann", 11, 12, NOW)]
    await ledger.note(moved)
    await ledger.note(moved[:1])
    facts = await ledger.facts_by_identity([b"key"], NOW - DAY, NOW - 30 * DAY, NOW)
    assert facts.declines == ((12, NOW),)


async def test_an_older_notice_of_an_identity_does_not_replace_a_newer_one(
    ledger: Ledger,
) -> None:
    await ledger.note([Identified(b"key", "ann", ("ann", "bob"), 5, False)])
    await ledger.note([Identified(b"key", "ann", ("ann",), 4, False)])
    assert await ledger.persons_of([b"key"]) == ("ann", "bob")
    await ledger.note([Identified(b"key", "ann", ("ann",), 6, True)])
    assert await ledger.persons_of([b"key"]) == ()


def reservation(contact_id: str, **changes: object) -> Reservation:
    made = Reservation(
        contact_id, ("ann",), (), "marketing", EMAIL, 0, NOW, NOW + Keep.RESERVATION_US, (LIMIT,)
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


async def test_another_system_reserves_within_the_same_limit(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, 2))
    assert await ledger.reserve(reservation("mail-1"))
    assert await ledger.reserve(reservation("mail-1"))
    assert not await ledger.reserve(reservation("mail-2"))
    assert await ledger.release("mail-1", NOW)
    assert not await ledger.release("mail-1", NOW)
    assert not await ledger.reserve(reservation("mail-1"))
    assert await ledger.reserve(reservation("mail-3"))


async def test_a_contact_for_an_unknown_pseudonym_counts_for_whom_it_turns_out_to_be(
    ledger: Ledger,
) -> None:
    unknown = {"person_ids": (), "identity_keys": (b"strong", b"weak")}
    for number in (1, 2, 3):
        assert await ledger.reserve(reservation(f"mail-{number}", **unknown))
    assert not await ledger.reserve(reservation("mail-4", **unknown))
    await ledger.note([Identified(b"strong", "ann", ("ann", "bob"), 1, False)])
    assert await ledger.persons_of([b"strong"]) == ("ann", "bob")
    assert await used(ledger) == 3
    assert not await ledger.reserve(reservation("mail-5", **unknown))
    assert await ledger.reserve(reservation("mail-6", person_ids=(), identity_keys=(b"weak",)))
    assert await used(ledger) == 3


async def test_nothing_is_reserved_for_a_pseudonym_that_fits_several_people(
    ledger: Ledger,
) -> None:
    await ledger.note([Identified(b"key", "ann", ("ann",), 1, True)])
    unclear = reservation("mail-1", person_ids=(), identity_keys=(b"key",))
    assert not await ledger.reserve(unclear)
    clear = reservation("mail-1", person_ids=(), identity_keys=(b"key", b"weak"))
    await ledger.note([Identified(b"weak", "ann", ("ann",), 1, False)])
    assert await ledger.reserve(clear)


async def test_contacts_under_a_pseudonym_are_erased_with_it(ledger: Ledger) -> None:
    for key in (b"ann's", b"bob's"):
        waiting = reservation(key.decode(), person_ids=(), identity_keys=(key,))
        assert await ledger.reserve(waiting)
    assert await ledger.erase([], [b"ann's"]) == 2
    left = await ledger.contacts_after(0, 10)
    assert [each.contact_id for each in left] == ["bob's"]


async def test_pseudonyms_that_nobody_told_of_are_forgotten_with_their_contacts(
    ledger: Ledger,
) -> None:
    await ledger.reserve(reservation("mail", person_ids=(), identity_keys=(b"key",)))
    await ledger.forget(NOW, LIMIT.within_us)
    assert await ledger.persons_of([b"key"]) != ()
    assert await ledger.forget(NOW + Keep.CONTACT_US + 1, LIMIT.within_us) == 2
    assert await ledger.persons_of([b"key"]) == ()


async def test_a_policy_without_a_limit_is_always_granted(ledger: Ledger) -> None:
    for number in range(5):
        assert await ledger.reserve(reservation(f"service-{number}", policy="service"))
    assert await used(ledger) == 5


def contacted(number: int, **changes: object) -> Contacted:
    made = Contacted(f"event/ann/{number}", f"e{number}", "ann", "", EMAIL, 0, "", NOW)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


async def test_a_message_of_another_system_counts_once(ledger: Ledger) -> None:
    await ledger.note([contacted(1)])
    await ledger.note([contacted(1)])
    await ledger.note([contacted(2)])
    assert await used(ledger) == 2


async def test_a_message_that_was_reserved_is_no_second_contact(ledger: Ledger) -> None:
    await ledger.reserve(reservation("mail-1"))
    await ledger.note([contacted(1)])
    assert await used(ledger, now_us=NOW + 2 * DAY) == 1
    await ledger.reserve(reservation("e2"))
    await ledger.note([contacted(2)])
    assert await used(ledger, now_us=NOW + 2 * DAY) == 2


async def test_an_id_of_another_system_confirms_only_for_whom_it_was_reserved(
    ledger: Ledger,
) -> None:
    await ledger.note([Identified(b"bob's", "bob", ("ann", "bob"), 1, False)])
    await ledger.reserve(reservation("e1"))
    await ledger.note([contacted(1, person_id="cat", contact_id="event/cat/1")])
    assert (await used(ledger, "cat"), await used(ledger, now_us=NOW + 2 * DAY)) == (1, 0)
    await ledger.note([contacted(1, person_id="bob", contact_id="event/bob/1")])
    assert await used(ledger, "ann", "bob", now_us=NOW + 2 * DAY) == 1


async def test_a_message_of_a_decision_confirms_its_contact(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", wanted=(WantedContact(0, "email.body", True),)))
    await ledger.note([contacted(1, decision_id="d1")])
    assert await used(ledger) == 1


async def test_every_change_of_a_contact_is_in_the_log(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1))
    await ledger.reserve(reservation("mail-1"))
    first = await ledger.contacts_after(0, 10)
    assert [(each.contact_id, each.state) for each in first] == [
        ("d1/web.home.banner/1", 1),
        ("mail-1", 1),
    ]
    await ledger.note([Seen("ann", "d1", 1, "")])
    await ledger.release("mail-1", NOW)
    later = await ledger.contacts_after(first[-1].position, 10)
    assert [(each.contact_id, each.state) for each in later] == [
        ("d1/web.home.banner/1", 2),
        ("mail-1", 3),
    ]


async def test_decisions_are_read_from_a_position(ledger: Ledger) -> None:
    for number in range(3):
        await ledger.commit(draft(f"d{number}"))
    position, notices = await ledger.decisions_after(0, 2)
    assert notices == [b"notice of d0", b"notice of d1"]
    position, notices = await ledger.decisions_after(position, 2)
    assert notices == [b"notice of d2"]
    assert await ledger.decisions_after(position, 2) == (position, [])


async def test_the_latest_decisions_of_a_set_come_newest_first(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", persons=("ann",)))
    await ledger.commit(draft("d2", persons=("bob",), now_us=NOW + 1))
    await ledger.commit(draft("d3", persons=("cat",), now_us=NOW + 2))
    found = await ledger.latest_decisions(["ann", "bob"], 10)
    assert [each.decision_id for each in found] == ["d2", "d1"]
    assert len(await ledger.latest_decisions(["ann", "bob"], 1)) == 1


async def test_erasure_leaves_nothing_and_keeps_out_what_still_arrives(ledger: Ledger) -> None:
    await ledger.note([Identified(b"key", "ann", ("ann",), 1, False), Declined("ann", 1, 1, NOW)])
    await ledger.commit(draft("d1", 1))
    await ledger.commit(draft("d2", 2, persons=("bob",)))
    # identity, decline, contact, decision, trace, standing order
    assert await ledger.erase(["ann"], [b"key"]) == 6
    assert await ledger.decision("d1") is None
    assert await ledger.decision("d2") is not None
    assert await ledger.persons_of([b"key"]) == ()
    await ledger.note([contacted(1), Declined("ann", 1, 1, NOW)])
    assert await used(ledger) == 0
    assert await ledger.erase(["ann"], []) == 0


async def test_an_erasure_by_pseudonym_alone_finds_the_persons_behind_it(ledger: Ledger) -> None:
    await ledger.note(
        [
            Identified(b"key", "ann", ("ann", "bob"), 1, False),
            Identified(b"shared", "cat", ("cat",), 1, True),
            *(Declined(person, 1, 1, NOW) for person in ("ann", "bob", "cat")),
        ]
    )
    # two pseudonyms and the declines of two persons; whom the shared one means is not known
    assert await ledger.erase([], [b"key", b"shared"]) == 4
    assert await ledger.erase(["cat"], []) == 1


async def test_a_decision_about_somebody_just_erased_leaves_no_trace(ledger: Ledger) -> None:
    await ledger.erase(["bob"], [])
    late = await ledger.commit(draft("d1", 1, persons=("ann", "bob")))
    assert late.outcome is CommitOutcome.WRITTEN
    assert await ledger.decision("d1") is None
    assert await ledger.erase(["ann", "bob"], []) == 0


async def test_an_erasure_told_by_the_bus_does_the_same(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1))
    await ledger.note([Erased(("ann",), ())])
    assert await ledger.decision("d1") is None


async def test_traces_are_forgotten_before_their_decisions(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1))
    await ledger.forget(NOW + Keep.TRACE_US + 1, LIMIT.within_us)
    found = await ledger.decision("d1")
    assert found is not None
    assert found.trace == b""
    await ledger.forget(NOW + Keep.DECISION_US + 1, LIMIT.within_us)
    assert await ledger.decision("d1") is None


async def test_declines_are_forgotten_with_the_events_they_came_from(ledger: Ledger) -> None:
    await ledger.note([Declined("ann", 1, 1, NOW), Declined("ann", 2, 2, NOW + DAY)])
    assert await ledger.forget(NOW + Keep.DECLINE_US + 1, LIMIT.within_us) == 1
    assert await ledger.erase(["ann"], []) == 1


async def test_contacts_and_standing_orders_are_forgotten_when_they_count_no_longer(
    ledger: Ledger,
) -> None:
    await ledger.commit(draft("d1", 1))
    await ledger.note([Seen("ann", "d1", 1, "")])
    assert await ledger.forget(NOW + DAY, LIMIT.within_us) == 1  # the order
    assert await used(ledger, now_us=NOW + DAY) == 1
    await ledger.forget(NOW + Keep.CONTACT_US + 1, 2 * Keep.CONTACT_US)
    assert len(await ledger.contacts_after(0, 10)) == 1
    await ledger.forget(NOW + Keep.CONTACT_US + 1, LIMIT.within_us)
    assert await ledger.contacts_after(0, 10) == []


async def test_concurrent_decisions_never_exceed_the_limit(ledger: Ledger) -> None:
    async def decide(number: int) -> bool:
        person = f"p{number % 3}"
        result = await ledger.commit(draft(f"d{number}", number + 1, persons=(person,)))
        return result.outcome is CommitOutcome.WRITTEN

    written = await asyncio.gather(*(decide(number) for number in range(150)))
    assert sum(written) == 9
    for person in ("p0", "p1", "p2"):
        assert await used(ledger, person) == 3


async def test_a_set_named_in_any_order_neither_deadlocks_nor_exceeds_the_limit(
    ledger: Ledger,
) -> None:
    sets = (("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a"), ("c", "a", "b"))

    async def decide(number: int) -> bool:
        persons = sets[number % len(sets)]
        result = await ledger.commit(draft(f"d{number}", number + 1, persons=persons))
        return result.outcome is CommitOutcome.WRITTEN

    written = await asyncio.gather(*(decide(number) for number in range(80)))
    assert sum(written) == 3
    assert await used(ledger, *sets[0]) == 3
