"""What PostgreSQL's catalogue announces, and that its statements fit its schema."""

from pathlib import Path

import pytest

from services.retrieval.domain.catalogue import PRODUCT, Draft
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from shared.postgres import Queries
from shared.testing.statements import refuted_statements
from touchpoint.common.v1.bus_pb2 import CatalogueNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("retrieval", MIGRATIONS)


def items(count):
    return [
        Draft(n, f"i{n}", PRODUCT, CatalogueRow(offer_id=f"i{n}", title="x").SerializeToString())
        for n in range(count)
    ]


async def notices(database):
    rows = await database.fetch("SELECT data FROM outbox ORDER BY id")
    return [CatalogueNotice.FromString(row["data"]) for row in rows]


async def test_a_small_change_is_announced_with_its_rows(database):
    await PostgresCatalogue(database).write(items(2))
    [notice] = await notices(database)
    assert not notice.fetch
    assert (notice.batch.previous_version, notice.batch.version) == (0, 1)
    assert [(row.offer_no, row.family_no, row.offer_id) for row in notice.batch.rows] == [
        (1, 1, "i0"),
        (2, 2, "i1"),
    ]


async def test_a_large_change_is_announced_version_by_version_without_rows(database):
    await PostgresCatalogue(database).write(items(2100))
    told = await notices(database)
    assert [(n.fetch, n.batch.version, len(n.batch.rows)) for n in told] == [
        (True, 1, 0),
        (False, 2, 100),
    ]


async def test_nothing_is_announced_where_nothing_changed(database):
    store = PostgresCatalogue(database)
    await store.write(items(1))
    await store.write(items(1))
    assert len(await notices(database)) == 1


async def test_every_statement_fits_the_schema(postgres):
    path = Path("services/retrieval/storage/catalogue.py")
    async with postgres.clone("retrieval", MIGRATIONS) as url:
        assert await refuted_statements(url, Queries.beside(str(path))) == {}
