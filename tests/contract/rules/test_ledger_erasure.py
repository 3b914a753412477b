"""What is erased or forgotten is gone from every ledger, in PostgreSQL and the fake alike."""

from __future__ import annotations

from services.rules.domain.changes import Declined, Erased, Identified, Seen
from services.rules.domain.drafts import CommitOutcome
from services.rules.domain.ledger import Ledger
from services.rules.domain.retention import Keep
from tests.contract.rules.ledger_kit import DAY, LIMIT, NOW, contacted, draft, reservation, used


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


async def test_nobody_who_was_erased_is_approached(ledger: Ledger) -> None:
    await ledger.erase(["ann"], [])
    assert not await ledger.reserve(reservation("call", person_ids=("ann", "bob")))
    assert await ledger.contacts_after(0, 10) == []


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
