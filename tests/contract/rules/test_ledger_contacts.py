"""Every ledger counts contacts and holds their limit, in PostgreSQL and the fake alike."""

from __future__ import annotations

import asyncio

import pytest

from services.rules.domain.changes import Identified, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import CommitOutcome, WantedContact
from services.rules.domain.ledger import Ledger
from services.rules.domain.retention import Keep
from shared.errors import PermissionDenied
from tests.contract.rules.ledger_kit import DAY, MINUTE, NOW, contacted, draft, reservation, used


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


async def test_a_contact_is_whose_reserved_it_whatever_became_of_it(ledger: Ledger) -> None:
    lapsed_us = NOW + Keep.RESERVATION_US + 1
    await ledger.commit(draft("d1", 1))
    for contact_id in ("held", "e1", "back", "lapsed"):
        until_us = NOW + MINUTE if contact_id == "lapsed" else lapsed_us + DAY
        mine = reservation(contact_id, reserved_by="crm", until_us=until_us, limits=())
        assert await ledger.reserve(mine)
    await ledger.note([contacted(1)])
    await ledger.release("back", NOW, released_by="crm")
    for contact_id in ("held", "e1", "back", "lapsed", "d1/web.home.banner/1"):
        theirs = reservation(contact_id, reserved_by="ivr", person_ids=("bob",), now_us=lapsed_us)
        with pytest.raises(PermissionDenied, match="somebody else's"):
            await ledger.reserve(theirs)
        with pytest.raises(PermissionDenied, match="somebody else's"):
            await ledger.release(contact_id, lapsed_us, released_by="ivr")
    assert await used(ledger, "bob", now_us=lapsed_us) == 0
    for who in ("crm", ""):
        ours = reservation("held", reserved_by=who, now_us=lapsed_us)
        assert await ledger.reserve(ours)
    assert not await ledger.release("lapsed", lapsed_us, released_by="crm")
    assert await ledger.release("held", lapsed_us, released_by="crm")
    assert not await ledger.release("never reserved", NOW, released_by="ivr")


async def test_a_contact_that_nobody_knows_whose_it_is_becomes_the_first_callers(
    ledger: Ledger,
) -> None:
    for contact_id in ("mail", "call"):
        assert await ledger.reserve(reservation(contact_id, reserved_by=None))
    assert await ledger.release("call", NOW, released_by="ivr")
    assert await ledger.reserve(reservation("mail", reserved_by=None))
    assert await ledger.reserve(reservation("mail", reserved_by="crm"))
    with pytest.raises(PermissionDenied):
        await ledger.reserve(reservation("mail", reserved_by="ivr"))
    with pytest.raises(PermissionDenied):
        await ledger.release("mail", NOW, released_by="ivr")
    assert await ledger.release("mail", NOW, released_by="crm")


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


async def test_another_system_reserves_within_the_same_limit(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, 2))
    assert await ledger.reserve(reservation("mail-1"))
    assert await ledger.reserve(reservation("mail-1"))
    assert not await ledger.reserve(reservation("mail-2"))
    assert await ledger.release("mail-1", NOW)
    assert not await ledger.release("mail-1", NOW)
    assert not await ledger.reserve(reservation("mail-1"))
    assert await ledger.reserve(reservation("mail-3"))


async def test_a_reservation_asked_for_again_is_held_longer(ledger: Ledger) -> None:
    await ledger.reserve(reservation("call", until_us=NOW + MINUTE))
    assert await ledger.reserve(reservation("call", until_us=NOW + 2 * MINUTE))
    assert await used(ledger, now_us=NOW + MINUTE) == 1
    assert await used(ledger, now_us=NOW + 2 * MINUTE) == 0


async def test_a_reservation_that_has_lapsed_counts_anew(ledger: Ledger) -> None:
    await ledger.reserve(reservation("call", until_us=NOW + MINUTE))
    later = {"now_us": NOW + 2 * MINUTE, "until_us": NOW + 3 * MINUTE}
    await ledger.commit(draft("d1", 1, 2, 3, now_us=NOW + 2 * MINUTE))
    assert not await ledger.reserve(reservation("call", **later))
    assert await ledger.reserve(reservation("call", **{**later, "limits": ()}))
    assert await used(ledger, now_us=NOW + 2 * MINUTE) == 4


async def test_what_was_confirmed_meanwhile_stays_when_only_a_reservation_is_given_back(
    ledger: Ledger,
) -> None:
    await ledger.reserve(reservation("e1"))
    await ledger.note([contacted(1)])
    assert not await ledger.release("e1", NOW, unless_confirmed=True)
    assert await used(ledger) == 1
    await ledger.reserve(reservation("mail-2"))
    assert await ledger.release("mail-2", NOW, unless_confirmed=True)


async def test_a_policy_without_a_limit_is_always_granted(ledger: Ledger) -> None:
    for number in range(5):
        assert await ledger.reserve(reservation(f"service-{number}", policy="service"))
    assert await used(ledger) == 5


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


async def test_a_message_of_a_decision_confirms_its_contact(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", wanted=(WantedContact(0, "email.body", True),)))
    await ledger.note([contacted(1, decision_id="d1")])
    assert await used(ledger) == 1


async def test_by_somebody_elses_decision_nobody_confirms_their_contact(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1))
    await ledger.commit(draft("d2", wanted=(WantedContact(0, "email.body", True),)))
    foreign = contacted(1, person_id="eve", decision_id="d2")
    await ledger.note([Seen("eve", "d1", 1, ""), foreign])
    later_us = NOW + DAY
    assert await used(ledger, "eve", now_us=later_us) == 1
    assert await used(ledger, "ann", now_us=later_us) == 1
    await ledger.note([Identified(b"key", "eve", ("ann", "eve"), 1, False)])
    await ledger.note([Seen("eve", "d1", 1, "")])
    assert await used(ledger, "ann", now_us=later_us) == 2


async def test_a_message_told_of_after_the_fact_counts_as_of_when_it_was_sent(
    ledger: Ledger,
) -> None:
    sent = [
        contacted(number, time_us=NOW - number * DAY, is_imported=True) for number in range(1, 4)
    ]
    for _ in range(2):
        await ledger.note(sent)
        assert await used(ledger) == 3
    assert await used(ledger, now_us=NOW + 5 * DAY) == 1
    await ledger.note([Identified(b"key", "ann", ("bob", "ann"), 1, False)])
    assert await used(ledger, "bob", "ann") == 3


async def test_a_message_told_of_after_the_fact_is_what_was_reserved_for_it(
    ledger: Ledger,
) -> None:
    assert await ledger.reserve(reservation("e1"))
    assert await ledger.reserve(reservation("another"))
    await ledger.commit(draft("d", 5))
    lapsed_us = NOW + Keep.RESERVATION_US
    decided = contacted(2, decision_id="d", is_imported=True)
    for _ in range(2):
        await ledger.note([contacted(1, is_imported=True), decided])
        assert await used(ledger, now_us=lapsed_us) == 2
    # Ids are other systems' own: of somebody else it is another message.
    await ledger.note([contacted(3, event_id="e1", person_id="bob", is_imported=True)])
    assert await used(ledger, "bob") == 1


async def test_what_is_told_again_confirms_no_other_reservation(ledger: Ledger) -> None:
    for contact_id in ("r1", "r2"):
        assert await ledger.reserve(reservation(contact_id))
    for _ in range(2):
        await ledger.note([contacted(1)])
    assert await used(ledger, now_us=NOW + Keep.RESERVATION_US) == 1


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
