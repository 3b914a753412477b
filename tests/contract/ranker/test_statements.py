"""Statements and schema agree."""

from services.ranker.storage import MIGRATIONS, journal
from shared.postgres import Queries
from shared.testing.statements import refuted_statements


async def test_every_statement_fits_the_schema(postgres):
    files = [
        Queries.beside(journal.__file__, name)
        for name in ("queries.sql", "learning.sql", "rankings.sql", "reverting.sql")
    ]
    async with postgres.clone("ranker", MIGRATIONS) as url:
        assert await refuted_statements(url, *files) == {}
