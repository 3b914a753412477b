"""Promises and budgets on the service's schema."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.domain.budgets import Spend
from services.rules.domain.changes import Declined, Redeemed, Seen
from services.rules.domain.promises import LATE_US, OpenPromise, PromiseState
from shared.postgres import Database, Queries, Transaction

_SQL = Queries.beside(__file__, "promises.sql")
_SLICE = 500


async def read_promises(
    database: Database, person_ids: Sequence[str], now_us: int
) -> tuple[OpenPromise, ...]:
    """Return the promises that hold for a set of persons, the latest first."""
    rows = await database.fetch(_SQL.promises, list(person_ids), now_us)
    return tuple(OpenPromise(**row) for row in rows)


async def read_budgets(database: Database) -> tuple[Spend, ...]:
    """Return what is held and spent of every budget."""
    return tuple(Spend(**row) for row in await database.fetch(_SQL.budgets))


async def lapse_promises(database: Database, now_us: int) -> int:
    """Let a slice of the promises lapse whose time ran out; returns how many."""
    return int(await database.fetchval(_SQL.lapse_promises, now_us, _SLICE))


async def lapse_and_count(database: Database, now_us: int) -> tuple[Spend, ...]:
    """Let lapse what is due, and return the counts after it: one round trip if nothing is."""
    while True:
        rows = await database.fetch(_SQL.lapse_and_count, now_us, _SLICE)
        if not rows[0]["lapsed"]:
            counted = (row for row in rows if row["offer_no"] is not None)
            return tuple(
                Spend(row["offer_no"], row["account"], row["held"], row["spent"]) for row in counted
            )


async def forget_promises(database: Database, before_us: int) -> int:
    """Delete a slice of those that ended long ago; returns how many."""
    return await database.forget_slice(_SQL.forget_promises, before_us, _SLICE)


async def see_promises(transaction: Transaction, seen: Sequence[Seen]) -> None:
    """Make what was reserved and now was seen."""
    await transaction.execute(
        _SQL.see_promises,
        [each.person_id for each in seen],
        [each.decision_id for each in seen],
        [each.offer_no for each in seen],
        LATE_US,
    )


async def end_promises(transaction: Transaction, answered: Sequence[Declined | Redeemed]) -> None:
    """End what was redeemed or turned down, offer by offer, as rows are locked in that order."""
    told = sorted(answered, key=lambda each: (each.offer_no, each.person_id))
    await transaction.execute(
        _SQL.end_promises,
        [each.person_id for each in told],
        [each.decision_id for each in told],
        [each.offer_no for each in told],
        [_ended(each) for each in told],
        [each.time_us for each in told],
        [each.event_name if isinstance(each, Redeemed) else "" for each in told],
        [each.received_us if isinstance(each, Redeemed) else 0 for each in told],
    )


async def erase_promises(
    transaction: Transaction, person_ids: Sequence[str], identity_keys: Sequence[bytes]
) -> int:
    """Delete the promises of persons and give back what they held; returns how many rows."""
    erased = await transaction.fetchval(_SQL.erase_promises, list(person_ids), list(identity_keys))
    return int(erased)


def _ended(answered: Declined | Redeemed) -> PromiseState:
    return PromiseState.REDEEMED if isinstance(answered, Redeemed) else PromiseState.DECLINED
