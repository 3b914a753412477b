"""No budget is exceeded and nothing of it is lost, in PostgreSQL and the fake alike."""

from __future__ import annotations

import random

import pytest

from services.rules.domain.budgets import REST, WITHOUT_END, Account, Budget
from services.rules.domain.changes import Declined, Identified, Redeemed, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import CommitOutcome
from services.rules.domain.ledger import Ledger
from services.rules.domain.promises import LATE_US
from tests.contract.rules.ledger_kit import MINUTE, NOW
from tests.contract.rules.promise_kit import PROMOTION, Oracle, promised, promising, spend, wanted

TWO = Budget(2)
PARTED = Budget(6, parts=(Account("best", 2), Account("alike", 1)))


async def taken(ledger: Ledger, person: str, budget: Budget, *segments: str) -> bool:
    """Return whether a promotion with this budget is promised to somebody."""
    made = promising(f"to {person}", wanted(PROMOTION, budget, *segments), persons=(person,))
    return (await ledger.commit(made)).outcome is CommitOutcome.WRITTEN


async def test_a_budget_that_is_spent_makes_no_promise_and_nothing_is_written(
    ledger: Ledger,
) -> None:
    assert [await taken(ledger, person, TWO) for person in "abc"] == [True, True, False]
    assert await ledger.decision("to c") is None
    assert await spend(ledger) == {"": (2, 0)}
    again = promising("again", wanted(PROMOTION, TWO), persons=("a",))
    assert (await ledger.commit(again)).outcome is CommitOutcome.WRITTEN


async def test_a_part_is_for_its_segment_and_the_rest_for_everybody_else(ledger: Ledger) -> None:
    assert [await taken(ledger, f"b{n}", PARTED, "best") for n in range(3)] == [True, True, False]
    both = [await taken(ledger, f"ab{n}", PARTED, "best", "alike") for n in range(2)]
    assert both == [True, False]
    rest = [await taken(ledger, f"r{n}", PARTED) for n in range(4)]
    assert rest == [True, True, True, False]
    assert await spend(ledger) == {"": (6, 0), "best": (2, 0), "alike": (1, 0), REST: (3, 0)}


async def test_redeemed_is_spent_for_good_and_turned_down_is_given_back(ledger: Ledger) -> None:
    await taken(ledger, "a", PARTED, "best")
    await taken(ledger, "b", PARTED, "best")
    await ledger.note([Redeemed("a", "", PROMOTION, NOW), Redeemed("a", "", PROMOTION, NOW)])
    assert await spend(ledger) == {"": (1, 1), "best": (1, 1)}
    await ledger.note([Declined("b", PROMOTION, PROMOTION, NOW)])
    assert await spend(ledger) == {"": (0, 1), "best": (0, 1)}
    assert await ledger.lapse(wanted().expires_us + LATE_US) == 0


async def test_what_nobody_saw_and_what_nobody_redeemed_is_given_back_once(
    ledger: Ledger,
) -> None:
    unseen = wanted(PROMOTION, TWO, at_decision=False)
    await ledger.commit(promising("unseen", unseen, persons=("a",)))
    await taken(ledger, "b", TWO)
    assert await ledger.lapse(NOW + LAPSE_US - 1) == 0
    assert await ledger.lapse(NOW + LAPSE_US) == 1
    assert await spend(ledger) == {"": (1, 0)}
    assert await ledger.lapse(wanted().expires_us + LATE_US - 1) == 0
    assert await ledger.lapse(wanted().expires_us + LATE_US) == 1
    assert await ledger.lapse(wanted().expires_us + LATE_US) == 0
    assert await spend(ledger) == {}


async def test_what_lapses_while_it_is_counted_is_not_in_the_counts(ledger: Ledger) -> None:
    assert await ledger.lapse_and_count(NOW) == ()
    unseen = wanted(PROMOTION, TWO, at_decision=False)
    await ledger.commit(promising("unseen", unseen, persons=("a",)))
    await taken(ledger, "b", TWO)
    counted = await ledger.lapse_and_count(NOW + LAPSE_US - 1)
    assert counted == await ledger.budgets()
    assert [each.held for each in counted] == [2]
    [spend_] = await ledger.lapse_and_count(NOW + LAPSE_US)
    assert spend_.held == 1


async def test_a_redemption_told_late_counts_if_it_came_in_time(ledger: Ledger) -> None:
    await taken(ledger, "a", TWO)
    await taken(ledger, "b", TWO)
    ends = wanted().expires_us
    await ledger.note([Redeemed("a", "", PROMOTION, ends), Redeemed("b", "", PROMOTION, ends + 1)])
    assert await spend(ledger) == {"": (1, 1)}


async def test_a_redemption_told_after_the_promise_lapsed_is_spent_once(ledger: Ledger) -> None:
    for person in ("a", "b", "c"):
        await taken(ledger, person, Budget(9))
    late_us = wanted().expires_us + LATE_US
    assert await ledger.lapse(late_us) == 3
    too_late = Redeemed("b", "", PROMOTION, wanted().expires_us + 1, "event/b/1", late_us)
    in_time = Redeemed("a", "", PROMOTION, NOW + 1, "event/a/1", late_us)
    before = Redeemed("c", "", PROMOTION, NOW - 1, "event/c/1", late_us)
    await ledger.note([in_time, too_late, before])
    await ledger.note([in_time])
    assert await spend(ledger) == {"": (0, 1)}


