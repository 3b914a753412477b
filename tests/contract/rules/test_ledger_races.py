"""On two replicas at once no budget is exceeded, nothing is lost, nobody waits in a circle."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from services.rules.domain.budgets import REST, Account, Budget
from services.rules.domain.changes import Declined, Identified, Redeemed, Seen
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import CommitOutcome
from services.rules.domain.promises import LATE_US
from services.rules.storage import MIGRATIONS
from services.rules.storage.changes import write_changes
from services.rules.storage.commit_arguments import reservation_arguments
from services.rules.storage.ledger import PostgresLedger
from shared.errors import PermissionDenied
from shared.postgres import Limits, migrate, open_database
from shared.testing.postgres import TestServer
from tests.contract.rules.ledger_kit import NOW, reservation
from tests.contract.rules.promise_kit import PROMOTION, promising, spend, wanted

PARTED = Budget(40, parts=(Account("best", 10), Account("alike", 10)))
PLAIN, OTHER = Budget(60), 12
GROUPS: list[tuple[str, ...]] = [("best",), ("alike",), ("alike", "best"), ()]

AS_THE_VERSION_BEFORE = """
    SELECT end_promises('{ann}', '{""}', ARRAY[$1::integer], '{3}', ARRAY[$2::bigint])
"""
RESERVED_BY_THE_VERSION_BEFORE = (
    f"SELECT reserve_contact({', '.join(f'${n}' for n in range(1, 23))})"
)
MADE_BY_THE_VERSION_BEFORE = """
    INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, decision_id,
        time_us, lapse_us)
    VALUES ('d1/web/1', 'ann', 'marketing', 2, 1, 7, 'd1', 1, 0),
        ('event/ann/1', 'ann', 'marketing', 2, 1, 7, '', 1, 0)
