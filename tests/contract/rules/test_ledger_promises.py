"""A promotion that was presented stays theirs, in PostgreSQL and the fake alike."""

from __future__ import annotations

from services.rules.domain.changes import Declined, Identified, Redeemed, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import CommitOutcome
from services.rules.domain.ledger import Ledger
from services.rules.domain.promises import LATE_US
from services.rules.domain.retention import Keep
from tests.contract.rules.ledger_kit import DAY, KEY, LIMIT, NOW, draft
from tests.contract.rules.promise_kit import PROMOTION, promised, promising, wanted

UNSEEN = wanted(at_decision=False)
UNSEEN_TOO = wanted(12, at_decision=False)


async def test_what_is_decided_is_reserved_and_what_is_seen_is_promised(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", UNSEEN))
    assert await promised(ledger) == []
    facts = await ledger.check_facts(["ann"], KEY, 0, NOW)
    assert (facts.promised, facts.reserved) == ((), (PROMOTION,))
    await ledger.note([Seen("ann", "d1", PROMOTION, "")])
    [promise] = await ledger.promises(["ann"], NOW)
    assert (promise.made_us, promise.expires_us) == (NOW, UNSEEN.expires_us)
    facts = await ledger.check_facts(["ann"], KEY, 0, NOW)
    assert (facts.promised, facts.reserved) == ((PROMOTION,), ())


async def test_by_somebody_elses_decision_nobody_answers_their_promise(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted(), UNSEEN_TOO))
    await ledger.note([Seen("eve", "d1", 12, "")])
    assert await promised(ledger) == [PROMOTION]
    await ledger.note([Declined("eve", PROMOTION, PROMOTION, NOW, "d1")])
    await ledger.note([Redeemed("eve", "d1", PROMOTION, NOW, "event/eve/1")])
    assert await promised(ledger) == [PROMOTION]
    await ledger.note([Identified(b"key", "eve", ("ann", "eve"), 1, False)])
    await ledger.note([Declined("eve", PROMOTION, PROMOTION, NOW, "d1")])
    assert await promised(ledger) == []


async def test_where_contacts_count_at_the_decision_so_does_the_promise(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted()))
    assert await promised(ledger) == [PROMOTION]


async def test_a_promise_holds_until_it_expires(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted()))
    assert await promised(ledger, now_us=wanted().expires_us - 1) == [PROMOTION]
    assert await promised(ledger, now_us=wanted().expires_us) == []


async def test_a_promise_is_made_once_and_keeps_its_terms(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted()))
    longer = wanted(expires_us=NOW + 30 * DAY)
    again = await ledger.commit(promising("d2", longer, now_us=NOW + DAY))
    assert again.outcome is CommitOutcome.WRITTEN
    [promise] = await ledger.promises(["ann"], NOW + DAY)
    assert (promise.made_us, promise.expires_us) == (NOW, wanted().expires_us)


async def test_when_each_was_decided_is_told_and_of_several_that_which_holds_longest(
    ledger: Ledger,
) -> None:
    longer = wanted(expires_us=NOW + 20 * DAY)
    await ledger.commit(promising("d1", wanted()))
    await ledger.commit(promising("d2", longer, persons=("bob",), now_us=NOW + DAY))
    await ledger.commit(promising("d3", wanted(), persons=("eve",), now_us=NOW + 2 * DAY))
    await ledger.commit(promising("d4", wanted(12, at_decision=False), now_us=NOW + 3 * DAY))
    now_us, told = NOW + 3 * DAY, {}
    for persons in (["ann"], ["ann", "eve"], ["ann", "bob", "eve"]):
        facts = await ledger.check_facts(persons, KEY, 0, now_us)
        told[len(persons)] = facts.presented_us
    reserved = {12: NOW + 3 * DAY}
    assert told[1] == told[2] == {PROMOTION: NOW, **reserved}
    assert told[3] == {PROMOTION: NOW + DAY, **reserved}
    await ledger.note([Identified(b"ann's", "ann", ("ann", "bob", "eve"), 1, False)])
    by_pseudonym = await ledger.facts_by_identity([b"ann's"], 0, 0, now_us)
    assert by_pseudonym.presented_us == told[3]


async def test_an_offer_that_is_over_is_shown_only_to_whom_it_is_promised(ledger: Ledger) -> None:
    over = wanted(expires_us=0)
    refused = await ledger.commit(promising("d1", over))
    assert refused.outcome is CommitOutcome.REFUSED
    assert refused.unpromised == {0}
    assert await ledger.decision("d1") is None
    await ledger.commit(promising("d2", wanted()))
    kept = await ledger.commit(promising("d3", over))
    assert kept.outcome is CommitOutcome.WRITTEN


async def test_a_redemption_or_a_decline_ends_it(ledger: Ledger) -> None:
    for end in (Redeemed("ann", "", PROMOTION, NOW), Declined("ann", PROMOTION, PROMOTION, NOW)):
        await ledger.commit(promising(f"d{end.time_us}{type(end)}", wanted()))
        assert await promised(ledger) == [PROMOTION]
        await ledger.note([end])
        assert await promised(ledger) == []


