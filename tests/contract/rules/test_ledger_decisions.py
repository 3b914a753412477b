"""Every ledger keeps decisions and what sticks of them, in PostgreSQL and the fake alike."""

from __future__ import annotations

from services.rules.domain.drafts import CommitOutcome, StandingOrder
from services.rules.domain.ledger import Ledger
from services.rules.domain.standing import StandingKey
from tests.contract.rules.ledger_kit import DAY, KEY, MINUTE, NOW, draft, used


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


async def test_notices_of_decisions_are_found_by_their_ids(ledger: Ledger) -> None:
    await ledger.commit(draft("one"))
    await ledger.commit(draft("two"))
    found = await ledger.notices(["two", "nobody's", "one"])
    assert sorted(found) == sorted([draft("one").notice, draft("two").notice])
    assert not list(await ledger.notices([]))