"""
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

PATIENT = Limits(acquire_s=60, command_s=60, statement_s=50, lock_s=40)

Replicas = tuple[PostgresLedger, PostgresLedger]


@pytest_asyncio.fixture(loop_scope="session")
async def replicas(postgres: TestServer) -> AsyncIterator[Replicas]:
    async with (
        postgres.clone("rules", MIGRATIONS) as url,
        open_database(url, application="one", connections=8, limits=PATIENT) as one,
        open_database(url, application="two", connections=8, limits=PATIENT) as two,
    ):
        yield PostgresLedger(one), PostgresLedger(two)


async def decide(replicas: Replicas, number: int, decision: str = "d") -> bool:
    """Show two promotions to one of many; returns whether both were to be had."""
    promises = (
        wanted(PROMOTION, PARTED, *GROUPS[number % 4], at_decision=False),
        wanted(OTHER, PLAIN, at_decision=False),
    )
    draft = promising(f"{decision}{number}", *promises, persons=(f"p{number}",))
    result = await replicas[number % 2].commit(draft)
    return result.outcome is CommitOutcome.WRITTEN


async def two_that_lapsed(ledger: PostgresLedger) -> None:
    """Promise the same to two who turn out to be one, and let both lapse."""
    for person in ("ann", "bob"):
        await ledger.commit(promising(f"to {person}", wanted(PROMOTION, PLAIN), persons=(person,)))
        await ledger.note([Identified(person.encode(), person, ("ann", "bob"), 1, False)])
    assert await ledger.lapse(wanted().expires_us + LATE_US) == 2


async def test_a_redemption_told_twice_in_the_same_instant_is_spent_once(
    replicas: Replicas,
) -> None:
    await two_that_lapsed(replicas[0])
    told = Redeemed("ann", "", PROMOTION, NOW + 1, "event/ann/1", 0)
    async with asyncio.TaskGroup() as group, replicas[0]._database.transaction() as bus:
        await write_changes(bus, [told])
        by_log = group.create_task(replicas[1].note([told]))
        while not await replicas[0]._database.fetchval(WAITING):
            assert not by_log.done()
            await asyncio.sleep(0.01)
    assert await spend(replicas[0]) == {"": (0, 1)}


async def test_what_the_version_before_noted_as_redeemed_is_spent_once(replicas: Replicas) -> None:
    ledger = replicas[0]
    for person in ("ann", "bob"):
        await ledger.commit(promising(f"to {person}", wanted(PROMOTION, PLAIN), persons=(person,)))
        await ledger.note([Identified(person.encode(), person, ("ann", "bob"), 1, False)])
    await ledger._database.execute(AS_THE_VERSION_BEFORE, PROMOTION, NOW + 1)
    assert await spend(ledger) == {"": (0, 1)}
    await ledger.note([Redeemed("ann", "", PROMOTION, NOW + 1, "event/ann/1", 0)])
    assert await spend(ledger) == {"": (0, 1)}


async def test_of_two_callers_that_ask_for_one_contact_at_once_one_has_it(
    replicas: Replicas,
) -> None:
    async def reserve(number: int, turn: int) -> bool:
        asked = reservation(
            f"mail-{number}", person_ids=(f"p{number}-{turn}",), reserved_by=f"caller {turn}"
        )
        try:
            return await replicas[turn].reserve(asked)
        except PermissionDenied:
            return False

    granted = await asyncio.gather(
        *(reserve(number, turn) for number in range(30) for turn in (0, 1))
    )
    assert [first + second for first, second in zip(granted[::2], granted[1::2], strict=True)] == [
        1
    ] * 30


async def test_what_was_reserved_before_it_was_noted_by_whom_is_its_callers(
    postgres: TestServer, tmp_path: Path
) -> None:
    before = [each for each in sorted(MIGRATIONS.glob("*.sql")) if each.name < "0019"]
    for each in before:
        shutil.copy(each, tmp_path)
    async with (
        postgres.clone("rules", tmp_path) as url,
        open_database(url, application="one", connections=2, limits=PATIENT) as database,
    ):
        asked = reservation("mail", reserved_by="crm")
        await database.fetchval(
            RESERVED_BY_THE_VERSION_BEFORE, *reservation_arguments(asked, ("ann",), b"")[:-1]
        )
        await database.execute(MADE_BY_THE_VERSION_BEFORE)
        await migrate(database, MIGRATIONS)
        await database.fetchval(
            RESERVED_BY_THE_VERSION_BEFORE,
            *reservation_arguments(replace(asked, contact_id="call"), ("ann",), b"")[:-1],
        )
        ledger = PostgresLedger(database)
        assert await ledger.reserve(asked)
        assert await ledger.release("call", NOW, released_by="crm")
        for contact_id, caller in (("mail", "ivr"), ("d1/web/1", "crm"), ("event/ann/1", "crm")):
            with pytest.raises(PermissionDenied):
                await ledger.release(contact_id, NOW, released_by=caller)


async def test_a_budget_is_given_away_to_the_last_and_no_further(replicas: Replicas) -> None:
    made = await asyncio.gather(*(decide(replicas, number) for number in range(300)))
    assert sum(made) == 40
    accounts = {"": (40, 0), "best": (10, 0), "alike": (10, 0), REST: (20, 0)}
    assert await spend(replicas[0]) == accounts
    assert await spend(replicas[1], OTHER) == {"": (40, 0)}


@pytest.mark.parametrize(
    ("tried", "most_tried", "most_best"),
    [
        (Budget(90, parts=(Account("best", 30),)), 60, 20),
        (Budget(12, parts=(Account("best", 5),)), 12, 5),
        (Budget(9), 9, 0),
    ],
    ids=["more", "less", "without parts"],
)
async def test_budgets_of_two_bundles_in_force_at_once_are_exceeded_by_neither(
    replicas: Replicas, tried: Budget, most_tried: int, most_best: int
) -> None:
    house = Budget(60, parts=(Account("best", 20),))

    async def decided(number: int) -> bool:
        is_tried = number % 5 == 0
        budget = tried.within(house) if is_tried else house
        segments = ("best",) if number % 3 == 0 else ()
        promise = wanted(PROMOTION, budget, *segments, at_decision=False)
        draft = promising(f"d{number}", promise, persons=(f"p{number}",))
        return (await replicas[number % 2].commit(draft)).outcome is CommitOutcome.WRITTEN

    made = await asyncio.gather(*(decided(number) for number in range(400)))
    by_tried = [number for number, is_made in enumerate(made) if is_made and number % 5 == 0]
    accounts = {name: held for name, (held, _) in (await spend(replicas[0])).items()}
    assert sum(made) == accounts[""]
    assert accounts[""] <= 60
    assert accounts["best"] <= 20
    assert len(by_tried) <= most_tried
    assert sum(number % 3 == 0 for number in by_tried) <= (most_best or most_tried)
    if tried.parts:
        assert accounts[""] == 60


async def test_what_is_answered_and_lapses_while_others_ask_comes_out_even(
    replicas: Replicas,
) -> None:
    made = await asyncio.gather(*(decide(replicas, number) for number in range(100)))
    theirs = [number for number, is_made in enumerate(made) if is_made]

    seen = [Seen(f"p{number}", "", offer, "") for number in theirs for offer in (PROMOTION, OTHER)]
    await replicas[0].note(seen)

    async def answer(number: int) -> None:
        person, told = f"p{number}", list[Redeemed | Declined]()
        for offer_no in (OTHER, PROMOTION):
            is_redeemed = number % 3 == 0
            redeemed, declined = (
                Redeemed(person, "", offer_no, NOW),
                Declined(person, offer_no, offer_no, NOW),
            )
            told.append(redeemed if is_redeemed else declined)
        await replicas[number % 2].note(told)

    await asyncio.gather(
        *(answer(number) for number in theirs),
        *(decide(replicas, number, "again") for number in range(100)),
        *(replicas[turn % 2].lapse(NOW + LAPSE_US) for turn in range(10)),
    )
    for ledger in replicas:
        while await ledger.lapse(wanted().expires_us + LATE_US):
            continue
    redeemed = sum(number % 3 == 0 for number in theirs)
    assert (await spend(replicas[0]))[""] == (0, redeemed)
    assert await spend(replicas[1], OTHER) == {"": (0, redeemed)}
