"""The tables of an export in a warehouse, on which the queries of the results are run."""

from __future__ import annotations

import duckdb

REFUSED = duckdb.InvalidInputException
"""What a script raises that finds something wrong."""


class Warehouse:
    """An export's folder, opened by DuckDB."""

    def __init__(self, folder, script):
        self._database = duckdb.connect()
        self._database.execute(f"SET file_search_path = '{folder}'")
        self._database.execute("SET TimeZone = 'UTC'")
        self._database.execute(script)

    def rows(self, query):
        """Return the rows of a query as dicts."""
        found = self._database.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def by(self, name, query):
        """Return the rows of a query by one of their columns."""
        return {row[name]: row for row in self.rows(query)}
