"""No table that says something about persons is left out of their export."""

import json

import asyncpg
import pytest

from services.profile.storage import MIGRATIONS as PROFILE
from services.profile.storage import export as profile_export
from services.ranker.storage import MIGRATIONS as RANKER
from services.ranker.storage import export as ranker_export
from services.retrieval.storage import MIGRATIONS as RETRIEVAL
from services.rules.storage import MIGRATIONS as RULES
from services.rules.storage import export as rules_export
from services.scenario.storage import MIGRATIONS as SCENARIO
from services.scenario.storage import export as scenario_export
from shared.person_export import slices
from shared.postgres import Queries
from shared.testing.statements import refuted_statements

PERSONAL = ["person_id", "person_ids", "other_person_id", "pseudonym"]
FOLLOWING = {"person_keys": "a key, not a fact", "erased_persons": "who is nobody any more"}
SERVICES = {
    "profile": (PROFILE, profile_export, FOLLOWING | {"erasures": "who is nobody any more"}),
    "rules": (RULES, rules_export, FOLLOWING),
    "ranker": (RANKER, ranker_export, FOLLOWING),
    "scenario": (SCENARIO, scenario_export, FOLLOWING),
    "retrieval": (RETRIEVAL, None, {"model_erasures": "who is nobody any more"}),
}
POSITION = ("position", "change_xid")
READ_ELSEWHERE = {"profile": {"audit"}}
"""Tables that a stream of their own is read through."""


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_about_persons_is_in_the_export(fresh_database, service):
    migrations, module, left_out = SERVICES[service]
    database = await fresh_database(service, migrations)
    rows = await database.fetch(
        "SELECT DISTINCT table_name::text FROM information_schema.columns"
        " JOIN pg_class ON pg_class.oid = quote_ident(table_name)::regclass"
        " WHERE table_schema = current_schema() AND column_name = ANY($1::text[])"
        " AND NOT relispartition",  # read through the table they are a part of
        PERSONAL,
    )
    exported = set(statements(module)) | READ_ELSEWHERE.get(service, set())
    assert {row["table_name"] for row in rows} - set(left_out) <= exported


COLUMNS = (
    "SELECT table_name::text, column_name::text FROM information_schema.columns"
    " WHERE table_schema = current_schema()"
)
LEFT_OUT = {
    "profile": {
        "profiles.freeing_seq",
        "profiles.fold_version",
        "persons.key_wrapped",
        "identities.position",
        "identities.erased_us",
        "memberships.position",
        "links.idempotency_key",
        "webhook_departures.position",
    },
    "rules": {
        *(f"{table}.{name}" for table in ("contacts", "decisions") for name in POSITION),
        "decisions.asked",
        "standing.digest",
        "standing.token",
    },
    "ranker": {"kept_answers.kept_time"},
    "scenario": {
        *(f"journeys.{name}" for name in ("definition", "owner", "lease_until", "token")),
        "journeys.changed_time",
        "tasks.precedence",
        *(f"errands.{name}" for name in ("owner", "lease_until", "token", "is_open", "lane")),
    },
}
"""How things are kept, not what is known: places in logs, leases, digests."""


@pytest.mark.parametrize("service", LEFT_OUT)
async def test_every_column_of_those_tables_is_in_the_export(postgres, service):
    migrations, module, _ = SERVICES[service]
    queries = statements(module)
    async with postgres.clone(service, migrations) as url:
        connection = await asyncpg.connect(url)
        try:
            columns = await connection.fetch(COLUMNS)
            exported = {
                f"{name}.{column.name}"
                for name in queries
                for column in (await connection.prepare(queries[name])).get_attributes()
            }
        finally:
            await connection.close()
    there = {f"{table}.{column}" for table, column in columns if table in set(queries)}
    assert there - LEFT_OUT[service] <= exported


@pytest.mark.parametrize("service", [name for name, found in SERVICES.items() if found[1]])
async def test_every_statement_of_an_export_fits_the_schema(postgres, service):
    migrations, module, _ = SERVICES[service]
    async with postgres.clone(service, migrations) as url:
        assert await refuted_statements(url, statements(module)) == {}


def statements(module):
    return Queries.beside(module.__file__, "export.sql") if module else Queries({})


def test_rows_come_in_slices_that_fit_into_messages():
    short = [{"number": number} for number in range(1_001)]
    assert [len(rows) for rows in slices(short)] == [500, 500, 1]
    long = [{"text": "x" * 200_000}] * 3
    assert [len(rows) for rows in slices(long)] == [1, 1, 1]
    assert list(slices([])) == []


def test_bytes_ids_and_lists_become_what_json_has():
    [[text]] = slices([{"bytes": b"\0\1", "list": (1, 2)}])
    assert json.loads(text) == {"bytes": "AAE=", "list": [1, 2]}
