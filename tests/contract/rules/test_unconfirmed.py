"""What a store of unconfirmed answers promises, in memory and in PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from services.rules.domain.ledger import Ledger
from services.rules.domain.retention import Keep
from services.rules.domain.unconfirmed import AnswerStore, StoredAnswer
from services.rules.storage import MIGRATIONS, unconfirmed
from services.rules.storage.in_memory import InMemoryLedger
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.unconfirmed import PostgresAnswers
from shared.postgres.connection import Connection
from shared.testing.plugin import FreshDatabase
from shared.testing.statements import forgetting_plan
from tests.contract.rules.ledger_kit import MINUTE, NOW
from touchpoint.rules.v1.rules_service_pb2 import UnconfirmedAnswer


@pytest.fixture
def answers(ledger: Ledger) -> AnswerStore:
    """Return the answers that belong to the ledger."""
    if isinstance(ledger, InMemoryLedger):
        return ledger.unconfirmed
    assert isinstance(ledger, PostgresLedger)
    return PostgresAnswers(ledger._database)


def answered(decision_id: str, *persons: str, at_us: int = NOW, trace: bytes = b"") -> StoredAnswer:
    answer = UnconfirmedAnswer(decision_id=decision_id, person_ids=persons, trace=trace)
    return StoredAnswer(decision_id, persons, at_us, answer.SerializeToString())


async def test_an_answer_is_found_by_its_decision(answers: AnswerStore) -> None:
    one, other = answered("d1", "ann"), answered("d2")
    await answers.add([one, other])
    assert await answers.answer("d1") == one.answer
    assert await answers.answer("d2") == other.answer
    assert await answers.answer("d3") == b""


async def test_of_a_decision_the_latest_answer_stays_however_they_are_told(
    answers: AnswerStore,
) -> None:
    later = answered("d1", "ann", at_us=NOW + MINUTE, trace=b"\x10\x02")
    await answers.add([answered("d1", "ann"), later])
    await answers.add([answered("d1", "ann")])
    assert await answers.answer("d1") == later.answer


async def test_many_told_at_once_keep_their_persons_and_of_a_decision_the_latest(
    ledger: Ledger, answers: AnswerStore
) -> None:
    later = answered("d1", "ann", "bob", at_us=NOW + MINUTE)
    told = [answered("d2"), later, answered("d1", "ann"), answered("d3", "cy"), answered("d4")]
    await answers.add(told)
    assert await answers.answer("d1") == later.answer
    assert await ledger.erase(["bob"], []) == 1
    assert await ledger.erase(["cy"], []) == 1
    of_erased = answered("d5", "dan", "bob", at_us=NOW + MINUTE)
    await answers.add([answered("d5", "dan"), of_erased, answered("d6", "eve")])
    assert await answers.answer("d5") == answered("d5", "dan").answer
    kept = [bool(await answers.answer(f"d{number}")) for number in range(1, 7)]
    assert kept == [False, True, False, True, True, True]


async def test_many_are_written_in_one_statement_under_the_locks_of_their_persons(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await fresh_database("rules", MIGRATIONS)
    executed = list[str]()
    execute = Connection.execute

    async def noted(self: Connection, query: str, *given: Any, **how: Any) -> str:
        executed.append(query)
        return await execute(self, query, *given, **how)

    monkeypatch.setattr(Connection, "execute", noted)
    await PostgresAnswers(database).add([answered(f"d{n}", f"p{n}") for n in range(10)])
    sql = unconfirmed._SQL
    assert [each for each in executed if each in (sql.lock_answered, sql.add_answers)] == [
        sql.lock_answered,
        sql.add_answers,
    ]
    assert len([each for each in executed if "unconfirmed_answers" in each]) == 1


async def test_it_goes_with_anyone_it_is_about_and_is_not_kept_of_them_again(
    ledger: Ledger, answers: AnswerStore
) -> None:
    await answers.add([answered("d1", "ann", "bob"), answered("d2", "cy"), answered("d3")])
    assert await ledger.erase(["bob"], []) == 1
    await answers.add([answered("d1", "ann", "bob")])
    found = [await answers.answer(each) for each in ("d1", "d2", "d3")]
    assert [bool(each) for each in found] == [False, True, True]


async def test_it_is_exported_with_what_is_kept_of_a_person(
    ledger: Ledger, answers: AnswerStore
) -> None:
    await answers.add([answered("d1", "ann"), answered("d2", "bob")])
    told = {table: rows async for table, rows in ledger.export(["ann"], [])}
    (row,) = told["unconfirmed_answers"]
    assert '"d1"' in row.replace("'", '"')


async def test_it_is_kept_as_long_as_a_trace(ledger: Ledger, answers: AnswerStore) -> None:
    await answers.add([answered("d1", at_us=NOW), answered("d2", at_us=NOW + MINUTE)])
    await ledger.forget(NOW + Keep.TRACE_US + 1, 0)
    assert not await answers.answer("d1")
    assert await answers.answer("d2")


async def test_what_is_old_is_looked_up_and_not_read_past(fresh_database: FreshDatabase) -> None:
    database = await fresh_database("rules", MIGRATIONS)
    statement = unconfirmed._SQL.forget_unconfirmed_answers
    assert "Seq Scan" not in await forgetting_plan(database, statement, (1, 10))
