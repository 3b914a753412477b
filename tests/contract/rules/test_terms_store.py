"""Versions of terms are kept as long as a promise needs them, in PostgreSQL and the fake alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from services.rules.domain.changes import Declined
from services.rules.domain.ledger import Ledger
from services.rules.domain.promised_terms import TermsStore, TermsVersion
from services.rules.domain.retention import Keep
from services.rules.storage import MIGRATIONS
from services.rules.storage.in_memory import InMemoryLedger
from services.rules.storage.in_memory_promises import InMemoryPromises
from services.rules.storage.in_memory_terms import InMemoryTerms
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.terms import PostgresTerms
from shared.testing.plugin import FreshDatabase
from tests.contract.rules.ledger_kit import DAY, NOW
from tests.contract.rules.promise_kit import PROMOTION, promising, wanted


@dataclass
class Kept:
    terms: TermsStore
    ledger: Ledger

    async def versions(self, offer_no: int = PROMOTION) -> list[tuple[int, bytes]]:
        rows = await self.terms.all()
        return [(each.version, each.terms) for each in rows if each.offer_no == offer_no]


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def kept(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> AsyncIterator[Kept]:
    if request.param == "in memory":
        promises = InMemoryPromises()
        yield Kept(InMemoryTerms(promises), InMemoryLedger(_promises=promises))
    else:
        database = await fresh_database("rules", MIGRATIONS)
        yield Kept(PostgresTerms(database), PostgresLedger(database))


def version(number: int, terms: str, offer_no: int = PROMOTION) -> TermsVersion:
    return TermsVersion(offer_no, number, NOW + number * DAY, terms.encode())


async def test_each_version_is_kept_once_and_what_changed_back_is_another(kept: Kept) -> None:
    await kept.terms.add([version(1, "a"), version(3, "b"), version(1, "z", offer_no=12)])
    await kept.terms.add([version(2, "a"), version(3, "b"), version(5, "b"), version(7, "a")])
    assert await kept.versions() == [(1, b"a"), (3, b"b"), (7, b"a")]
    assert await kept.versions(12) == [(1, b"z")]
    assert (await kept.terms.all())[0].since_us == NOW + DAY


async def test_two_replicas_that_note_the_same_write_it_once(kept: Kept) -> None:
    noted = [version(1, "a"), version(2, "b"), version(3, "a")]
    await asyncio.gather(*(kept.terms.add(noted) for _ in range(6)))
    assert await kept.versions() == [(1, b"a"), (2, b"b"), (3, b"a")]


async def test_a_version_that_others_followed_goes_when_no_promise_needs_it(kept: Kept) -> None:
    await kept.terms.add([version(0, "a"), version(1, "b"), version(2, "c")])
    made_us = NOW + DAY // 2
    promise = wanted(expires_us=NOW + 30 * DAY)
    await kept.ledger.commit(promising("d1", promise, now_us=made_us))
    assert await kept.terms.forget(NOW + DAY) == 0
    late_us = NOW + 9 * DAY
    assert await kept.terms.forget(late_us) == 0
    await kept.ledger.note([Declined("ann", PROMOTION, PROMOTION, made_us + 1)])
    assert await kept.terms.forget(late_us) == 0
    while await kept.ledger.forget(NOW + 31 * DAY + Keep.PROMISE_US, 0):
        pass
    assert await kept.terms.forget(late_us) == 2
    assert await kept.versions() == [(2, b"c")]


async def test_the_version_in_force_stays(kept: Kept) -> None:
    await kept.terms.add([version(1, "a")])
    assert await kept.terms.forget(NOW + 999 * DAY) == 0
    assert await kept.versions() == [(1, b"a")]