async def test_what_nobody_saw_before_its_offer_ended_is_not_redeemed_late(ledger: Ledger) -> None:
    ends_us = NOW + LAPSE_US - 1  # before the reservation does
    unseen = wanted(PROMOTION, TWO, at_decision=False, expires_us=ends_us)
    await ledger.commit(promising("unseen", unseen, persons=("a",)))
    assert await ledger.lapse(NOW + LAPSE_US) == 1
    await ledger.note([Redeemed("a", "", PROMOTION, NOW + 1, "event/a/1", NOW + LAPSE_US)])
    assert await spend(ledger) == {}


async def test_a_page_makes_all_of_its_promises_or_none(ledger: Ledger) -> None:
    await taken(ledger, "a", Budget(1))
    page = promising("page", wanted(5, TWO), wanted(PROMOTION, Budget(1)), wanted(12, TWO))
    refused = await ledger.commit(page)
    assert refused.outcome is CommitOutcome.REFUSED
    assert refused.unpromised == {1}
    assert await promised(ledger) == []
    assert [await spend(ledger, offer) for offer in (5, 12)] == [{}, {}]


async def test_money_is_taken_by_what_each_promise_costs(ledger: Ledger) -> None:
    money = Budget(12_000_000, each=5_000_000, currency="USD")
    assert [await taken(ledger, person, money) for person in "abc"] == [True, True, False]
    assert await spend(ledger) == {"": (10_000_000, 0)}


async def test_a_soft_budget_counts_and_refuses_nothing(ledger: Ledger) -> None:
    soft = Budget(1, parts=(Account("best", 1),), overcommit=True)
    assert all([await taken(ledger, f"p{n}", soft, "best") for n in range(3)])
    assert await spend(ledger) == {"": (3, 0), "best": (3, 0)}
    assert soft.open_to(("best",))[0].most == WITHOUT_END


async def test_less_than_is_taken_already_promises_nothing_new(ledger: Ledger) -> None:
    await taken(ledger, "a", Budget(5))
    await taken(ledger, "b", Budget(5))
    assert not await taken(ledger, "c", Budget(1))
    assert await taken(ledger, "c", Budget(3))


async def test_whom_nobody_knows_takes_of_the_budget_too(ledger: Ledger) -> None:
    unknown = promising("d1", wanted(PROMOTION, TWO, at_decision=False), persons=())
    assert (await ledger.commit(unknown)).outcome is CommitOutcome.WRITTEN
    again = promising("d1", wanted(PROMOTION, TWO, at_decision=False), persons=(), asked=b"again")
    await ledger.commit(again)
    assert await spend(ledger) == {"": (1, 0)}
    await ledger.note([Redeemed("somebody", "d1", PROMOTION, NOW)])
    assert await spend(ledger) == {"": (0, 1)}


async def test_the_erased_give_back_what_they_held_and_not_what_they_spent(
    ledger: Ledger,
) -> None:
    await taken(ledger, "a", TWO)
    await taken(ledger, "b", TWO)
    await ledger.note([Redeemed("a", "", PROMOTION, NOW)])
    await ledger.erase(["a"], [])
    await ledger.erase(["b"], [])
    assert await spend(ledger) == {"": (0, 1)}


async def test_two_promises_of_a_merged_person_spend_once(ledger: Ledger) -> None:
    for person in ("a", "b"):
        await taken(ledger, person, TWO)
        await ledger.note([Identified(person.encode(), person, ("a", "b"), 1, False)])
    await ledger.note([Redeemed("b", "", PROMOTION, NOW)])
    assert await spend(ledger) == {"": (0, 1)}


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_it_comes_to_what_a_plain_account_says(
    ledger: Ledger, seed: int
) -> None:
    """Random lives of a budget, step by step against a list of promises."""
    chance = random.Random(seed)
    each = chance.choice([1, 3])
    budget = Budget(
        7 * each + chance.randrange(each), each, (Account("best", 3 * each), Account("alike", each))
    )
    oracle, now_us = Oracle(budget), NOW
    expires_us = NOW + 60 * MINUTE
    segments = {f"p{n}": chance.choice([(), ("best",), ("alike", "best")]) for n in range(9)}
    for step in range(60):
        person = chance.choice(sorted(segments))
        match chance.choice(["commit", "commit", "commit", "see", "redeem", "decline", "wait"]):
            case "commit" if now_us < expires_us:
                promise = wanted(
                    PROMOTION, budget, *segments[person], at_decision=False, expires_us=expires_us
                )
                made = promising(f"d{step}", promise, persons=(person,), now_us=now_us)
                result = await ledger.commit(made)
                is_written = result.outcome is CommitOutcome.WRITTEN
                assert is_written == oracle.commit(person, segments[person], now_us)
            case "see":
                await ledger.note([Seen(person, "", PROMOTION, "")])
                oracle.see(person, expires_us)
            case "redeem" if now_us < expires_us:
                await ledger.note([Redeemed(person, "", PROMOTION, now_us)])
                oracle.answer(person, "redeemed")
            case "decline":
                await ledger.note([Declined(person, PROMOTION, PROMOTION, now_us)])
                oracle.answer(person, "declined")
            case "wait":
                now_us += chance.randrange(12) * MINUTE
                await ledger.lapse(now_us)
                oracle.lapse(now_us)
            case _:
                continue
        assert await spend(ledger) == oracle.accounts()