async def test_a_decline_of_long_ago_told_again_ends_nothing(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", wanted()))
    await ledger.note([Declined("ann", PROMOTION, PROMOTION, NOW - DAY)])
    assert await promised(ledger) == [PROMOTION]
    await ledger.note([Declined("ann", PROMOTION, PROMOTION, NOW - 1, "d1")])
    assert await promised(ledger) == []


async def test_a_redemption_told_again_ends_no_later_promise(ledger: Ledger) -> None:
    redeemed = Redeemed("ann", "", PROMOTION, NOW, "event/ann/7", NOW + 1)
    await ledger.commit(promising("d1", wanted()))
    await ledger.note([redeemed])
    await ledger.commit(promising("d2", wanted()))
    await ledger.note([redeemed])
    assert await promised(ledger) == [PROMOTION]
    # Nor does one that redeemed nothing, as nothing had been promised when it was received.
    early = Redeemed("bob", "", PROMOTION, NOW, "event/bob/1", NOW)
    await ledger.note([early])
    await ledger.commit(promising("d3", wanted(), persons=("bob",), now_us=NOW + 1))
    await ledger.note([early])
    assert await promised(ledger, "bob", now_us=NOW + 1) == [PROMOTION]


async def test_a_merge_shares_a_promise_and_an_unmerge_leaves_it_where_it_was_made(
    ledger: Ledger,
) -> None:
    await ledger.commit(promising("d1", wanted(), persons=("bob",)))
    assert await promised(ledger, "ann", "bob") == [PROMOTION]
    together = await ledger.commit(promising("d2", wanted(), persons=("ann", "bob")))
    assert together.outcome is CommitOutcome.WRITTEN
    assert await promised(ledger, "bob") == [PROMOTION]
    assert await promised(ledger, "ann") == []


async def test_a_redemption_by_one_of_the_set_ends_what_the_others_were_promised(
    ledger: Ledger,
) -> None:
    for person in ("ann", "bob"):
        await ledger.commit(promising(f"d-{person}", wanted(), persons=(person,)))
        told = Identified(person.encode(), person, ("ann", "bob"), 1, False)
        await ledger.note([told])
    await ledger.note([Redeemed("bob", "", PROMOTION, NOW)])
    assert await promised(ledger, "ann", "bob") == []


async def test_without_a_profile_promises_are_known_by_pseudonym(ledger: Ledger) -> None:
    await ledger.note([Identified(b"key", "ann", ("ann",), 1, False)])
    await ledger.commit(promising("d1", wanted(), wanted(12, at_decision=False)))
    facts = await ledger.facts_by_identity([b"key"], 0, 0, NOW)
    assert (facts.promised, facts.reserved) == ((PROMOTION,), (12,))


async def test_an_impression_counts_by_its_person_and_after_the_lapse(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", UNSEEN))
    await ledger.note([Seen("ann", "another", PROMOTION, "")])
    assert await promised(ledger) == [PROMOTION]
    await ledger.commit(promising("d2", UNSEEN, persons=("bob",)))
    assert await ledger.lapse(NOW + LAPSE_US) == 1
    await ledger.note([Seen("bob", "d2", PROMOTION, "")])
    assert await promised(ledger, "bob") == [PROMOTION]


async def test_deciding_again_reserves_longer(ledger: Ledger) -> None:
    await ledger.commit(promising("d1", UNSEEN))
    await ledger.commit(promising("d2", UNSEEN, now_us=NOW + LAPSE_US - 1))
    assert await ledger.lapse(NOW + LAPSE_US) == 0
    await ledger.commit(promising("d3", wanted(), now_us=NOW + LAPSE_US))
    assert await promised(ledger) == [PROMOTION]
    assert await ledger.lapse(wanted().expires_us + LATE_US) == 1


async def test_what_is_theirs_is_no_contact_too_many_and_counts_all_the_same(
    ledger: Ledger,
) -> None:
    await ledger.commit(draft("d1", PROMOTION, promises=(wanted(),)))
    await ledger.commit(draft("d2", 1, 2))
    refused = await ledger.commit(draft("d3", 12, promises=(wanted(12),)))
    assert refused.refused == {0}
    shown = await ledger.commit(draft("d4", PROMOTION, promises=(wanted(),)))
    assert shown.outcome is CommitOutcome.WRITTEN
    assert len(await ledger.contacts(["ann"], NOW - DAY, NOW)) == 4


async def test_promises_are_erased_and_forgotten(ledger: Ledger) -> None:
    await ledger.note([Identified(b"key", "ann", ("ann",), 1, False)])
    await ledger.commit(promising("d1", wanted(), sticky_us=0))
    # identity, promise, decision, trace
    assert await ledger.erase([], [b"key"]) == 4
    assert await promised(ledger) == []
    await ledger.commit(promising("d2", wanted(), persons=("bob",), sticky_us=0))
    await ledger.note([Redeemed("bob", "", PROMOTION, NOW)])
    later = wanted().expires_us + LATE_US + Keep.PROMISE_US
    await ledger.forget(later, LIMIT.within_us)
    assert await ledger.forget(later + 1, LIMIT.within_us) == 1
