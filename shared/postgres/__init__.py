"""PostgreSQL for every service: connections, named statements, forward migrations, leadership.

`async with open_database(url, application="profile", connections=10) as database` at the start;
`await migrate(database, Path(__file__).parent / "migrations")`; then `database.fetch(...)` for one
statement and `async with database.transaction() as transaction` for several.
"""

from shared.postgres.connection import Connection, Row, Transaction
from shared.postgres.database import Database
from shared.postgres.leadership import Leadership
from shared.postgres.limits import Limits
from shared.postgres.migrations import MigrationError, migrate
from shared.postgres.opening import open_database
from shared.postgres.queries import Queries, QueriesError

__all__ = [
    "Connection",
    "Database",
    "Leadership",
    "Limits",
    "MigrationError",
    "Queries",
    "QueriesError",
    "Row",
    "Transaction",
    "migrate",
    "open_database",
]
