"""What Check knew at some moment can be told later, from PostgreSQL and the fake alike."""

from __future__ import annotations

from random import Random

from services.rules.domain.changes import Declined, Redeemed, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import WantedContact
from services.rules.domain.facts import CheckFacts
from services.rules.domain.ledger import Ledger
from tests.contract.rules.ledger_kit import DAY, KEY, MINUTE, NOW, contacted, draft, reservation
from tests.contract.rules.promise_kit import PROMOTION, promising, wanted


async def as_of(ledger: Ledger, then_us: int, without: str = "none") -> CheckFacts:
    return await ledger.facts_as_of(["ann"], NOW - 7 * DAY, then_us, without)


async def offers(ledger: Ledger, then_us: int, without: str = "none") -> list[int]:
    return sorted(each.offer_no for each in (await as_of(ledger, then_us, without)).contacts)


async def test_contacts_count_from_when_they_were_made_until_they_lapse(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1))
    assert await offers(ledger, NOW) == []
    assert await offers(ledger, NOW + 1) == [1]
    assert await offers(ledger, NOW + LAPSE_US - 1) == [1]
    assert await offers(ledger, NOW + LAPSE_US) == []
    await ledger.note([Seen("ann", "d1", 1, "")])
    assert await offers(ledger, NOW + LAPSE_US) == [1]
    assert await offers(ledger, NOW + 8 * DAY) == [1]
    later = await ledger.facts_as_of(["ann"], NOW, NOW + 8 * DAY, "")
    assert later.contacts == ()


async def test_what_the_decision_itself_wanted_was_not_known_to_it(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted(), session_id="s"))
    await ledger.commit(draft("d2", 2, now_us=NOW + MINUTE))
    then_us = NOW + MINUTE + 1
    assert await offers(ledger, then_us, "d2") == []
    assert await offers(ledger, then_us, "d1") == [2]
    assert (await as_of(ledger, then_us, "d2")).promised == (PROMOTION,)
    assert (await as_of(ledger, then_us, "d1")).promised == ()


async def test_other_systems_contacts_count_and_those_given_back_do_not(ledger: Ledger) -> None:
    await ledger.note([contacted(1)])
    await ledger.reserve(reservation("mail", offer_no=7))
    await ledger.reserve(reservation("call", offer_no=8))
    await ledger.release("call", NOW + 2)
    assert await offers(ledger, NOW + 1) == [0, 7]


async def test_facts_are_of_the_set_and_of_nobody_else(ledger: Ledger) -> None:
    await ledger.commit(draft("d1", 1, persons=("ann",)))
    await ledger.commit(draft("d2", 2, persons=("bob",)))
    await ledger.commit(promising("d3", wanted(), persons=("cat",)))
    await ledger.commit(promising("d4", wanted(12), persons=()))
    both = await ledger.facts_as_of(["ann", "bob"], 0, NOW + 1, "")
    assert (both.person_ids, both.promised, both.standing) == (("ann", "bob"), (), ())
    assert sorted(each.offer_no for each in both.contacts) == [1, 2]


async def test_a_promise_held_until_it_ended_whatever_became_of_it(ledger: Ledger) -> None:
    end_us, expires_us = NOW + 2 * DAY, wanted().expires_us
    ways = {
        "redeemed": Redeemed("ann", "", 1, end_us),
        "declined": Declined("ann", 2, 2, end_us),
        "seen": Seen("ann", "d3", 3, ""),
    }
    for place, change in enumerate(ways.values(), start=1):
        is_seen_later = isinstance(change, Seen)
        promise = wanted(place, at_decision=not is_seen_later)
        await ledger.commit(promising(f"d{place}", promise))
        await ledger.note([change])
    await ledger.commit(promising("d4", wanted(4)))
    assert (await as_of(ledger, NOW)).promised == ()
    assert sorted((await as_of(ledger, end_us - 1)).promised) == [1, 2, 3, 4]
    assert sorted((await as_of(ledger, end_us)).promised) == [3, 4]
    await ledger.lapse(expires_us + DAY)
    assert sorted((await as_of(ledger, end_us - 1)).promised) == [1, 2, 3, 4]
    assert sorted((await as_of(ledger, expires_us - 1)).promised) == [3, 4]
    assert (await as_of(ledger, expires_us)).promised == ()


async def test_what_was_never_seen_was_reserved_until_it_lapsed(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted(at_decision=False)))
    facts = await as_of(ledger, NOW + 1)
    assert (facts.promised, facts.reserved) == ((), (PROMOTION,))
    await ledger.lapse(NOW + LAPSE_US)
    assert (await as_of(ledger, NOW + 1)).reserved == (PROMOTION,)
    assert (await as_of(ledger, NOW + LAPSE_US)).reserved == ()


async def test_later_it_is_told_what_check_was_told_at_the_time(ledger: Ledger) -> None:
    """Where contacts count at the decision, nothing is left in doubt."""
    random = Random(7)
    known: list[tuple[str, str, int, CheckFacts]] = []
    for step in range(150):
        now_us, person = NOW + step * DAY // 4, random.choice(["ann", "bob"])
        told = await ledger.check_facts([person], KEY, now_us - 7 * DAY, now_us)
        known.append((f"d{step}", person, now_us, told))
        offer = random.randrange(1, 6)
        match random.choice(["decide", "decide", "redeem", "decline", "lapse"]):
            case "decide":
                promise = wanted(offer, expires_us=now_us + random.randrange(1, 20) * DAY)
                contact = WantedContact(offer, "agent.offers", at_decision=True)
                more = {"now_us": now_us, "limits": (), "wanted": (contact,)}
                await ledger.commit(promising(f"d{step}", promise, persons=(person,), **more))
            case "redeem":
                await ledger.note([Redeemed(person, "", offer, now_us + MINUTE)])
            case "decline":
                await ledger.note([Declined(person, offer, offer, now_us + MINUTE)])
            case _:
                await ledger.lapse(now_us + MINUTE)
    assert sum(len(facts.promised) for *_, facts in known) > 50
    for decision_id, person, then_us, before in known:
        after = await ledger.facts_as_of([person], then_us - 7 * DAY, then_us, decision_id)
        assert sorted(after.promised) == sorted(before.promised)
        assert set(after.contacts) == set(before.contacts)
        assert after.reserved == before.reserved == ()
