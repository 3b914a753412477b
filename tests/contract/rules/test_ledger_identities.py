"""Every ledger knows persons by their pseudonyms, in PostgreSQL and the fake alike."""

from __future__ import annotations

from services.rules.domain.changes import Declined, Identified
from services.rules.domain.drafts import CommitOutcome
from services.rules.domain.ledger import Ledger
from tests.contract.rules.ledger_kit import DAY, NOW, contacted, draft, reservation, used


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


async def test_an_id_of_another_system_confirms_only_for_whom_it_was_reserved(
    ledger: Ledger,
) -> None:
    await ledger.note([Identified(b"bob's", "bob", ("ann", "bob"), 1, False)])
    await ledger.reserve(reservation("e1"))
    await ledger.note([contacted(1, person_id="cat", contact_id="event/cat/1")])
    assert (await used(ledger, "cat"), await used(ledger, now_us=NOW + 2 * DAY)) == (1, 0)
    await ledger.note([contacted(1, person_id="bob", contact_id="event/bob/1")])
    assert await used(ledger, "ann", "bob", now_us=NOW + 2 * DAY) == 1
